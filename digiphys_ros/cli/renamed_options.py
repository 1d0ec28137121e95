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

"""Options of an earlier release, which still work for one release with a warning."""

from collections.abc import Mapping, Sequence

from digiphys_ros.errors import UsageError
from digiphys_ros.renamed import warn_renamed

_VALIDATION = {'--validation': '--val-fraction'}

OPTIONS: Mapping[str, Mapping[str, str]] = {
    'baseline': _VALIDATION, 'data': {**_VALIDATION, '--test': '--test-fraction'},
    'evaluate': _VALIDATION, 'export': _VALIDATION, 'train': _VALIDATION, 'tune': _VALIDATION}
"""Subcommand -> old option -> new option."""


def upgrade_options(words: Sequence[str]) -> list[str]:
    """
    Return a command line with the new names of its options, and warn of each old one.

    :raises UsageError: when an old and a new name of one option are given.

    Example::

        >>> upgrade_options(['train', 'mlp', '--val-fraction', '0.1'])
        ['train', 'mlp', '--val-fraction', '0.1']
    """
    command = next((word for word in words if not word.startswith('-')), '')
    options = OPTIONS.get(command, {})
    given = {word.partition('=')[0] for word in words}
    upgraded = list(words)
    for index, word in enumerate(words):
        old, equals, value = word.partition('=')
        new = options.get(old)
        following = value if equals else ''.join(words[index + 1:index + 2])
        # of `evaluate`, --validation without a value is no old name
        if new is None or (command == 'evaluate' and not _is_fraction(following)):
            continue
        if new in given:
            raise UsageError(f'{new} and {old}, its deprecated name, are both given: remove '
                             f'{old}.')
        warn_renamed(old, new)
        upgraded[index] = new + equals + value
    return upgraded


def _is_fraction(text: str) -> bool:
    try:
        return text == 'part' or float(text) is not None
    except ValueError:
        return False
