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

"""Which samples belong together: by their names, or because they look the same."""

from dataclasses import replace
import re

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.duplicates import connected
import numpy as np


def grouped_by_name(data: Dataset, pattern: str) -> Dataset:
    r"""
    Return the data with the groups that stand in the samples' names.

    :param pattern: regular expression with one pair of brackets, such as ``track_(\d+)``: what
        they match is the group.
    :raises DatasetError: when it is none, or a name does not match.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DatasetError(f'group pattern {pattern}: is no regular expression: {error}.'
                           ) from error
    if expression.groups != 1:
        raise DatasetError(f'group pattern {pattern}: needs one pair of brackets, around what '
                           f'names the group; has {expression.groups}.')
    groups = []
    for key in data.keys:
        found = expression.search(key)
        if found is None or found[1] is None:
            raise DatasetError(f'{data.uri}: {key} does not match the group pattern {pattern}.')
        groups.append(found[1])
    return replace(data, groups=np.array(groups))


def together(data: Dataset, sets: list[list[int]]) -> Dataset:
    """
    Return the data with groups in which each of ``sets`` lies whole.

    :param sets: indices that must not be parted, such as images that look the same.
    """
    numbers = np.unique(data.groups, return_inverse=True)[1]
    # a group is named by its first sample, and hangs together through it
    first = np.unique(numbers, return_index=True)[1][numbers]
    pairs = [(index, int(one)) for index, one in enumerate(first)]
    pairs += [(group[0], other) for group in sets for other in group[1:]]
    groups = np.empty(len(data), np.int64)
    for group in connected(pairs):
        groups[group] = group[0]
    return replace(data, groups=groups)
