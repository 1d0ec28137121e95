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

"""``digiphys export``: export a bundle's Keras model to the formats that robots run."""

import argparse
from dataclasses import asdict
import os
from pathlib import Path
import sys
from typing import Any

from digiphys_ros.cli.labeled import add_topics, open_parts_as_trained
from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.view import add_view, view_of
from digiphys_ros.errors import UsageError
from digiphys_ros.learning.defaults import VAL_FRACTION
from digiphys_ros.resources import find_resource

FORMATS = ('litert_float32', 'litert_float16', 'litert_int8', 'savedmodel', 'onnx', 'keras')


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'export', help="export a bundle's Keras model to LiteRT, SavedModel and ONNX",
        description='Export the Keras model of a bundle, compare each format with it on held-out '
                    'images, and write a bundle if no format loses more accuracy than allowed.')
    parser.add_argument('bundle', metavar='BUNDLE', help='a path, or a name in models/')
    parser.add_argument('--data', required=True, metavar='URI',
                        help='the labeled images that it was trained on')
    parser.add_argument('--labels', metavar='FILE',
                        help='class names, one a line: a path, or a name in config/labels/')
    parser.add_argument('--formats', default='litert_int8', metavar='LIST',
                        help=f'separated by commas: {", ".join(FORMATS)} (%(default)s)')
    parser.add_argument('--out', metavar='DIR', help='bundle to write (default: only measure)')
    parser.add_argument('--tolerance', type=float, default=0.005, metavar='FRACTION',
                        help='accuracy that a format may lose (%(default)s)')
    parser.add_argument('--val-fraction', metavar='FRACTION',
                        help='use the images that digiphys train held out with this fraction '
                             'and --seed, or `part` (default: as the bundle was trained, or '
                             f'{VAL_FRACTION})')
    parser.add_argument('--split', metavar='FILE', help='a split made by digiphys data split')
    parser.add_argument('--seed', type=int, metavar='N',
                        help='(default: as the bundle was trained, or 0)')
    add_topics(parser)
    add_view(parser)
    parser.add_argument('--json', metavar='FILE', help='write the table; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Export and report; return 1 if a format was refused."""
    check_targets(arguments, ['json'], ['out'])
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    formats = _formats(arguments)
    if not 0 <= arguments.tolerance < 1:
        raise UsageError(f'--tolerance {arguments.tolerance}: must be at least 0 and below 1.')
    from digiphys_ros.bundles import load_bundle
    from digiphys_ros.learning.export import export_bundle, table
    from digiphys_ros.learning.held_out import held_out_in
    bundle = load_bundle(find_resource(arguments.bundle, 'models'))
    view = view_of(arguments, bundle.spec)
    parted = open_parts_as_trained(arguments, held_out_in(bundle.manifest.provenance))
    out = Path(arguments.out) if arguments.out else None
    rows = [asdict(row) for row in export_bundle(
        bundle, formats, parted.training, parted.validation, out, arguments.tolerance, view.roi)]
    refused = any(row['refused'] for row in rows)
    written = str(out) if out and not refused else None
    if arguments.json:
        write_json({'bundle': written, 'tolerance': arguments.tolerance, 'formats': rows},
                   arguments.json)
    if arguments.json != '-':
        sys.stdout.write(table(rows) + (f'bundle: {written}\n' if written else ''))
    return 1 if refused else 0


def _formats(arguments: argparse.Namespace) -> list[str]:
    formats = [name.strip() for name in arguments.formats.split(',') if name.strip()]
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f'--formats: {name} is unknown, allowed are {", ".join(FORMATS)}.')
    if not formats or len(set(formats)) != len(formats):
        raise UsageError(f'--formats {arguments.formats}: name each format once.')
    if arguments.out and sum(name.startswith('litert') for name in formats) > 1:
        raise UsageError(f'--formats {arguments.formats}: a bundle has one LiteRT model; remove '
                         '--out to compare several.')
    return formats
