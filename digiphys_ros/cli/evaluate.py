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

"""``digiphys evaluate``: measure a bundle on labeled images."""

import argparse
from collections.abc import Mapping
import os
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from digiphys_ros.cli.labeled import add_topics, open_parts_as_trained, source_of
from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.view import add_view, View, view_of
from digiphys_ros.errors import UsageError
from digiphys_ros.resources import find_resource

if TYPE_CHECKING:
    from digiphys_ros.learning.datasets import Dataset


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'evaluate', help='measure a model bundle on labeled images',
        description='Measure accuracy, calibration, abstention and robustness of a bundle, run '
                    'as on the robot.')
    parser.add_argument('bundle', metavar='BUNDLE', help='a path, or a name in models/')
    parser.add_argument('--data', required=True, metavar='URI',
                        help='labeled images or a table, as for digiphys train')
    parser.add_argument('--labels', metavar='FILE',
                        help='class names, one a line: a path, or a name in config/labels/ '
                             '(default: those of the data)')
    parser.add_argument('--part', choices=('train', 'val', 'test'),
                        help='one part of data that comes in parts')
    parser.add_argument('--split', metavar='FILE',
                        help='a split made by digiphys data split: its validation part')
    parser.add_argument('--validation', action='store_true',
                        help='the images that digiphys train held out for this bundle')
    parser.add_argument('--val-fraction', metavar='FRACTION',
                        help='the images that digiphys train holds out with this fraction and '
                             '--seed, or `part`')
    parser.add_argument('--seed', type=int, metavar='N',
                        help='(default: as the bundle was trained, or 0)')
    parser.add_argument('--outliers', metavar='URI',
                        help='out-of-distribution images; reports AUROC against the data')
    parser.add_argument('--robustness', type=int, default=500, metavar='N',
                        help='images to corrupt, 0 for none (%(default)s)')
    parser.add_argument('--baselines', action='store_true',
                        help='also train a decision tree and a support-vector machine on what '
                             '--validation, --val-fraction or --split leaves to training')
    parser.add_argument('--limit', type=int, metavar='N', help='at most N images, at random')
    parser.add_argument('--engine', default='auto', help='inference engine (%(default)s)')
    parser.add_argument('--plot', metavar='FILE.png', help='plot the report')
    add_topics(parser)
    add_view(parser)
    parser.add_argument('--json', metavar='FILE', help='write the report; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    check_targets(arguments, ['json', 'plot'])
    if arguments.robustness < 0 or (arguments.limit is not None and arguments.limit < 1):
        raise UsageError('--robustness must be at least 0 and --limit at least 1, received '
                         f'{arguments.robustness} and {arguments.limit or "none"}.')
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    from digiphys_ros.learning.evaluate.plot import plot_report
    from digiphys_ros.learning.evaluate.table import is_table_model
    folder = find_resource(arguments.bundle, 'models')
    report = (_table if is_table_model(folder) else _bundle)(folder, arguments)
    report['data'] = Path(arguments.data).name
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.plot:
        plot_report(report, Path(arguments.plot))
    if arguments.json != '-':
        sys.stdout.write(_text(report))
    return 0


def _bundle(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from digiphys_ros.bundles import load_bundle
    from digiphys_ros.learning.datasets.labeled import LabeledSource
    from digiphys_ros.learning.evaluate import evaluate_bundle
    from digiphys_ros.learning.held_out import held_out_in
    from digiphys_ros.pipeline.model import load_model
    bundle = load_bundle(folder)
    view = view_of(arguments, bundle.spec)
    engine = load_model(bundle, arguments.engine).engine
    data, training = _data(arguments, held_out_in(bundle.manifest.provenance))
    outliers = LabeledSource(arguments.outliers).open(labeled=False) \
        if arguments.outliers else None
    report = evaluate_bundle(
        bundle, engine, data, outliers=_limit(outliers, arguments),
        robustness_images=arguments.robustness, seed=arguments.seed or 0, roi=view.roi)
    if arguments.baselines and training is not None:
        report['baselines'] = _baselines(training, data, arguments.seed or 0, view)
    return report


def _table(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from digiphys_ros.learning.evaluate.table import evaluate_table, read_about
    from digiphys_ros.learning.held_out import held_out_in
    for name in ('outliers', 'baselines', 'roi', 'config'):
        if getattr(arguments, name):
            raise UsageError(f'--{name}: is for bundles, and {folder.name} is a model for a '
                             'table: remove the option.')
    return evaluate_table(folder, _data(arguments, held_out_in(read_about(folder)))[0])


def _data(arguments: argparse.Namespace, trained: Mapping[str, Any]
          ) -> tuple['Dataset', 'Dataset | None']:
    """Return the images to measure on, and those that a split leaves to training."""
    chosen = [f'--{name.replace("_", "-")}' for name in
              ('part', 'split', 'validation', 'val_fraction') if getattr(arguments, name)]
    if len(chosen) > 1:
        raise UsageError(f'{chosen[0]} and {chosen[1]} both choose images: give one of them.')
    if arguments.baselines and chosen in ([], ['--part']):
        raise UsageError('--baselines: nothing says which images to train them on: give '
                         '--validation, --val-fraction FRACTION or --split FILE.')
    training = None
    if chosen not in ([], ['--part']):
        parts = open_parts_as_trained(arguments, trained)
        data, training = parts.validation, parts.training
    else:
        from digiphys_ros.learning.held_out import left_out_note
        data = source_of(arguments).open(arguments.part)
        _note_joined_parts(data)
        if note := left_out_note(data):
            sys.stderr.write(f'{note}\n')
    limited = _limit(data, arguments)
    assert limited is not None
    return limited, training


def _baselines(training: 'Dataset', held_out: 'Dataset', seed: int, view: View
               ) -> list[dict[str, Any]]:
    """Return the figures of simpler models on the same images."""
    from digiphys_ros.learning.baselines import BASELINES, train_baseline
    figures = [train_baseline(kind, training, held_out, seed=seed, roi=view.roi)
               for kind in BASELINES]
    return [{'name': one['baseline'], **{name: one[name] for name in (
        'accuracy', 'balanced_accuracy', 'images', 'training_images')}} for one in figures]


def _note_joined_parts(data: 'Dataset') -> None:
    """Print which parts are measured together, as training images would raise the figures."""
    import numpy as np
    if data.parts is None:
        return
    parts, counts = np.unique(data.parts, return_counts=True)
    if len(parts) > 1:
        joined = ' and '.join(f'{part} ({count})' for part, count in zip(parts, counts,
                                                                         strict=True))
        sys.stderr.write(f'the parts {joined} are joined; --part takes one of them\n')


def _limit(data: 'Dataset | None', arguments: argparse.Namespace) -> 'Dataset | None':
    import numpy as np
    if data is None or arguments.limit is None or arguments.limit >= len(data):
        return data
    chosen = np.random.default_rng(arguments.seed or 0).permutation(len(data))[:arguments.limit]
    return data.take(np.sort(chosen))


def _text(report: dict[str, Any]) -> str:
    low, high = report['accuracy_95']
    worst = report['worst_class']
    lines = [
        f'{report["bundle"]} {report["hash"][:12]}, engine {report["engine"]}, '
        f'{report["images"]} images of {report["data"]}',
        f'accuracy           {report["accuracy"]:.4f} (95 %: {low:.4f} to {high:.4f})',
        f'balanced accuracy  {report["balanced_accuracy"]:.4f}',
        f'calibration error  {report["ece"]:.4f} (before temperature scaling '
        f'{report["ece_before_temperature"]:.4f})',
        f'answered           {report["answered"]:.4f} of the images, of which '
        f'{report["accuracy_of_answers"] or 0:.4f} correct',
        f'worst class        {worst["class"]}: recall {worst["recall"]:.4f} '
        f'of {worst["images"]} images']
    if report['worst_group']:
        group = report['worst_group']
        lines.append(f'worst group        {group["group"]}: {group["accuracy"]:.4f} of '
                     f'{group["images"]} images, of {group["groups"]} groups')
    if 'outliers' in report:
        lines.append(f'outliers           AUROC {report["outliers"]["auroc"]:.4f}, answered '
                     f'{report["outliers"]["answered"]:.4f}, '
                     f'{report["outliers"]["images"]} images')
    lines += [f'{one["name"]:18} {one["accuracy"]:.4f}, balanced {one["balanced_accuracy"]:.4f}, '
              f'{one["images"]} images, trained on {one["training_images"]}'
              for one in report.get('baselines', ())]
    robustness = report['robustness']
    if robustness['images']:
        kinds = sum(values is not None for values in robustness['corruptions'].values())
        lines.append(f'corrupted          {robustness["mean_accuracy_corrupted"]:.4f} on average '
                     f'over {kinds} corruptions, {robustness["images"]} images, clean '
                     f'{robustness["accuracy"]:.4f}')
        steps = robustness['fgsm_px']
        lines.append('FGSM               ' + (
            ', '.join(f'{step} px: {value:.4f}' for step, value in steps.items()) if steps
            else f'not measured: {robustness["fgsm_missing"]}'))
    return '\n'.join(lines) + '\n'
