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

"""``digiphys tune``: search the ranges of a recipe."""

import argparse
import os
from pathlib import Path
import sys
from typing import Any

from digiphys_ros.cli.labeled import add_topics, open_parts
from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.view import add_view, view_of, with_region
from digiphys_ros.errors import UsageError
from digiphys_ros.learning.defaults import VAL_FRACTION


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'tune', help="search a recipe's ranges for the best validation accuracy",
        description='Train a recipe with values from its ranges (field tune), prune poor trials '
                    'early, and write the best values as a recipe. A second call continues the '
                    'study; several workers may share it.')
    parser.add_argument('recipe', metavar='RECIPE',
                        help='YAML file: a path, or the name of one in config/recipes/')
    parser.add_argument('--data', required=True, metavar='URI', help='labeled images or a table')
    parser.add_argument('--study', required=True, metavar='FILE.db',
                        help='SQLite file of the trials, or the URL of a database')
    parser.add_argument('--out', required=True, metavar='FILE.yaml', help='recipe file to write')
    parser.add_argument('--trials', type=int, default=20, metavar='N',
                        help='number of finished trials (%(default)s)')
    parser.add_argument('--epochs', type=int, metavar='N',
                        help="epochs of a trial, instead of the recipe's")
    parser.add_argument('--labels', metavar='FILE', help='class names, one a line')
    parser.add_argument('--val-fraction', default=VAL_FRACTION, metavar='FRACTION',
                        help='as for digiphys train (%(default)s)')
    parser.add_argument('--split', metavar='FILE', help='a split made by digiphys data split')
    parser.add_argument('--plot', metavar='FILE.png', help='plot the study')
    add_topics(parser)
    add_view(parser)
    parser.add_argument('--json', metavar='FILE', help='write the trials; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Search and report."""
    check_targets(arguments, ['json', 'plot', 'out'])
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    if arguments.trials < 1:
        raise UsageError(f'--trials must be at least 1, received {arguments.trials}.')
    from digiphys_ros.learning.held_out import HeldOut
    from digiphys_ros.learning.recipe import load_recipe
    from digiphys_ros.learning.tune import open_study, plot_study, tune
    import yaml
    recipe = with_region(load_recipe(arguments.recipe), view_of(arguments))
    parted = open_parts(arguments, HeldOut(arguments.val_fraction, recipe.seed, arguments.split))
    study = open_study(arguments.study, recipe.name)
    short = recipe if arguments.epochs is None else recipe.replaced(
        {'epochs': arguments.epochs}).model_copy(update={'tune': recipe.tune})
    best = tune(short, parted.training, {parted.name: parted.validation}, study,
                arguments.trials).replaced({'epochs': recipe.epochs})
    text = yaml.safe_dump(best.model_dump(mode='json', exclude_defaults=True), sort_keys=False)
    try:
        Path(arguments.out).write_text(text, encoding='utf-8')
    except OSError as error:
        raise UsageError(f'--out {arguments.out}: cannot be written: {error.strerror}.') from error
    report = {
        'recipe': arguments.out, 'best': {'accuracy': study.best_value, **study.best_params},
        'validation_images': len(parted.validation),
        'trials': [{'number': trial.number, 'state': trial.state.name.lower(),
                    'accuracy': trial.value, 'epochs': len(trial.intermediate_values),
                    'values': trial.params} for trial in study.get_trials(deepcopy=False)]}
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.plot:
        plot_study(study, Path(arguments.plot))
    if arguments.json != '-':
        values = ', '.join(f'{field} = {value:g}' if isinstance(value, float)
                           else f'{field} = {value}' for field, value in
                           study.best_params.items())
        sys.stdout.write(f'best of {len(report["trials"])} trials: accuracy '
                         f'{study.best_value:.4f} on {len(parted.validation)} images, {values}\n'
                         f'recipe: {arguments.out}\n')
    return 0
