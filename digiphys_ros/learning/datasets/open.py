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
from pathlib import Path, PurePosixPath
from typing import Literal

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.bag import open_bag
from digiphys_ros.learning.datasets.cifar import BATCH, open_cifar, open_cifar_archive
from digiphys_ros.learning.datasets.dataset import Dataset, joined, listed, MOST_CLASSES
from digiphys_ros.learning.datasets.files import Files, FolderFiles, ZipFiles
from digiphys_ros.learning.datasets.folder import class_folders, PART_OF
from digiphys_ros.learning.datasets.gtsrb import open_gtsrb, TABLE
from digiphys_ros.learning.datasets.npz import open_npz
from digiphys_ros.learning.datasets.table import open_csv
from digiphys_ros.perception.sources.bagfile import is_bag
from digiphys_ros.perception.sources.folder import natural
import numpy as np

KINDS = ('a folder or .zip of class folders, of a labels.csv, of GTSRB or of CIFAR-10, a .csv, '
         'an .npz with x and y, cifar-10-python.tar.gz, or a ROS 2 bag')

Part = Literal['train', 'val', 'test']
LISTS = ('labels.csv', '_classes.csv', '_annotations.csv')
"""Tables of images in a folder: ours, and those that Roboflow exports."""


def open_dataset(uri: str, *, labels: Sequence[str] | None = None, part: Part | None = None,
                 labelled: bool = True, image_topic: str | None = None,
                 label_topic: str | None = None,
                 least_size: tuple[int, int] | None = None, bit_depth: int = 0) -> Dataset:
    """
    Return the labelled samples at ``uri``.

    :param labels: class names, where the data has only numbers; in their order.
    :param part: one part of a data set that comes in parts; None joins them.
    :param labelled: False takes images without labels too, all as one class ``unlabelled``.
    :param image_topic: of a bag with several topics of images.
    :param label_topic: of a bag with several topics of labels.
    :param least_size: height and width that are enough of a JPEG in a bag, as the robot decodes
        it; None decodes all of it.
    :param bit_depth: bits that the camera uses of a 16-bit pixel in a bag; 0 finds them.
    :raises DatasetError: when it is in no layout known here, or labels do not fit.
    """
    path = Path(uri).expanduser()
    if not uri or not path.exists():
        raise DatasetError(f'{uri or "(nothing)"}: does not exist; a data set is {KINDS}.')
    if is_bag(path):
        data = open_bag(path, image_topic, label_topic, labelled, least_size, bit_depth)
    else:
        data = _read(path, part, labelled)
    return data if labels is None else _named(data, tuple(labels))


def _read(path: Path, part: Part | None, labelled: bool) -> Dataset:
    if path.is_dir():
        return _files(FolderFiles(path), part, labelled)
    if path.suffix.lower() == '.zip':
        return _files(ZipFiles(path), part, labelled)
    if path.suffix.lower() == '.csv':
        return replace(open_csv(FolderFiles(path.parent), path.name, labelled), uri=str(path))
    if path.suffix.lower() == '.npz':
        return open_npz(path, part)
    if path.name.lower().endswith(('.tar.gz', '.tgz', '.tar')):
        return open_cifar_archive(path, part)
    raise DatasetError(f'{path}: is no data set; one is {KINDS}.')


def _files(files: Files, part: Part | None, labelled: bool) -> Dataset:
    """Tell the layout by the names of the files."""
    names = files.names()
    batches = [name for name in names if BATCH.match(PurePosixPath(name).name)]
    if batches:
        return open_cifar(files, batches, part)
    tables = [name for name in names if TABLE.search(name)]
    if tables:
        return open_gtsrb(files, tables, part)
    listed = [name for name in names if PurePosixPath(name).name.lower() in LISTS]
    if len(listed) > 1:
        return _parts(files, listed, part, labelled)
    return open_csv(files, listed[0], labelled) if listed \
        else class_folders(files, part, labelled)


def _parts(files: Files, tables: list[str], part: Part | None, labelled: bool) -> Dataset:
    """Return the data of several tables, each in the folder of a part, as Roboflow exports it."""
    parts = [PART_OF.get(PurePosixPath(name).parent.name.lower(), '') for name in tables]
    if '' in parts:
        raise DatasetError(f'{files.uri}: holds several tables ({", ".join(tables[:4])}): name '
                           'one of them, or put each into a folder of a part (train, val, test).')
    sets = [open_csv(files, name, labelled) for name in tables]
    labels = tuple(sorted({label for data in sets for label in data.labels}, key=natural))
    renamed = [replace(data, labels=labels, classes=np.array(
        [labels.index(label) for label in data.labels])[data.classes]) for data in sets]
    keys = {key for data in sets for key in data.keys} | set(tables)
    whole = replace(joined(files.uri, labels, renamed),
                    parts=np.repeat(parts, [len(data) for data in sets]))
    whole = replace(whole, skipped=tuple(name for name in whole.skipped if name not in keys))
    if part is not None and part not in parts:
        raise DatasetError(f'{files.uri}: has no table for the part "{part}", only '
                           f'{", ".join(tables)}.')
    return whole if part is None else whole.take(np.flatnonzero(whole.parts == part))


def _named(data: Dataset, labels: tuple[str, ...]) -> Dataset:
    """Return the data with names for its numbers: number k has the name in line k, from 0."""
    if not all(label.isdecimal() for label in data.labels):
        raise DatasetError(f'{data.uri}: already names its classes '
                           f'({listed(data.labels, 4)}): leave the labels out.')
    # folders may be named 3 and 17, and then there are no others
    numbers = np.array([min(int(label), MOST_CLASSES) for label in data.labels], np.int64)
    return replace(data, labels=labels, classes=numbers[data.classes])
