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
"""Accept the form of ``digiphys sim`` without subcommands for one release."""

from collections.abc import Sequence
import warnings

from digiphys_ros.cli.sim import COMMANDS
from digiphys_ros.renamed import RenamedWarning

MODES = {'--scenario': 'scenario', '--collect': 'collect', '--seeds': 'sweep'}


def upgrade(words: Sequence[str]) -> list[str]:
    """
    Return a command line with its subcommand; one in the old form gives a warning.

    Example::

        >>> upgrade(['sim', 'sweep', 'sorting'])
        ['sim', 'sweep', 'sorting']
    """
    start = next((index for index, word in enumerate(words) if word == 'sim'), len(words))
    before, after = list(words[:start + 1]), list(words[start + 1:])
    if any(word != '--debug' for word in words[:start]) or not after \
            or after[0] in (*COMMANDS, '-h', '--help'):
        return [*words]
    mode = next((MODES[name] for word in after if (name := word.partition('=')[0]) in MODES),
                'run')
    warnings.warn(f'digiphys sim has subcommands now: write "digiphys sim {mode} ...". The next '
                  'release refuses the old form.', RenamedWarning, stacklevel=2)
    if mode == 'scenario':
        # its files are positional now
        after = [word.removeprefix('--scenario=') for word in after if word != '--scenario']
    elif mode == 'collect':
        after = [word.replace('--collect', '--out', 1) if word.startswith('--collect') else word
                 for word in after]
    return [*before, mode, *after]
