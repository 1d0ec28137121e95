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

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.files import Files, images_in, read_image
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

PARTS = {'train': ('train', 'training'), 'val': ('val', 'valid', 'validation'),
         'test': ('test', 'testing')}
"""Folder names of the parts of a data set."""
UNLABELLED = 'unlabelled'


def class_folders(files: Files, part: str | None = None, labelled: bool = True) -> Dataset:
    """
    Return images whose folder names their class.

    Folders that hold everything are passed over. Where folders such as ``train`` and ``test`` lie
    above the classes, ``part`` takes one of them; without it all are joined.

    :param labelled: False takes images that lie in no class folder, all as one class.
    :raises DatasetError: when there are no images, or not in folders.
    """
    paths = images_in(files)
    if not paths:
        raise DatasetError(f'{files.uri}: holds no images.')
    inner = _without_common(paths)
    known = {name: part_name for part_name, names in PARTS.items() for name in names}
    tops = {path.parts[0]: known.get(path.parts[0].lower()) for path in inner}
    sides = None
    if all(tops.values()):
        paths, inner, sides = _of_part(files.uri, paths, inner, part, tops)
    elif any(tops.values()) and any(len(path.parts) > 2 for path in inner):
        # else `train` would become a class
        odd = next(name for name, one in tops.items() if one is None)
        raise DatasetError(f'{files.uri}: {odd} lies beside the folders of parts and is none '
                           f'({", ".join(sorted(known))}): name the folder of one part.')
    elif part is not None:
        raise DatasetError(f'{files.uri}: has no folder for the part "{part}" '
                           f'({", ".join(PARTS[part])}).')
    stray = next((path for path in inner if len(path.parts) < 2), None)
    if stray is not None:
        if not labelled:
            return _unlabelled(files, paths)
        raise DatasetError(f'{files.uri}: {stray} lies in no class folder: put each image into a '
                           'folder with the name of its class.')
    names = [path.parts[0] for path in inner]
    labels = tuple(sorted(set(names), key=natural))
    index = {label: number for number, label in enumerate(labels)}
    data = image_files(files, [str(path) for path in paths], labels,
                       np.array([index[name] for name in names], np.int64))
    return data if sides is None else replace(data, parts=np.array(sides))


def _unlabelled(files: Files, paths: list[PurePosixPath]) -> Dataset:
    """Return images as one class; where they lie in several folders, each is a group."""
    folders = np.array([str(path.parent) for path in paths])
    return image_files(files, [str(path) for path in paths], (UNLABELLED,),
                       np.zeros(len(paths), np.int64),
                       folders if len(set(folders.tolist())) > 1 else None)


def image_files(files: Files, names: list[str], labels: tuple[str, ...],
                classes: NDArray[np.int64], groups: NDArray[Any] | None = None) -> Dataset:
    """Return a data set of image files; without groups each image is one of its own."""
    return Dataset(files.uri, labels, classes, np.arange(len(names)) if groups is None else groups,
                   tuple(names), partial(_read, files, tuple(names)))


def _read(files: Files, names: tuple[str, ...], index: int) -> NDArray[Any]:
    return read_image(files, names[index])


def _without_common(paths: list[PurePosixPath]) -> list[PurePosixPath]:
    """Cut off the folders that all images share, but never one that could be a class."""
    depth = 0
    shortest = min(len(path.parts) for path in paths)
    while depth < shortest - 2 and len({path.parts[depth] for path in paths}) == 1:
        depth += 1
    return [PurePosixPath(*path.parts[depth:]) for path in paths]


def _of_part(uri: str, paths: list[PurePosixPath], inner: list[PurePosixPath], part: str | None,
             part_of: Mapping[str, str | None]
             ) -> tuple[list[PurePosixPath], list[PurePosixPath], list[str]]:
    """Return the images of one part or of all, their places within it, and the part of each."""
    sides = [str(part_of[path.parts[0]]) for path in inner]
    chosen = [index for index, side in enumerate(sides) if part in (None, side)]
    if not chosen:
        raise DatasetError(f'{uri}: has no folder for the part "{part}", only '
                           f'{", ".join(sorted(part_of))}.')
    return ([paths[index] for index in chosen],
            [PurePosixPath(*inner[index].parts[1:]) for index in chosen],
            [sides[index] for index in chosen])
