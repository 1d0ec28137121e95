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

"""Labelled data as the verbs name it on the command line."""

import argparse
from pathlib import Path
from typing import Any, TYPE_CHECKING

from digiphys_ros.errors import UsageError
from digiphys_ros.resources import find_resource

if TYPE_CHECKING:
    from digiphys_ros.learning.datasets import Dataset, Split
    from digiphys_ros.learning.datasets.open import Part


def add_topics(parser: Any) -> None:
    """Add the options that name topics in a bag."""
    for what in ('image', 'label'):
        parser.add_argument(f'--{what}-topic', metavar='TOPIC',
                            help=f'where a ROS 2 bag has several topics of {what}s')
    # what the verb knows of how the robot decodes an image
    parser.set_defaults(least_size=None, bit_depth=0)


def open_labelled(uri: str, labels: str | None = None, part: 'Part | None' = None, *,
                  topics: argparse.Namespace | None = None, labelled: bool = True) -> 'Dataset':
    """
    Return the data set behind ``--data``.

    :param labels: file of class names, one a line: a path, or a name in ``config/labels``.
    :param topics: what ``add_topics`` added.
    :param labelled: False takes images without labels too.
    :raises UsageError: when there is no such file.
    :raises DatasetError: when it is no data set.
    """
    from digiphys_ros.learning.datasets import open_dataset, read_labels
    if not Path(uri).expanduser().exists():
        raise UsageError(f'{uri}: no such file or folder.')
    named = {} if topics is None else {
        name: getattr(topics, name)
        for name in ('image_topic', 'label_topic', 'least_size', 'bit_depth')}
    names = None
    if labels is not None:
        file = labels if labels.endswith('.txt') else f'{labels}.txt'
        names = read_labels(find_resource(file, 'config/labels'))
    return open_dataset(uri, labels=names, part=part, labelled=labelled, **named)


def split_labelled(data: 'Dataset', manifest: str | None, share: str | float, seed: int
                   ) -> 'Split':
    """
    Return the split that ``--split`` names, or one made anew with ``--validation``.

    :raises UsageError: when there is no such file, or the share is none.
    """
    from digiphys_ros.learning.datasets import load_split, split_dataset
    if manifest is not None:
        if not Path(manifest).is_file():
            raise UsageError(f'--split {manifest}: no such file.')
        return load_split(manifest, data)
    try:
        number = float(share)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise UsageError(f'--validation {share}: a share between 0 and 1 is needed.')
    return split_dataset(data, number, seed=seed)
