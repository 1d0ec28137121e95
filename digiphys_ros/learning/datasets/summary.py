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

"""Summary of a data set: files without samples, and held-out samples."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath

from digiphys_ros.learning.datasets.dataset import Dataset
import numpy as np

NAMED = 3
"""How many files of one ending are named."""


def left_out(data: Dataset) -> str:
    """
    Count the files without a sample by ending, with some names; '' for none.

    Example::

        '81 files: 41 .heic (a/1.heic, a/2.heic, a/3.heic, ...), 40 .txt (a/1.txt, ...)'
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in data.skipped:
        # for a bag these are error messages
        suffix = '' if ': ' in name else PurePosixPath(name).suffix.lower()
        kinds[suffix or 'other'].append(name)
    parts = [f'{len(names)} {kind} ({", ".join(names[:NAMED])}'
             f'{", ..." if len(names) > NAMED else ""})'
             for kind, names in sorted(kinds.items(), key=lambda one: -len(one[1]))]
    # topics of a bag and arrays have no ending
    one, several = ('entry', 'entries') if list(kinds) == ['other'] else ('file', 'files')
    count = len(data.skipped)
    return f'{count} {one if count == 1 else several}: {", ".join(parts)}' if count else ''


def held_out(part: Dataset, rest: Dataset, how: str) -> str:
    """
    Describe the validation part: samples, groups and rule of the split.

    Example::

        'validation: 72 of 360 images (20.0%), 72 of 360 groups; 20% of each class held out,
        whole groups; groups: each sample is a group of its own'

    :param how: the rule of the split.
    """
    count, total = len(part), len(part) + len(rest)
    groups = [len(np.unique(one.groups)) for one in (part, rest)]
    kind = 'images' if part.kind == 'image' else 'rows'
    return (f'validation: {count} of {total} {kind} ({count / total:.1%}), {groups[0]} of '
            f'{sum(groups)} groups; {how}; groups: {part.grouping}')


def fractions(parts: Mapping[str, Dataset]) -> dict[str, float]:
    """Return the fraction of the samples that each part holds."""
    total = sum(map(len, parts.values()))
    return {name: round(len(part) / total, 4) for name, part in parts.items()}
