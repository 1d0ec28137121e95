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

"""``digiphys train``: labelled images to a bundle."""

import argparse
import json
from pathlib import Path
import shlex
import sys
from typing import Any

from digiphys_ros.cli.output import write_json
from digiphys_ros.errors import DatasetError, UsageError
from digiphys_ros.resources import find_resource


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        'train', help='train a network and write a model bundle',
        description='Train a convolutional network on labelled images, hold whole '
                    'groups out for validation, calibrate, export and write a bundle.')
    parser.add_argument('--data', required=True, metavar='FILE.npz',
                        help='arrays x (images), y (classes) and, if there are groups, track')
    parser.add_argument('--out', required=True, metavar='DIR', help='the bundle to write')
    parser.add_argument('--labels', metavar='FILE',
                        help='class names, one a line: a path, or a name in config/labels/ '
                             '(default: the class numbers)')
    parser.add_argument('--name', help='name of the model (default: that of DIR)')
    parser.add_argument('--epochs', type=int, default=10, metavar='N', help='(%(default)s)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='(%(default)s)')
    parser.add_argument('--augment', action='store_true',
                        help='vary size, place and light as on an approach; needs --scenery '
                             'or --drawn')
    parser.add_argument('--scenery', metavar='SOURCE',
                        help='pictures without any class, for the class no_sign')
    parser.add_argument('--drawn', type=int, default=0, metavar='N',
                        help='mix in N drawn signs and scenes (needs --labels gtsrb)')
    parser.add_argument('--source-note', action='append', default=[], metavar='TEXT',
                        help='where the data comes from, for the model card')
    parser.add_argument('--json', metavar='FILE', help='write the figures; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Train and report."""
    from digiphys_ros.learning.datasets import load_npz, read_labels
    from digiphys_ros.learning.train import Recipe, train
    if arguments.epochs < 1:
        raise UsageError(f'--epochs must be at least 1, received {arguments.epochs}.')
    if arguments.augment and not (arguments.scenery or arguments.drawn):
        raise UsageError('--augment needs --scenery or --drawn: pictures without a sign.')
    if not Path(arguments.data).is_file():
        raise UsageError(f'--data {arguments.data}: no such file.')
    data = load_npz(arguments.data)
    names = tuple(map(str, range(int(data.labels.max()) + 1)))
    if arguments.labels:
        names = read_labels(_labels_file(arguments.labels))
    out = Path(arguments.out)
    recipe = Recipe(
        name=arguments.name or out.name, epochs=arguments.epochs, seed=arguments.seed,
        augment=arguments.augment, drawn=arguments.drawn, scenery=arguments.scenery,
        command=_command(arguments), sources=tuple(arguments.source_note))
    if recipe.drawn and 'stop' not in names:
        raise DatasetError('--drawn needs the sign names of config/labels/gtsrb.txt: '
                           'add --labels gtsrb')
    result = train(data, names, recipe, out)
    figure = out.with_name(f'{out.name}_curves.png')
    _plot(result.history, figure)
    report = {'bundle': str(out), 'hash': result.bundle.hash, 'metrics': result.metrics,
              'history': result.history, 'curves': str(figure)}
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(json.dumps(result.metrics, indent=2) + f'\nbundle: {out}\n')
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """Return the command line that makes this bundle again, data by file name alone."""
    words = ['digiphys', 'train', '--data', Path(arguments.data).name, '--out',
             Path(arguments.out).name, '--epochs', str(arguments.epochs), '--seed',
             str(arguments.seed)]
    if arguments.labels:
        words += ['--labels', arguments.labels]
    if arguments.augment:
        words.append('--augment')
    if arguments.scenery:
        words += ['--scenery', Path(arguments.scenery).name]
    if arguments.drawn:
        words += ['--drawn', str(arguments.drawn)]
    return shlex.join(words)


def _labels_file(name: str) -> Path:
    return find_resource(name if name.endswith('.txt') else f'{name}.txt', 'config/labels')


def _plot(history: list[dict[str, float]], path: Path) -> None:
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 3.5), layout='constrained')
    epochs = range(1, len(history) + 1)
    for axes, key in zip(figure.subplots(1, 2), ('loss', 'accuracy'), strict=True):
        for name in (key, f'val_{key}'):
            axes.plot(epochs, [epoch[name] for epoch in history], marker='.',
                      label='validation' if name.startswith('val') else 'training')
        axes.set(xlabel='epoch', ylabel=key)
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
