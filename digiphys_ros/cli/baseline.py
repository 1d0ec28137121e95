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

"""``digiphys baseline``: simple models as a reference for a network on the same data."""

import argparse
import sys
from typing import Any

from digiphys_ros.cli.labeled import add_topics, open_parts
from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.view import add_view, view_of
from digiphys_ros.learning.defaults import VAL_FRACTION


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'baseline', help='measure a decision tree and a support-vector machine on labeled data',
        description='Train a decision tree and a linear support-vector machine on histograms of '
                    'oriented gradients of the images (on the numbers of a table), and measure '
                    'them on the samples that digiphys train would hold out. They report the '
                    'same figures as a bundle.')
    parser.add_argument('--data', required=True, metavar='URI',
                        help='labeled images or a table, as for digiphys train')
    parser.add_argument('--model', action='append', choices=('tree', 'svm'),
                        help='model to train; may be given again (default: both)')
    parser.add_argument('--split', metavar='FILE', help='a split made by digiphys data split')
    parser.add_argument('--val-fraction', default=VAL_FRACTION, metavar='FRACTION',
                        help="fraction of each class's groups to hold out, or `part` if the data "
                             'has its own validation part (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='(%(default)s)')
    add_topics(parser)
    add_view(parser)
    parser.add_argument('--json', metavar='FILE', help='write the figures; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Train, measure and report."""
    check_targets(arguments, ['json'])
    from digiphys_ros.learning.baselines import BASELINES, train_baseline
    from digiphys_ros.learning.held_out import HeldOut
    view = view_of(arguments)
    parted = open_parts(arguments, HeldOut(arguments.val_fraction, arguments.seed,
                                           arguments.split))
    kinds = arguments.model or BASELINES
    reports = [train_baseline(kind, parted.training, parted.validation, seed=arguments.seed,
                              roi=view.roi)
               for kind in kinds]
    if arguments.json:
        write_json({report['baseline']: report for report in reports}, arguments.json)
    if arguments.json != '-':
        for report in reports:
            sys.stdout.write(_line(report))
    return 0


def _line(report: dict[str, Any]) -> str:
    low, high = report['accuracy_95']
    return (f'{report["baseline"]:5} accuracy {report["accuracy"]:.4f} ({low:.4f} to {high:.4f}), '
            f'balanced {report["balanced_accuracy"]:.4f}, calibration error {report["ece"]:.4f} '
            f'on {report["images"]} samples; {report["training_images"]} trained in '
            f'{report["training_s"]:.1f} s\n')
