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
"""``digiphys sim scenario``: run scenarios in parallel, print a table and plot the results."""

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import sys
import time
from typing import Any

from digiphys_ros.cli.output import check_targets, write_json
from digiphys_ros.cli.simulation.options import add_jobs, add_json
from digiphys_ros.errors import UsageError
from digiphys_ros.resources import find_resource


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('scenarios', nargs='+', metavar='FILE',
                        help='scenario files, folders of them, or names in config/scenarios')
    parser.add_argument('--out', default='out/sim', metavar='DIR',
                        help='folder for scenarios.png and images of failures (%(default)s)')
    add_jobs(parser, 'scenarios')
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run scenarios."""
    check_targets(arguments, ['json'], ['out'])
    return run_scenarios(arguments.scenarios, out=Path(arguments.out), json=arguments.json,
                         jobs=arguments.jobs)


def run_scenarios(names: Sequence[str], *, out: Path, json: str | None, jobs: int = 0) -> int:
    """
    Run scenarios.

    :param names: files, folders of them, or names in config/scenarios.
    :param out: folder for scenarios.png and the images of failures.
    :param json: file for the report; - is standard output.
    :param jobs: number of parallel processes, 0 for one per core.
    :return: 0 if all expectations are met, otherwise 1.
    :raises ConfigError: for an invalid scenario, before any is run.
    """
    from digiphys_ros.applications import find_application
    from digiphys_ros.simulation.scenarios.plot import draw
    from digiphys_ros.simulation.scenarios.scenario import load_scenario
    from digiphys_ros.simulation.scenarios.trial import run_trials
    from tqdm import tqdm
    paths = _files(names)
    for path in paths:
        load_scenario(path, find_application)
    out.mkdir(parents=True, exist_ok=True)
    started_s = time.perf_counter()
    jobs = jobs or len(os.sched_getaffinity(0))
    with tqdm(run_trials(paths, out, jobs, find_application), total=len(paths), unit='scenario',
              disable=None) as progress:
        trials = sorted(progress, key=lambda trial: trial.name)
    draw(trials, out / 'scenarios.png')
    report = {'passed': all(trial.passed for trial in trials), 'jobs': jobs,
              'wall_s': round(time.perf_counter() - started_s, 1),
              'scenarios': [trial.as_json() for trial in trials]}
    if json:
        write_json(report, json)
    if json != '-':
        sys.stdout.write(_table(report, out))
    return 0 if report['passed'] else 1


def _files(names: Sequence[str]) -> list[Path]:
    found = [find_resource(name, 'config/scenarios') for name in names]
    paths = [path for place in found
             for path in (sorted(place.glob('*.yaml')) if place.is_dir() else [place])]
    if not paths:
        raise UsageError(f'{" ".join(names)}: has no .yaml file; name a scenario file or a '
                         'folder of them.')
    twice = {path.stem for path in paths if [one.stem for one in paths].count(path.stem) > 1}
    if twice:
        raise UsageError(f'{", ".join(sorted(twice))} is given twice: name each scenario once.')
    return paths


def _table(report: dict[str, Any], out: Path) -> str:
    trials = report['scenarios']
    width = max(len(trial['scenario']) for trial in trials)
    lines = []
    for trial in trials:
        met = sum(one['passed'] for one in trial['expectations'])
        lines.append(
            f'{"ok  " if trial["passed"] else "FAIL"} {trial["scenario"]:{width}}  '
            f'{met} of {len(trial["expectations"])} passed  {trial["simulated_s"]:7.1f} s '
            f'simulated in {trial["wall_s"]:6.1f} s')
        for one in trial['expectations']:
            if not one['passed']:
                lines.append(f'     {one["expectation"]} {one["bound"]:g}: at {one["time_s"]} s '
                             f'{one["reason"]}')
                lines.append(f'       command {one["command"]}, frame {one["image"]}')
    passed = sum(trial['passed'] for trial in trials)
    lines.append(f'{passed} of {len(trials)} scenarios passed, {report["wall_s"]} s on '
                 f'{report["jobs"]} processes; {out / "scenarios.png"}')
    return '\n'.join(lines) + '\n'
