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

"""Labeled data as given by a user: path, class names, topics of a bag."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digiphys_ros.errors import UsageError
from digiphys_ros.learning.datasets.labels import read_labels
from digiphys_ros.learning.datasets.open import open_dataset
from digiphys_ros.learning.datasets.reader import Part, READERS
from digiphys_ros.learning.datasets.split import load_split, Split, split_dataset
from digiphys_ros.resources import find_resource

if TYPE_CHECKING:
    from digiphys_ros.learning.datasets.dataset import Dataset


@dataclass(frozen=True)
class LabeledSource:
    """
    Path and reading options of labeled data.

    :ivar uri: path of the data, or ``NAME:...`` of a reader that another package adds.
    :ivar labels: file of class names, one a line: a path, or a name in ``config/labels``; None
        uses those of the data.
    :ivar image_topic: image topic, if a bag has several.
    :ivar label_topic: label topic, if a bag has several.
    :ivar least_size: height and width to which a JPEG may be decoded; None is full size.
    :ivar bit_depth: used bits of a 16-bit pixel; 0 detects them.
    """

    uri: str
    labels: str | None = None
    image_topic: str | None = None
    label_topic: str | None = None
    least_size: tuple[int, int] | None = None
    bit_depth: int = 0

    def open(self, part: Part | None = None, *, labeled: bool = True) -> 'Dataset':
        """
        Return the data set.

        :param part: one part of the data; None joins all.
        :param labeled: False accepts images without labels.
        :raises UsageError: when there is no such file.
        :raises DatasetError: when it is not a data set.
        """
        if not Path(self.uri).expanduser().exists() and not READERS.plugin_for(self.uri):
            raise UsageError(f'{self.uri}: no such file or folder.')
        names = None
        if self.labels is not None:
            file = self.labels if self.labels.endswith('.txt') else f'{self.labels}.txt'
            names = read_labels(find_resource(file, 'config/labels'))
        return open_dataset(
            self.uri, labels=names, part=part, labeled=labeled, image_topic=self.image_topic,
            label_topic=self.label_topic, least_size=self.least_size, bit_depth=self.bit_depth)


def split_labeled(data: 'Dataset', manifest: str | None, fraction: str | float, seed: int
                  ) -> Split:
    """
    Load the split of a manifest, or make a new one.

    :param manifest: file of a split; None makes one.
    :param fraction: fraction of each class's groups to hold out for validation.
    :raises UsageError: when there is no such file, or the fraction is not one.
    """
    if manifest is not None:
        if not Path(manifest).is_file():
            raise UsageError(f'--split {manifest}: no such file.')
        return load_split(manifest, data)
    try:
        number = float(fraction)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise UsageError(f'--val-fraction {fraction}: a fraction between 0 and 1 is needed.')
    return split_dataset(data, number, seed=seed)
