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

"""Open a data set of any layout by its name."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset, list_names, MOST_CLASSES
from digiphys_ros.learning.datasets.reader import Part, READERS, ReadOptions
from digiphys_ros.perception.sources.bagfile import is_bag
import numpy as np

LAYOUTS = ('a folder or .zip of class folders, of a labels.csv, of GTSRB or of CIFAR-10, a .csv, '
           'an .npz with x and y, cifar-10-python.tar.gz, or a ROS 2 bag')

BY_ENDING = {'.zip': 'zip', '.csv': 'csv', '.npz': 'npz', '.tar.gz': 'tar', '.tgz': 'tar',
             '.tar': 'tar'}


def open_dataset(uri: str, *, labels: Sequence[str] | None = None, part: Part | None = None,
                 labeled: bool = True, image_topic: str | None = None,
                 label_topic: str | None = None,
                 least_size: tuple[int, int] | None = None, bit_depth: int = 0) -> Dataset:
    """
    Return the labeled samples at ``uri``.

    :param uri: a file or folder, or ``NAME:...`` for a reader that another package adds.
    :param labels: class names in order, for data with numeric labels only.
    :param part: one part of a data set; None joins all.
    :param labeled: False accepts images without labels, all of one class ``unlabeled``.
    :param image_topic: image topic, if a bag has several.
    :param label_topic: label topic, if a bag has several.
    :param least_size: height and width to which a JPEG in a bag may be decoded, as on the robot;
        None is full size.
    :param bit_depth: used bits of a 16-bit pixel in a bag; 0 detects them.
    :raises DatasetError: when the layout is unknown, or labels do not fit.
    """
    options = ReadOptions(part, labeled, image_topic, label_topic, least_size, bit_depth)
    path = Path(uri).expanduser()
    if uri and path.exists():
        data = READERS[_layout(path)](str(path), options)
    elif name := READERS.plugin_for(uri):
        data = READERS[name](uri, options)
    else:
        raise DatasetError(f'{uri or "(nothing)"}: does not exist; a data set is {LAYOUTS}.')
    return data if labels is None else _named(data, tuple(labels))


def _layout(path: Path) -> str:
    """Return the name of the built-in reader for a path."""
    if is_bag(path):
        return 'bag'
    if path.is_dir():
        return 'folder'
    for ending, name in BY_ENDING.items():
        if path.name.lower().endswith(ending):
            return name
    raise DatasetError(f'{path}: is no data set; one is {LAYOUTS}.')


def _named(data: Dataset, labels: tuple[str, ...]) -> Dataset:
    """Return the data with names for its numbers: number k has the name in line k, from 0."""
    if not all(label.isdecimal() for label in data.labels):
        raise DatasetError(f'{data.uri}: already names its classes '
                           f'({list_names(data.labels, 4)}): leave the labels out.')
    # folders may be named 3 and 17, without the numbers between
    numbers = np.array([min(int(label), MOST_CLASSES) for label in data.labels], np.int64)
    return replace(data, labels=labels, classes=numbers[data.classes])
