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

"""``digiphys data``: inspect and split labeled data."""

import argparse
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from digiphys_ros.cli.labeled import add_topics, source_of
from digiphys_ros.cli.output import write_json
from digiphys_ros.errors import UsageError

if TYPE_CHECKING:
    from digiphys_ros.learning.datasets import Dataset

MAX_EXAMPLES = 5
"""Number of examples of a problem that are printed; the JSON has all."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand and its two parts."""
    parser = subparsers.add_parser(
        'data', help='inspect and split labeled data',
        description='Inspect labeled images or tables before training, and split them into '
                    'training, validation and test samples.')
    parts = parser.add_subparsers(dest='part', metavar='inspect|split', required=True)
    inspect = parts.add_parser(
        'inspect', help='count samples; find unreadable files, duplicates and leakage',
        description='Counts, sizes, class balance, unreadable files, exact and near duplicates, '
                    'and leakage between the parts of a split, of the data, or of several data '
                    'sets. Exit code 1 if something must be fixed before training.')
    split = parts.add_parser(
        'split', help='split by class and group into a manifest',
        description='Split class by class and by whole groups, the same on every machine, '
                    'with the hash of each sample.')
    inspect.add_argument('data', metavar='URI', nargs='+',
                         help='labeled images or a table; of several, such as one for training '
                              'and one for tests, the common samples are reported')
    split.add_argument('data', metavar='URI', help='labeled images or a table')
    for one in (inspect, split):
        one.add_argument('--labels', metavar='FILE', help='class names, one a line')
        one.add_argument('--group', metavar='PATTERN',
                         help='group of a sample, from its name: a regular expression with '
                         r'parentheses around the group, such as "track_(\d+)"')
        one.add_argument('--similarity', type=_correlation, metavar='R',
                         help='correlation above which images count as near duplicates (0.985)')
        add_topics(one)
        one.add_argument('--json', metavar='FILE', help='write the report; - is standard output')
    inspect.add_argument('--split', metavar='FILE', help='check its parts for leakage')
    inspect.add_argument('--montage', metavar='FILE.png',
                         help='draw samples of each class, and near duplicates')
    split.add_argument('--out', required=True, metavar='FILE.json', help='the manifest to write')
    split.add_argument('--val-fraction', type=float, default=0.2, metavar='FRACTION',
                       help='for validation (%(default)s)')
    split.add_argument('--test-fraction', type=float, default=0.0, metavar='FRACTION',
                       help='for tests (%(default)s)')
    split.add_argument('--seed', type=int, default=0, metavar='N', help='(%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Inspect or split."""
    return _inspect(arguments) if arguments.part == 'inspect' else _split(arguments)


def _correlation(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(
            f'must be a number between 0 and 1, received {text!r:.40}')
    return value


def _open(uri: str, arguments: argparse.Namespace) -> 'Dataset':
    from digiphys_ros.learning.datasets.groups import group_by_name
    data = source_of(arguments, uri).open(labeled=False)
    return data if arguments.group is None else group_by_name(data, arguments.group)


def _inspect(arguments: argparse.Namespace) -> int:
    from digiphys_ros.learning.datasets.dataset import concat
    from digiphys_ros.learning.datasets.duplicates import ALIKE
    from digiphys_ros.learning.datasets.inspection import inspect_dataset
    from digiphys_ros.learning.datasets.labeled import split_labeled
    from digiphys_ros.learning.datasets.montage import montage
    sets = [_open(uri, arguments) for uri in arguments.data]
    if len(sets) > 1 and arguments.split:
        raise UsageError('--split: belongs to one data set, received several: name only one.')
    data = sets[0] if len(sets) == 1 else concat(sets)
    if arguments.montage and data.kind != 'image':
        raise UsageError(f'--montage {arguments.montage}: {data.uri} is a table: remove '
                         '--montage.')
    split = split_labeled(data, arguments.split, 0, 0) if arguments.split else None
    found = inspect_dataset(data, split, arguments.similarity or ALIKE)
    if arguments.montage:
        montage(data, Path(arguments.montage), found.near)
    report = found.report()
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(_text(report))
    return int(bool(report['problems']))


def _split(arguments: argparse.Namespace) -> int:
    from digiphys_ros.learning.datasets import save_split, split_dataset
    from digiphys_ros.learning.datasets.summary import fractions, left_out
    data = _open(arguments.data, arguments)
    if arguments.similarity:
        from digiphys_ros.learning.datasets.groups import merge_groups
        from digiphys_ros.learning.datasets.inspection import inspect_dataset
        found = inspect_dataset(data, None, arguments.similarity)
        data = merge_groups(data, [*found.exact, *found.near])
    split = split_dataset(data, arguments.val_fraction, arguments.test_fraction, arguments.seed)
    settings = {name: getattr(arguments, name)
                for name in ('val_fraction', 'test_fraction', 'seed', 'group', 'similarity')}
    try:
        save_split(arguments.out, data, split, settings)
    except OSError as error:
        raise UsageError(f'--out {arguments.out}: cannot be written: {error.strerror}.') from error
    parts = {name: data.take(indices) for name, indices in vars(split).items() if len(indices)}
    report = {'split': arguments.out, 'settings': settings, 'labels': list(data.labels),
              'counts': {name: part.counts().tolist() for name, part in parts.items()},
              'groups': {name: len(set(part.groups.tolist())) for name, part in parts.items()},
              'fractions': fractions(parts), 'grouping': data.grouping,
              'left_out': list(data.skipped)}
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        for name, counts in report['counts'].items():
            fraction, groups = report['fractions'][name], report['groups'][name]
            sys.stdout.write(f'{name:11}{sum(counts):7} samples ({fraction:.1%}) in {groups} '
                             f'groups, {min(counts)} to {max(counts)} a class\n')
        sys.stdout.write(f'groups: {data.grouping}\n')
        if data.skipped:
            sys.stdout.write(f'left out: {left_out(data)}\n')
        sys.stdout.write(f'split: {arguments.out}\n')
    return 0


def _text(report: dict[str, Any]) -> str:
    counts, duplicates, leakage = report['classes'], report['duplicates'], report['leakage']
    sizes = [f'{size}: {count}' for size, count in report['sizes'].items()]
    lines = [
        f'{report["samples"]} {report["kind"]}s in {len(counts)} classes and {report["groups"]} '
        f'groups: {report["grouping"]}',
        f'left out    {report["left_out_summary"] or "no files"}',
        'classes     ' + _join_names([f'{name}: {count}' for name, count in counts.items()], 50),
        f'imbalance   {report["imbalance"]}, most to fewest',
        'sizes       ' + _join_names(sizes, MAX_EXAMPLES),
        f'unreadable  {len(report["unreadable"])}',
        *[f'  {one["reason"]}' for one in report['unreadable'][:MAX_EXAMPLES]],
        f'duplicates  {_count_text(duplicates["exact"])} equal; '
        f'{_count_text(duplicates["near"])} similar',
        *[f'  different labels: {" = ".join(group[:3])}'
          for group in duplicates['of_different_classes'][:MAX_EXAMPLES]]]
    if leakage is not None:
        parts = [f'{name}: {count}' for name, count in report['parts'].items()]
        lines.append(f'parts       {_join_names(parts, MAX_EXAMPLES)}')
        for name, what in (('exact', 'sets of equal samples'), ('near', 'sets of similar images'),
                           ('groups', 'groups')):
            lines += [f'leakage     {len(leakage[name])} {what} in several parts',
                      *[f'  {_sides(one)}' for one in leakage[name][:MAX_EXAMPLES]]]
    lines += [f'problem     {problem}' for problem in report['problems']]
    return '\n'.join(lines) + '\n'


def _join_names(names: list[str], most: int) -> str:
    rest = len(names) - most
    return ', '.join(names[:most]) + (f' and {rest} more' if rest > 0 else '')


def _count_text(groups: list[list[str]]) -> str:
    return f'{sum(map(len, groups))} samples in {len(groups)} sets are'


def _sides(found: dict[str, list[str]]) -> str:
    return ', '.join(f'{side}: {keys[0]}' for side, keys in found.items())
