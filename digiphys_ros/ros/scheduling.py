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

"""Cores and priority of a node's process."""

from functools import cache
import os
from pathlib import Path
import re

from digiphys_ros.errors import ConfigError


def apply_scheduling(cpus: str, nice: int) -> None:
    """
    Set cores and priority of every thread of this process, including those of the middleware.

    Threads started later inherit them. A ``nice`` of 0 leaves the priority unchanged.

    :param cpus: cores by number, such as ``0,2`` or ``1-3``; empty: all cores at its start.
    :param nice: -20 (highest) to 19 (lowest); below 0 needs a permission (CAP_SYS_NICE).
    :raises ConfigError: when a core does not exist, or the system refuses.
    """
    cores = _cores(cpus)
    moves = cores != os.sched_getaffinity(0)
    for task in Path('/proc/self/task').iterdir() if moves or nice else ():
        thread = int(task.name)
        try:
            if moves:
                os.sched_setaffinity(thread, cores)
            if nice:
                os.setpriority(os.PRIO_PROCESS, thread, nice)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise ConfigError(f'parameter `nice`: the system refuses {nice}: run as root, or with '
                              'LimitNICE in the systemd unit, or take 0 or more.') from error


def _cores(text: str) -> set[int]:
    cores: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(','))):
        found = re.fullmatch(r'(\d+)(?:-(\d+))?', part)
        if found is None:
            raise ConfigError(f'parameter `cpus`: cores as 0,2 or 1-3 are needed, received '
                              f'{text!r}.')
        cores |= set(range(int(found[1]), int(found[2] or found[1]) + 1))
    allowed = _allowed()
    missing = cores - allowed
    if missing:
        raise ConfigError(f'parameter `cpus`: this process may not run on core '
                          f'{min(missing)}, only on {sorted(allowed)}, received {text!r}.')
    return cores or set(allowed)


@cache
def _allowed() -> frozenset[int]:
    """Return the cores that the process started on; called before it leaves any."""
    return frozenset(os.sched_getaffinity(0))
