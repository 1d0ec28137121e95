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

"""``digiphys train``: train a recipe on labeled images and write a bundle."""

import argparse
import json
import os
from pathlib import Path
import shlex
import sys
from typing import Any, TYPE_CHECKING

from digiphys_ros.cli.labeled import add_topics, open_parts
from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.view import add_view, View, view_of, with_region
from digiphys_ros.errors import UsageError
from digiphys_ros.learning.defaults import VAL_FRACTION, work_folder

if TYPE_CHECKING:
    from digiphys_ros.learning.held_out import HeldOut, Parted
    from digiphys_ros.learning.recipe import Recipe


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'train', help='train a network and write a model bundle',
        description='Train the network of a recipe on labeled images, hold out whole groups for '
                    'validation, calibrate, export and write a bundle.')
    parser.add_argument('recipe', metavar='RECIPE',
                        help='YAML file: a path, or the name of one in config/recipes/')
    parser.add_argument('--data', required=True, metavar='URI',
                        help='labeled images (a folder or .zip of class folders, .npz, .csv, '
                             'GTSRB, CIFAR-10, a ROS 2 bag), or a table (.npz, .csv)')
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='bundle to write; for a table, a folder with a Keras model')
    parser.add_argument('--labels', metavar='FILE',
                        help='class names, one a line: a path, or a name in config/labels/ '
                             '(default: those of the data)')
    parser.add_argument('--val-fraction', default=VAL_FRACTION, metavar='FRACTION',
                        help="fraction of each class's groups to hold out, or `part` if the data "
                             'has its own validation part (%(default)s)')
    parser.add_argument('--split', metavar='FILE', help='a split made by digiphys data split')
    parser.add_argument('--epochs', type=int, metavar='N', help="instead of the recipe's")
    parser.add_argument('--seed', type=int, metavar='N', help="instead of the recipe's")
    parser.add_argument('--set', action='append', default=[], metavar='FIELD=VALUE',
                        dest='overrides', help='change a field of the recipe, e.g. '
                                               'optimizer.learning_rate=0.01')
    parser.add_argument('--work-dir', metavar='DIR',
                        help='folder for checkpoint, log and curves (default: OUT.training)')
    parser.add_argument('--resume', action='store_true',
                        help='continue from the last checkpoint, with the same result')
    parser.add_argument('--source-note', action='append', default=[], metavar='TEXT',
                        help='origin of the data, for the model card')
    add_topics(parser)
    add_view(parser)
    parser.add_argument('--json', metavar='FILE', help='write the figures; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Train and report."""
    check_targets(arguments, ['json'], ['out'])
    # TensorFlow's log lines would hide the progress bar
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    from digiphys_ros.learning.held_out import HeldOut
    from digiphys_ros.learning.train.distributed import worker_of, train_distributed
    view = view_of(arguments)
    arguments.roi = view.roi
    recipe = with_region(_recipe(arguments), view)
    number, count = worker_of(os.environ)
    held_out = HeldOut(arguments.val_fraction, recipe.seed, arguments.split)
    parted = open_parts(arguments, held_out)
    out = Path(arguments.out)
    work = Path(arguments.work_dir) if arguments.work_dir else work_folder(out)
    if count > 1:
        sys.stderr.write(f'machine {number + 1} of {count}: waiting for all of them\n')
        # the chief continues alone from the common checkpoint
        arguments.resume = train_distributed(
            recipe, parted.training, {parted.name: parted.validation}, work=work,
            resume=arguments.resume, number=number, count=count)
        if not arguments.resume:
            sys.stdout.write('done; the chief writes the result\n')
            return 0
    report = _train(arguments, recipe, parted, held_out, work)
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(json.dumps(report['metrics'], indent=2) +
                         f'\nwritten: {arguments.out}\ncurves: {report["curves"]}\n')
    return 0


def _train(arguments: argparse.Namespace, recipe: 'Recipe', parted: 'Parted',
           held_out: 'HeldOut', work: Path) -> dict[str, Any]:
    from digiphys_ros.learning.train import train
    from digiphys_ros.learning.train.bundle import About
    from digiphys_ros.learning.train.table import train_table
    out, validation = Path(arguments.out), {parted.name: parted.validation}
    report: dict[str, Any] = {'curves': str(work / 'curves.png')}
    if parted.training.kind == 'table':
        metrics, history = train_table(recipe, parted.training, validation, out, work=work,
                                       resume=arguments.resume, held_out=held_out.record)
        return report | {'model': str(out / 'model.keras'), 'metrics': metrics,
                         'history': history}
    about = About(_command(arguments), tuple(arguments.source_note), parted.rule,
                  held_out.record)
    result = train(recipe, parted.training, validation, out, work=work,
                   resume=arguments.resume, about=about)
    return report | {'bundle': str(out), 'hash': result.bundle.hash,
                     'metrics': result.bundle.manifest.metrics, 'history': result.history}


def _recipe(arguments: argparse.Namespace) -> 'Recipe':
    from digiphys_ros.learning.recipe import load_recipe
    from digiphys_ros.yamlfile import parse_value
    recipe = load_recipe(arguments.recipe)
    changes = {name: getattr(arguments, name) for name in ('epochs', 'seed')
               if getattr(arguments, name) is not None}
    for text in arguments.overrides:
        field, equals, value = text.partition('=')
        if not equals:
            raise UsageError(f'--set {text}: FIELD=VALUE is needed, such as epochs=5.')
        changes[field] = parse_value(value)
    return recipe.replaced(changes) if changes else recipe


def _command(arguments: argparse.Namespace) -> str:
    """Return the command line that reproduces this bundle, with data by file name only."""
    words = ['digiphys', 'train', Path(arguments.recipe).name, '--data',
             Path(arguments.data).name, '--out', Path(arguments.out).name]
    for name, default in (('labels', None), ('val_fraction', VAL_FRACTION), ('split', None),
                          ('epochs', None), ('seed', None)):
        value = getattr(arguments, name)
        if value != default:
            words += [f'--{name.replace("_", "-")}', Path(str(value)).name]
    if arguments.roi is not None:
        words += ['--roi', str(View(arguments.roi))]
    for text in arguments.overrides:
        field, _, value = text.partition('=')
        words += ['--set', f'{field}={Path(value).name}']
    return shlex.join(words)
