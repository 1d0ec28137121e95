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

"""Labeled data from command-line options."""

import argparse
import sys
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from digiphys_ros.learning.datasets.labeled import LabeledSource
    from digiphys_ros.learning.held_out import HeldOut, Parted


def add_topics(parser: Any) -> None:
    """Add the options for topics in a bag."""
    for what in ('image', 'label'):
        parser.add_argument(f'--{what}-topic', metavar='TOPIC',
                            help=f'topic, if a ROS 2 bag has several topics of {what}s')
    # set by `view_of`: how the robot decodes an image
    parser.set_defaults(least_size=None, bit_depth=0)


def source_of(arguments: argparse.Namespace, uri: str | None = None) -> 'LabeledSource':
    """Return the data of ``--data``, ``--labels`` and the options of ``add_topics``."""
    from digiphys_ros.learning.datasets.labeled import LabeledSource
    return LabeledSource(
        arguments.data if uri is None else uri, getattr(arguments, 'labels', None),
        arguments.image_topic, arguments.label_topic, arguments.least_size, arguments.bit_depth)


def open_parts(arguments: argparse.Namespace, held_out: 'HeldOut') -> 'Parted':
    """Return both sides of ``--data``; print which samples are skipped or held out, and why."""
    from digiphys_ros.learning.held_out import open_parted
    parted = open_parted(source_of(arguments), held_out)
    for note in parted.notes:
        sys.stderr.write(f'{note}\n')
    return parted


def open_parts_as_trained(arguments: argparse.Namespace, record: Any) -> 'Parted':
    """Return both sides by the command line, and by the training record where it is silent."""
    from digiphys_ros.learning.held_out import as_trained
    held_out, warning = as_trained(record, val_fraction=arguments.val_fraction,
                                   seed=arguments.seed, split=arguments.split)
    if warning:
        sys.stderr.write(f'{warning}\n')
    return open_parts(arguments, held_out)
