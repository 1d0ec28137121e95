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

"""Images in class folders, in a folder or an archive."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.files import Files, files_beside, images_in, read_image
from digiphys_ros.learning.datasets.groups import groups_of_folders
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

PARTS = {'train': ('train', 'training'), 'val': ('val', 'valid', 'validation'),
         'test': ('test', 'testing')}
"""Folder names of the parts of a data set."""
PART_OF = {name: part for part, names in PARTS.items() for name in names}
UNLABELED = 'unlabeled'


def class_folders(files: Files, part: str | None = None, labeled: bool = True) -> Dataset:
    """
    Return images with the name of their folder as class.

    A folder that holds all others is skipped. If folders such as ``train`` and ``test`` lie above
    the classes, ``part`` takes one of them; without it all are joined. An empty folder is a class
    without a sample. Folders in the class folders are groups if their names look like groups; the
    same name in several classes is one group.

    :param labeled: False accepts images outside class folders; all are one class.
    :raises DatasetError: when there are no images, or not in folders.
    """
    paths = images_in(files)
    if not paths:
        raise DatasetError(f'{files.uri}: holds no images.')
    common = _common(paths)
    inner = [PurePosixPath(*path.parts[common:]) for path in paths]
    sides = _sides(files.uri, inner, part)
    if sides is not None:
        inner = [PurePosixPath(*path.parts[1:]) for path in inner]
    stray = next((path for path in inner if len(path.parts) < 2), None)
    if stray is None:
        data = _labeled(files, paths, inner,
                        _empty(files, paths[0].parts[:common], sides is not None))
    elif not labeled:
        data = _unlabeled(files, paths)
    else:
        raise DatasetError(f'{files.uri}: {stray} is in no class folder: put each image into a '
                           'folder with the name of its class.')
    if sides is None:
        return data
    data = replace(data, parts=np.array(sides))
    # last, so that each part has the classes of all parts
    return data if part is None else data.take(np.flatnonzero(data.parts == part))


def _labeled(files: Files, paths: list[PurePosixPath], inner: list[PurePosixPath],
             empty: set[str]) -> Dataset:
    names = [path.parts[0] for path in inner]
    labels = tuple(sorted({*names, *empty}, key=natural))
    index = {label: number for number, label in enumerate(labels)}
    groups, grouping = groups_of_folders(inner)
    return image_files(files, [str(path) for path in paths], labels,
                       np.array([index[name] for name in names], np.int64), groups, grouping)


def _empty(files: Files, common: tuple[str, ...], in_parts: bool) -> set[str]:
    """Return the names of the class folders, empty ones included."""
    depth = len(common) + in_parts
    folders = [PurePosixPath(name).parts for name in files.folders()]
    return {parts[depth] for parts in folders
            if len(parts) == depth + 1 and parts[:len(common)] == common
            and not parts[depth].startswith(('.', '_'))
            and (not in_parts or parts[len(common)].lower() in PART_OF)}


def _unlabeled(files: Files, paths: list[PurePosixPath]) -> Dataset:
    """Return images as one class; each of several folders is a group."""
    folders = np.array([str(path.parent) for path in paths])
    several = len(set(folders.tolist())) > 1
    return image_files(files, [str(path) for path in paths], (UNLABELED,),
                       np.zeros(len(paths), np.int64), *((folders, 'folders') if several else ()))


def image_files(files: Files, names: list[str], labels: tuple[str, ...],
                classes: NDArray[np.int64], groups: NDArray[Any] | None = None,
                grouping: str = '', tables: Sequence[str] = ()) -> Dataset:
    """
    Return a data set of image files; without groups each image is its own group.

    :param grouping: origin of the groups, or why there are none.
    :param tables: files that list the images; then only unlisted images count as left out.
    """
    data = Dataset(files.uri, labels, classes,
                   np.arange(len(names)) if groups is None else groups, tuple(names),
                   partial(_read, files, tuple(names)),
                   skipped=files_beside(files, names, images_only=bool(tables)))
    return replace(data, grouping=grouping) if grouping else data


def _read(files: Files, names: tuple[str, ...], index: int) -> NDArray[Any]:
    return read_image(files, names[index])


def _common(paths: list[PurePosixPath]) -> int:
    """Count the folders that contain all images, without one that could be a class."""
    depth = 0
    shortest = min(len(path.parts) for path in paths)
    while depth < shortest - 2 and len({path.parts[depth] for path in paths}) == 1:
        depth += 1
    return depth


def _sides(uri: str, inner: list[PurePosixPath], part: str | None) -> list[str] | None:
    """Return the part of each image by its top folder, None without folders of parts."""
    tops = {path.parts[0]: PART_OF.get(path.parts[0].lower()) for path in inner}
    if all(tops.values()):
        if part not in (None, *tops.values()):
            raise DatasetError(f'{uri}: has no folder for the part "{part}", only '
                               f'{", ".join(sorted(tops))}.')
        return [str(tops[path.parts[0]]) for path in inner]
    if any(tops.values()) and any(len(path.parts) > 2 for path in inner):
        # without this check `train` would become a class
        odd = next(name for name, one in tops.items() if one is None)
        raise DatasetError(f'{uri}: {odd} is next to the folders of parts and is not a part '
                           f'({", ".join(sorted(PART_OF))}): name the folder of one part.')
    if part is not None:
        raise DatasetError(f'{uri}: has no folder for the part "{part}" '
                           f'({", ".join(PARTS[part])}).')
    return None
