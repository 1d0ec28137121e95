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
"""``digiphys sim sweep``: compare an application with its targets over many runs."""

import argparse
import os
import re
import sys
import time
from typing import Any

from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.simulation.options import add_application, add_jobs, add_json, add_run

MAX_SEEDS = 10_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_application(parser)
    parser.add_argument('--seeds', type=parse_seeds, default='0-19', metavar='FIRST-LAST',
                        help='seeds to run (%(default)s)')
    add_run(parser)
    add_jobs(parser, 'seeds')
    add_json(parser)
    # accepted in the old form
    parser.add_argument('--out', help=argparse.SUPPRESS)


def parse_seeds(text: str) -> range:
    """
    Return the seeds of ``FIRST-LAST``.

    Example::

        >>> parse_seeds('0-19')
        range(0, 20)
    """
    found = re.fullmatch(r'(\d{1,9})-(\d{1,9})', text)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(
            f'must be FIRST-LAST, such as 0-19, received {text!r:.40}')
    seeds = range(int(found[1]), int(found[2]) + 1)
    if len(seeds) > MAX_SEEDS:
        raise argparse.ArgumentTypeError(
            f'must be at most {MAX_SEEDS} seeds, received {len(seeds)}: {text!r:.40}')
    return seeds


def run(arguments: argparse.Namespace) -> int:
    """
    Run every seed and print a table.

    :return: 0 if all targets are met, otherwise 1.
    """
    check_targets(arguments, ['json'])
    from digiphys_ros.simulation.seeds import run_seeds, Task
    from digiphys_ros.simulation.targets import merge_targets
    from tqdm import tqdm
    seeds = arguments.seeds
    task = Task(arguments.app, arguments.seconds, arguments.bundle, not arguments.no_camera)
    jobs = min(arguments.jobs or len(os.sched_getaffinity(0)), len(seeds))
    started_s = time.perf_counter()
    with tqdm(run_seeds(task, seeds, jobs), total=len(seeds), unit='seed',
              disable=None) as progress:
        runs = sorted(progress, key=lambda run: run.seed)
    overall = merge_targets([run.targets for run in runs])
    report = _report(arguments, runs, overall, jobs)
    report['wall_s'] = round(time.perf_counter() - started_s, 1)
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(_table(report, runs, overall))
    return 0 if report['passed'] else 1


def _report(arguments: argparse.Namespace, runs: list[Any], overall: list[Any], jobs: int,
            ) -> dict[str, Any]:
    # of all processes together, without their start, which loads the classifier
    running_s = sum(run.wall_s for run in runs) / jobs
    simulated_s, frames = sum(run.simulated_s for run in runs), sum(run.frames for run in runs)
    return {
        'application': arguments.app.name,
        'seeds': f'{arguments.seeds[0]}-{arguments.seeds[-1]}',
        'camera': not arguments.no_camera, 'jobs': jobs,
        'simulated_s': round(simulated_s, 1), 'frames': frames,
        'simulated_seconds_per_second': round(simulated_s / running_s, 2),
        'frames_per_second': None if arguments.no_camera else round(frames / running_s, 1),
        'targets': [one.as_json() for one in overall],
        'passed': all(one.passed for one in overall), 'runs': [run.as_json() for run in runs]}


def _table(report: dict[str, Any], runs: list[Any], overall: list[Any]) -> str:
    names = [one.name for one in overall]
    lines = ['seed  simulated s   ' + '  '.join(names)]
    for run in runs:
        values = ['-' if one.value is None else f'{one.value:g}' for one in run.targets]
        cells = [f'{value:>{len(name)}}' for value, name in zip(values, names, strict=True)]
        lines.append(f'{run.seed:4}  {run.simulated_s:11.1f}   ' + '  '.join(cells))
    lines += [f'target     {one.summary()}' for one in overall]
    rate = 'no images, the policy got the ground truth' if not report['camera'] else \
        f'{report["frames_per_second"]} camera frames a second'
    lines.append(f'{report["simulated_s"]:.0f} s simulated in {report["wall_s"]} s on '
                 f'{report["jobs"]} processes: {report["simulated_seconds_per_second"]} times '
                 f'real time, {rate}')
    return '\n'.join(lines) + '\n'
