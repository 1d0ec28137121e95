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

"""``digiphys data``: look at labelled data, and split it."""

import argparse
from pathlib import Path
import sys
from typing import Any

from digiphys_ros.cli.labelled import open_labelled, split_labelled
from digiphys_ros.cli.output import write_json
from digiphys_ros.errors import UsageError

TOLD = 5
"""How many examples of a problem are printed; the JSON has all."""


def add_parser(subparsers: Any) -> None:
    """Add the verb and its two parts."""
    parser = subparsers.add_parser(
        'data', help='look at labelled data, and split it',
        description='Look at labelled images or tables before training on them, and write down '
                    'which sample is for training and which for validation.')
    parts = parser.add_subparsers(dest='part', metavar='inspect|split', required=True)
    inspect = parts.add_parser(
        'inspect', help='count, and find what is unreadable, doubled or on both sides',
        description='Counts, sizes, class balance, unreadable files, exact and near duplicates, '
                    'and leakage between the parts of a split.')
    split = parts.add_parser(
        'split', help='split by class and group, and write it down',
        description='Split class by class, whole groups at a time, the same on every machine, '
                    'with the hash of each sample.')
    for one in (inspect, split):
        one.add_argument('data', metavar='URI', help='labelled images or a table')
        one.add_argument('--labels', metavar='FILE', help='class names, one a line')
        one.add_argument('--json', metavar='FILE', help='write the report; - is standard output')
    inspect.add_argument('--split', metavar='FILE', help='look for leakage between its parts')
    inspect.add_argument('--montage', metavar='FILE.png', help='draw samples of each class')
    split.add_argument('--out', required=True, metavar='FILE.json', help='the manifest to write')
    split.add_argument('--validation', type=float, default=0.2, metavar='SHARE',
                       help='(%(default)s)')
    split.add_argument('--test', type=float, default=0.0, metavar='SHARE', help='(%(default)s)')
    split.add_argument('--seed', type=int, default=0, metavar='N', help='(%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Inspect or split."""
    return _inspect(arguments) if arguments.part == 'inspect' else _split(arguments)


def _inspect(arguments: argparse.Namespace) -> int:
    from digiphys_ros.learning.datasets.inspection import inspect_dataset, montage
    data = open_labelled(arguments.data, arguments.labels)
    split = split_labelled(data, arguments.split, 0, 0) if arguments.split else None
    if arguments.montage and data.kind != 'image':
        raise UsageError(f'--montage {arguments.montage}: {arguments.data} is a table.')
    report = inspect_dataset(data, split)
    if arguments.montage:
        montage(data, Path(arguments.montage))
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(_text(report))
    return 1 if report['unreadable'] or report['leakage'] else 0


def _split(arguments: argparse.Namespace) -> int:
    from digiphys_ros.learning.datasets import save_split, split_dataset
    data = open_labelled(arguments.data, arguments.labels)
    split = split_dataset(data, arguments.validation, arguments.test, arguments.seed)
    settings = {name: getattr(arguments, name) for name in ('validation', 'test', 'seed')}
    try:
        save_split(arguments.out, data, split, settings)
    except OSError as error:
        raise UsageError(f'--out {arguments.out}: cannot be written: {error.strerror}.') from error
    counts = {name: data.take(indices).counts().tolist() if len(indices) else [0] * len(
        data.labels) for name, indices in vars(split).items()}
    report = {'split': arguments.out, 'settings': settings, 'labels': list(data.labels),
              'counts': counts}
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        for name, values in counts.items():
            sys.stdout.write(f'{name:11}{sum(values):7} samples, {min(values)} to {max(values)} '
                             'a class\n')
        sys.stdout.write(f'split: {arguments.out}\n')
    return 0


def _text(report: dict[str, Any]) -> str:
    counts = report['classes']
    rare = min(counts, key=counts.__getitem__)
    common = max(counts, key=counts.__getitem__)
    duplicates = report['duplicates']
    lines = [
        f'{report["samples"]} {report["kind"]}s in {len(counts)} classes and {report["groups"]} '
        f'groups',
        f'classes     {counts[rare]} ("{rare}") to {counts[common]} ("{common}") samples, '
        f'imbalance {report["imbalance"]}',
        'sizes       ' + ', '.join(f'{size}: {count}' for size, count
                                   in list(report['sizes'].items())[:TOLD])
        + (f' and {len(report["sizes"]) - TOLD} more' if len(report['sizes']) > TOLD else ''),
        f'unreadable  {len(report["unreadable"])}',
        *[f'  {one["reason"]}' for one in report['unreadable'][:TOLD]],
        f'duplicates  {len(duplicates["exact"])} exact, {len(duplicates["near"])} near, '
        f'{len(duplicates["of_different_classes"])} of them with different labels',
        *[f'  {" = ".join(group[:3])}' for group in duplicates['of_different_classes'][:TOLD]]]
    if report['leakage'] is not None:
        lines += [f'leakage     {len(report["leakage"])}',
                  *[f'  {", ".join(f"{side}: {key}" for side, key in one.items())}'
                    for one in report['leakage'][:TOLD]]]
    return '\n'.join(lines) + '\n'
