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
from itertools import pairwise

from digiphys_ros.errors import UsageError
from digiphys_ros.renamed import warn_renamed

RENAMED = {
    'data': {'--validation': '--val-fraction', '--test': '--test-fraction',
             '--alike': '--similarity'},
    'train': {'--validation': '--val-fraction', '--work': '--work-dir'},
    'baseline': {'--validation': '--val-fraction', '--kind': '--model'},
    'evaluate': {'--validation': '--val-fraction'},
    'export': {'--validation': '--val-fraction'},
    'tune': {'--validation': '--val-fraction'},
    'triage': {'--noted': '--expected-hash'},
}
"""Subcommand -> old option -> new option."""


def rename_options(subcommand: str, words: Sequence[str]) -> list[str]:
    """
    Return a command line with new options instead of old ones; warn of each old one.

    :raises UsageError: if both names of an option are given.

    Example::

        >>> rename_options('data', ['data', 'inspect', 'images', '--seed', '9'])
        ['data', 'inspect', 'images', '--seed', '9']
    """
    names = RENAMED.get(subcommand, {})
    given = [word.partition('=')[0] for word in words]
    if subcommand == 'evaluate' and not _has_validation_fraction(words):
        # without a fraction the option keeps its name
        names = {}
    for old, new in names.items():
        if old in given:
            if new in given:
                raise UsageError(f'{old} is deprecated and {new} is given too: remove {old}.')
            warn_renamed(old, new)
    return [names.get(option, option) + word[len(option):]
            for option, word in zip(given, words, strict=True)]


def _has_validation_fraction(words: Sequence[str]) -> bool:
    """Return whether a word after ``--validation`` is a fraction or ``part``."""
    pairs = [*pairwise(words),
             *(word.split('=', 1) for word in words if '=' in word)]
    values = [value for name, value in pairs if name == '--validation']
    return any(value == 'part' or value.replace('.', '', 1).isdigit() for value in values)
