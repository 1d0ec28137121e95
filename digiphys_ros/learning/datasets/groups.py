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

"""Groups of samples: by name, by folder, or as near-duplicates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
import re
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset, list_names
from digiphys_ros.learning.datasets.duplicates import connected
import numpy as np
from numpy.typing import NDArray

GROUP_NAME = re.compile(
    r'(track|patient|subject|person|participant|user|session|sequence|seq|scene|world|scenario|'
    r'video|clip|recording|rec|bag|drive|ride|route|run|lap|trip|day|night|date|week|site|'
    r'location|loc|place|room|camera|cam|device|case|study|series|specimen|slide|lot|'
    r'object|instance)'
    r's?([ ._-][\w ._-]*|\d[\w._-]*)?|\d{4}[-_.]?\d{2}[-_.]?\d{2}([ t_.-].*)?', re.IGNORECASE)
"""Folder names of recordings, or a date."""
MANY_FOLDERS, LARGEST_FRACTION = 10, 0.2
"""Folders with other names are groups if there are this many, and none holds a larger fraction."""


def groups_of_folders(paths: Sequence[PurePosixPath]) -> tuple[NDArray[Any] | None, str]:
    """
    Return the folder below the class folder of each image, if such folders look like groups.

    An image in no such folder is its own group.

    :param paths: class folder, folders below it, file.
    :return: None if they are not groups, and the reason.
    """
    folders = Counter(path.parts[1] for path in paths if len(path.parts) > 2)
    # a single folder such as `images` separates nothing
    if len(folders) < 2:
        return None, ''
    names = list_names(sorted(folders), 4)
    if not (all(map(GROUP_NAME.fullmatch, folders)) or (
            len(folders) >= MANY_FOLDERS
            and max(folders.values()) <= LARGEST_FRACTION * len(paths))):
        return None, (f'each image is a group of its own: the folders {names} in the class '
                      'folders do not look like groups (names such as session_1 do; `digiphys '
                      'data split --group` accepts any name)')
    return (np.array([path.parts[1] if len(path.parts) > 2 else str(path) for path in paths]),
            f'folders in the class folders ({names})')


def group_by_name(data: Dataset, pattern: str) -> Dataset:
    r"""
    Return the data with groups from the samples' names.

    :param pattern: regular expression with one capturing group, such as ``track_(\d+)``, which is
        the name of the group.
    :raises DatasetError: when it is invalid, or a name does not match.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DatasetError(f'group pattern {pattern}: is not a regular expression: {error}.'
                           ) from error
    if expression.groups != 1:
        raise DatasetError(f'group pattern {pattern}: needs exactly one capturing '
                           f'group in brackets, received {expression.groups}.')
    groups = []
    for key in data.keys:
        found = expression.search(key)
        if found is None or found[1] is None:
            raise DatasetError(f'{data.uri}: {key} does not match the group pattern {pattern}.')
        groups.append(found[1])
    return replace(data, groups=np.array(groups), grouping=f'names that match {pattern}')


def merge_groups(data: Dataset, sets: list[list[int]]) -> Dataset:
    """
    Merge groups so that each of ``sets`` lies in one group.

    :param sets: indices that must stay on one side of a split, such as near-duplicates.
    """
    numbers = np.unique(data.groups, return_inverse=True)[1]
    # the first sample of a group is its name and its node in the graph
    first = np.unique(numbers, return_index=True)[1][numbers]
    pairs = [(index, int(one)) for index, one in enumerate(first)]
    pairs += [(group[0], other) for group in sets for other in group[1:]]
    groups = np.empty(len(data), np.int64)
    for group in connected(pairs):
        groups[group] = group[0]
    return replace(data, groups=groups,
                   grouping=f'{data.grouping}, joined where images look alike')
