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

"""What a reader of data sets has to be, and where readers are registered."""

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

    :ivar part: one part of a data set that comes in parts; None joins them.
    :ivar labelled: False takes images without labels too, all as one class ``unlabelled``.
    :ivar image_topic: of a bag with several topics of images.
    :ivar label_topic: of a bag with several topics of labels.
    :ivar least_size: height and width that are enough of a JPEG in a bag, as the robot decodes
        it; None decodes all of it.
    :ivar bit_depth: bits that the camera uses of a 16-bit pixel in a bag; 0 finds them.
    """

    part: Part | None = None
    labelled: bool = True
    image_topic: str | None = None
    label_topic: str | None = None
    least_size: tuple[int, int] | None = None
    bit_depth: int = 0


class DatasetReader(Protocol):
    """A function that reads data sets of one layout."""

    def __call__(self, uri: str, options: ReadOptions) -> Dataset:
        """
        Return the samples; images are read when they are asked for.

        :param uri: what the user named. It begins with the reader's name and a colon where
            another package adds the reader, as in ``coco:/data/coco``.
        :raises DatasetError: when it is no such data set.
        """


_LAYOUTS = 'digiphys_ros.learning.datasets.layouts'

READERS: Registry[DatasetReader] = Registry(
    'digiphys_ros.datasets', 'dataset reader',
    {name: f'{_LAYOUTS}:read_{name}' for name in ('bag', 'folder', 'zip', 'csv', 'npz', 'tar')},
    needs=('__call__',), error=DatasetError)
"""Readers by name; another package adds one with an entry point for a DatasetReader."""
