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

"""A data set by its name, whatever its layout."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset

KINDS = ('a folder or .zip of class folders, an .npz with x and y')

Part = Literal['train', 'val', 'test']


def open_dataset(uri: str, *, labels: Sequence[str] | None = None, part: Part | None = None
                 ) -> Dataset:
    """
    Return the labelled samples at ``uri``.

    :param labels: class names, where the data has only numbers; in their order.
    :param part: one part of a data set that comes in parts; None joins them.
    :raises DatasetError: when it is in no layout known here, or labels do not fit.
    """
    path = Path(uri).expanduser()
    if not uri or not path.exists():
        raise DatasetError(f'{uri or "(nothing)"}: does not exist; a data set is {KINDS}.')
    data = _read(path, part)
    return data if labels is None else _named(data, tuple(labels))


def _read(path: Path, part: Part | None) -> Dataset:
    if path.is_dir() or path.suffix.lower() == '.zip':
        from digiphys_ros.learning.datasets.files import FolderFiles, ZipFiles
        from digiphys_ros.learning.datasets.folder import class_folders
        return class_folders(FolderFiles(path) if path.is_dir() else ZipFiles(path), part)
    if path.suffix.lower() == '.npz':
        from digiphys_ros.learning.datasets.npz import open_npz
        return open_npz(path, part)
    raise DatasetError(f'{path}: is no data set; one is {KINDS}.')


def _named(data: Dataset, labels: tuple[str, ...]) -> Dataset:
    if len(set(labels)) != len(labels):
        raise DatasetError(f'{data.uri}: labels must differ from each other.')
    if not all(label.isdecimal() for label in data.labels):
        raise DatasetError(f'{data.uri}: already names its classes '
                           f'({", ".join(data.labels[:4])}, ...): leave the labels out.')
    return replace(data, labels=labels)
