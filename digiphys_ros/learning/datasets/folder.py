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


def class_folders(files: Files, part: str | None = None) -> Dataset:
    """
    Return images whose folder names their class.

    Folders that hold everything are passed over. Where folders such as ``train`` and ``test`` lie
    above the classes, ``part`` takes one of them; without it all are joined.

    :raises DatasetError: when there are no images, or not in folders.
    """
    paths = images_in(files)
    if not paths:
        raise DatasetError(f'{files.uri}: holds no images.')
    inner = _without_common(paths)
    if {path.parts[0].lower() for path in inner} <= {name for some in PARTS.values()
                                                     for name in some}:
        paths, inner = _of_part(files.uri, paths, inner, part)
    elif part is not None:
        raise DatasetError(f'{files.uri}: has no folder for the part "{part}" '
                           f'({", ".join(PARTS[part])}).')
    if any(len(path.parts) < 2 for path in inner):
        stray = next(path for path in inner if len(path.parts) < 2)
        raise DatasetError(f'{files.uri}: {stray} lies in no class folder: put each image into a '
                           'folder with the name of its class.')
    names = [path.parts[0] for path in inner]
    labels = tuple(sorted(set(names), key=natural))
    index = {label: number for number, label in enumerate(labels)}
    return image_files(files, [str(path) for path in paths], labels,
                       np.array([index[name] for name in names], np.int64))


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


def _of_part(uri: str, paths: list[PurePosixPath], inner: list[PurePosixPath], part: str | None
             ) -> tuple[list[PurePosixPath], list[PurePosixPath]]:
    wanted = {name for key, names in PARTS.items() if part in (None, key) for name in names}
    chosen = [index for index, path in enumerate(inner) if path.parts[0].lower() in wanted]
    if not chosen:
        raise DatasetError(f'{uri}: has no folder for the part "{part}", only '
                           f'{", ".join(sorted({path.parts[0] for path in inner}))}.')
    return ([paths[index] for index in chosen],
            [PurePosixPath(*inner[index].parts[1:]) for index in chosen])
