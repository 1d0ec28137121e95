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

"""Interface and registry of data set readers."""

from dataclasses import dataclass
from typing import Literal, Protocol

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.registry import Registry

Part = Literal['train', 'val', 'test']


@dataclass(frozen=True)
class ReadOptions:
    """
    How to read a data set.

    :ivar part: one part of a data set; None joins all.
    :ivar labeled: False accepts images without labels, all of one class ``unlabeled``.
    :ivar image_topic: image topic, if a bag has several.
    :ivar label_topic: label topic, if a bag has several.
    :ivar least_size: height and width to which a JPEG in a bag may be decoded, as on the robot;
        None is full size.
    :ivar bit_depth: used bits of a 16-bit pixel in a bag; 0 detects them.
    """

    part: Part | None = None
    labeled: bool = True
    image_topic: str | None = None
    label_topic: str | None = None
    least_size: tuple[int, int] | None = None
    bit_depth: int = 0


class DatasetReader(Protocol):
    """A function that reads data sets of one layout."""

    def __call__(self, uri: str, options: ReadOptions) -> Dataset:
        """
        Return the samples; images are read on access.

        :param uri: as the user gave it. It begins with the reader's name and a colon where another
            package adds the reader, as in ``coco:/data/coco``.
        :raises DatasetError: when it is no such data set.
        """


_LAYOUTS = 'digiphys_ros.learning.datasets.layouts'

READERS: Registry[DatasetReader] = Registry(
    'digiphys_ros.datasets', 'dataset reader',
    {name: f'{_LAYOUTS}:read_{name}' for name in ('bag', 'folder', 'zip', 'csv', 'npz', 'tar')},
    needs=('__call__',), error=DatasetError)
"""Readers by name; another package adds one with an entry point for a DatasetReader."""
