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

from collections.abc import Sequence

from digiphys_ros.errors import UsageError
from digiphys_ros.renamed import warn_renamed

RENAMED = {
    'data': {'--alike': '--similarity'},
    'train': {'--work': '--work-dir'},
    'baseline': {'--kind': '--model'},
    'triage': {'--noted': '--expected-hash'},
}
"""Subcommand -> old option -> new option."""


def rename_options(subcommand: str, words: Sequence[str]) -> list[str]:
    """
    Return a command line with new options instead of old ones; warn of each old one.

    :raises UsageError: if both names of an option are given.

    Example::

        >>> rename_options('data', ['data', 'inspect', 'images', '--similarity', '0.9'])
        ['data', 'inspect', 'images', '--similarity', '0.9']
    """
    names = RENAMED.get(subcommand, {})
    given = [word.partition('=')[0] for word in words]
    for old, new in names.items():
        if old in given:
            if new in given:
                raise UsageError(f'{old} is deprecated and {new} is given too: remove {old}.')
            warn_renamed(old, new)
    return [names.get(option, option) + word[len(option):]
            for option, word in zip(given, words, strict=True)]
