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

"""``digiphys evaluate``: how good a bundle is, on which images."""

import argparse
import os
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from digiphys_ros.cli.labelled import add_topics, open_labelled, split_labelled
from digiphys_ros.cli.output import write_json
from digiphys_ros.errors import UsageError
from digiphys_ros.resources import find_resource

if TYPE_CHECKING:
    from digiphys_ros.learning.datasets import Dataset


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        'evaluate', help='measure a model bundle on labelled images',
        description='Measure accuracy, calibration, abstention and robustness of a bundle, run '
                    'as the robot runs it.')
    parser.add_argument('bundle', metavar='BUNDLE', help='a path, or a name in models/')
    parser.add_argument('--data', required=True, metavar='URI',
                        help='labelled images: a folder or .zip of class folders, or an .npz')
    parser.add_argument('--labels', metavar='FILE',
                        help='class names, one a line: a path, or a name in config/labels/ '
                             '(default: those of the data)')
    parser.add_argument('--part', choices=('train', 'val', 'test'),
                        help='one part of data that comes in parts')
    parser.add_argument('--split', metavar='FILE',
                        help='a split made by digiphys data split: its validation part')
    parser.add_argument('--validation', type=float, metavar='SHARE',
                        help='the images that digiphys train holds out with this share and --seed')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='(%(default)s)')
    parser.add_argument('--outliers', metavar='URI',
                        help='images of none of the classes: how well they are told apart')
    parser.add_argument('--robustness', type=int, default=500, metavar='N',
                        help='images to corrupt, 0 for none (%(default)s)')
    parser.add_argument('--baselines', action='store_true',
                        help='also train a decision tree and a support-vector machine on what '
                             '--validation or --split leaves to training')
    parser.add_argument('--limit', type=int, metavar='N', help='at most N images, at random')
    parser.add_argument('--engine', default='auto', help='inference engine (%(default)s)')
    parser.add_argument('--plot', metavar='FILE.png', help='draw the report')
    add_topics(parser)
    parser.add_argument('--json', metavar='FILE', help='write the report; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Measure and report."""
    if arguments.robustness < 0 or (arguments.limit is not None and arguments.limit < 1):
        raise UsageError('--robustness must be at least 0 and --limit at least 1, received '
                         f'{arguments.robustness} and {arguments.limit or "none"}.')
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    from digiphys_ros.learning.evaluate import evaluate_bundle
    from digiphys_ros.learning.evaluate.plot import plot_report
    from digiphys_ros.perception import check_golden, create_engine, load_bundle
    bundle = load_bundle(find_resource(arguments.bundle, 'models'))
    engine, _ = create_engine(bundle, arguments.engine)
    check_golden(bundle, engine)
    data, training = _data(arguments)
    outliers = open_labelled(arguments.outliers, labelled=False) if arguments.outliers else None
    report = evaluate_bundle(
        bundle, engine, data, outliers=_limited(outliers, arguments),
        robustness_images=arguments.robustness, seed=arguments.seed)
    report['data'] = Path(arguments.data).name
    if arguments.baselines and training is not None:
        report['baselines'] = _baselines(training, data, arguments.seed)
    if arguments.plot:
        plot_report(report, Path(arguments.plot))
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(_text(report))
    return 0


def _data(arguments: argparse.Namespace) -> tuple['Dataset', 'Dataset | None']:
    """Return the images to measure on, and those that a split leaves to training."""
    chosen = [name for name in ('part', 'split', 'validation') if getattr(arguments, name)]
    if len(chosen) > 1:
        raise UsageError(f'--{chosen[0]} and --{chosen[1]} both choose images: give one of them.')
    if arguments.baselines and not (arguments.split or arguments.validation):
        raise UsageError('--baselines: nothing says which images to train them on: give '
                         '--validation SHARE or --split FILE.')
    data = open_labelled(arguments.data, arguments.labels, arguments.part, topics=arguments)
    training = None
    if arguments.split or arguments.validation:
        split = split_labelled(data, arguments.split, arguments.validation or 0, arguments.seed)
        data, training = data.take(split.validation), data.take(split.train)
    limited = _limited(data, arguments)
    assert limited is not None
    return limited, training


def _baselines(training: 'Dataset', held_out: 'Dataset', seed: int) -> list[dict[str, Any]]:
    """Return what simpler models reach on the same images."""
    from digiphys_ros.learning.baselines import KINDS, train_baseline
    from digiphys_ros.learning.datasets import Split
    from digiphys_ros.learning.datasets.dataset import joined
    import numpy as np
    both = joined(held_out.uri, held_out.labels, [training, held_out])
    ends = np.split(np.arange(len(both)), [len(training), len(both)])
    figures = [train_baseline(kind, both, Split(*ends), seed=seed) for kind in KINDS]
    return [{'name': one['baseline'], **{name: one[name] for name in (
        'accuracy', 'balanced_accuracy', 'images', 'training_images')}} for one in figures]


def _limited(data: 'Dataset | None', arguments: argparse.Namespace) -> 'Dataset | None':
    import numpy as np
    if data is None or arguments.limit is None or arguments.limit >= len(data):
        return data
    chosen = np.random.default_rng(arguments.seed).permutation(len(data))[:arguments.limit]
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
        f'{report["accuracy_of_answers"] or 0:.4f} right',
        f'worst class        {worst["class"]}: recall {worst["recall"]:.4f} '
        f'of {worst["images"]} images']
    if report['worst_group']:
        group = report['worst_group']
        lines.append(f'worst group        {group["group"]}: {group["accuracy"]:.4f} of '
                     f'{group["images"]} images, of {group["groups"]} groups')
    if 'outliers' in report:
        lines.append(f'outliers           AUROC {report["outliers"]["auroc"]:.4f}, '
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
