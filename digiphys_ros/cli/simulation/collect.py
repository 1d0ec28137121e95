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
"""``digiphys sim collect``: write labeled images for training."""

import argparse
from pathlib import Path
import sys

from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.simulation.options import add_application, add_json, add_seed, whole_number


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_application(parser)
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='new or empty folder for the images')
    parser.add_argument('--count', type=whole_number(1), default=1000, metavar='N',
                        help='number of images (%(default)s)')
    add_seed(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Collect images."""
    check_targets(arguments, ['json'], ['out'])
    from digiphys_ros.simulation.collect import collect
    from tqdm import tqdm
    report = collect(arguments.app, Path(arguments.out), count=arguments.count,
                     seed=arguments.seed,
                     progress=lambda items: tqdm(items, unit='image', disable=None))
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        shown = ', '.join(f'{name} {number}' for name, number in report['images'].items())
        sys.stdout.write(f'{report["total"]} images of {report["worlds"]} worlds in '
                         f'{arguments.out}: {shown}\n')
    return 0
