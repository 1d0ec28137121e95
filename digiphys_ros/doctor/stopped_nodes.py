# Copyright 2026 digiphys_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.


"""Find nodes that a signal stopped, which do not appear in the graph."""

from collections.abc import Iterator, Mapping
import os
from pathlib import Path
import re

from digiphys_ros.doctor.finding import Finding

DOMAIN = 'ROS_DOMAIN_ID'
NODE = re.compile(r'digiphys_ros(?:\.nodes\0|/)(\w+)\0')
"""Command line of a node started by `digiphys run` or by ROS launch."""


def check_stopped(environment: Mapping[str, str], proc: Path = Path('/proc')) -> list[Finding]:
    """Report each stopped node of this user and ROS_DOMAIN_ID, such as by Ctrl-Z."""
    return [Finding('processes', 'fail', f'{name} (process {number}) was stopped by a signal, as '
                    'by Ctrl-Z: it sends and receives nothing', f'kill -CONT {number}')
            for number, name in _stopped(environment.get(DOMAIN) or '0', proc)]


def _stopped(domain: str, proc: Path) -> Iterator[tuple[int, str]]:
    for one in sorted(filter(str.isdecimal, os.listdir(proc)), key=int):
        try:
            node = NODE.search((proc / one / 'cmdline').read_text(errors='replace'))
            if not node or (proc / one).stat().st_uid != os.getuid():
                continue
            # the program name, in brackets before the state, may contain any character
            state = (proc / one / 'stat').read_text(errors='replace').rpartition(')')[2].split()[0]
            words = (proc / one / 'environ').read_text(errors='replace').split('\0')
            set_to = dict(word.partition('=')[::2] for word in words)
            if state in 'Tt' and (set_to.get(DOMAIN) or '0') == domain:
                yield int(one), node[1]
        except (OSError, IndexError):
            # the process ended
            continue
