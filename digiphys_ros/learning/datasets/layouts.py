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

"""The built-in layouts of data sets."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.bag import open_bag
from digiphys_ros.learning.datasets.cifar import BATCH, open_cifar, open_cifar_archive
from digiphys_ros.learning.datasets.dataset import Dataset, join_parts
from digiphys_ros.learning.datasets.files import Files, FolderFiles, ZipFiles
from digiphys_ros.learning.datasets.folder import class_folders, PART_OF
from digiphys_ros.learning.datasets.gtsrb import open_gtsrb, TABLE
from digiphys_ros.learning.datasets.npz import open_npz
from digiphys_ros.learning.datasets.reader import Part, ReadOptions
from digiphys_ros.learning.datasets.table import open_csv
from digiphys_ros.perception.sources.folder import natural
import numpy as np

LISTS = ('labels.csv', '_classes.csv', '_annotations.csv')
"""File names of image tables: our own, and those of Roboflow exports."""


def read_bag(uri: str, options: ReadOptions) -> Dataset:
    """Read a ROS 2 bag."""
    return open_bag(Path(uri), options.image_topic, options.label_topic, options.labeled,
                    options.least_size, options.bit_depth)


def read_folder(uri: str, options: ReadOptions) -> Dataset:
    """Read a folder: of class folders, a table, GTSRB or CIFAR-10."""
    return _files(FolderFiles(Path(uri)), options.part, options.labeled)


def read_zip(uri: str, options: ReadOptions) -> Dataset:
    """Read a .zip with the content of such a folder."""
    return _files(ZipFiles(Path(uri)), options.part, options.labeled)


def read_csv(uri: str, options: ReadOptions) -> Dataset:
    """Read a table of numbers, or of image files in the same folder."""
    path = Path(uri)
    return replace(open_csv(FolderFiles(path.parent), path.name, options.labeled),
                   uri=str(path))


def read_npz(uri: str, options: ReadOptions) -> Dataset:
    """Read the arrays of an .npz file."""
    return open_npz(Path(uri), options.part)


def read_tar(uri: str, options: ReadOptions) -> Dataset:
    """Read the published CIFAR-10 archive."""
    return open_cifar_archive(Path(uri), options.part)


def _files(files: Files, part: Part | None, labeled: bool) -> Dataset:
    """Choose the layout by the names of the files."""
    names = files.names()
    batches = [name for name in names if BATCH.match(PurePosixPath(name).name)]
    if batches:
        return open_cifar(files, batches, part)
    tables = [name for name in names if TABLE.search(name)]
    if tables:
        return open_gtsrb(files, tables, part)
    lists = [name for name in names if PurePosixPath(name).name.lower() in LISTS]
    if len(lists) > 1:
        return _parts(files, lists, part, labeled)
    return open_csv(files, lists[0], labeled) if lists \
        else class_folders(files, part, labeled)


def _parts(files: Files, tables: list[str], part: Part | None, labeled: bool) -> Dataset:
    """Return the data of several tables, each in the folder of a part, as in Roboflow exports."""
    parts = [PART_OF.get(PurePosixPath(name).parent.name.lower(), '') for name in tables]
    if '' in parts:
        raise DatasetError(f'{files.uri}: holds several tables ({", ".join(tables[:4])}): name '
                           'one of them, or put each into a folder of a part (train, val, test).')
    sets = [open_csv(files, name, labeled) for name in tables]
    labels = tuple(sorted({label for data in sets for label in data.labels}, key=natural))
    renamed = [replace(data, labels=labels, classes=np.array(
        [labels.index(label) for label in data.labels])[data.classes]) for data in sets]
    keys = {key for data in sets for key in data.keys} | set(tables)
    whole = replace(join_parts(files.uri, labels, renamed),
                    parts=np.repeat(parts, [len(data) for data in sets]))
    whole = replace(whole, skipped=tuple(name for name in whole.skipped if name not in keys))
    if part is not None and part not in parts:
        raise DatasetError(f'{files.uri}: has no table for the part "{part}", only '
                           f'{", ".join(tables)}.')
    return whole if part is None else whole.take(np.flatnonzero(whole.parts == part))
