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

"""``digiphys sim``: an application in closed loop in the embedded simulator, without ROS."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
import sys
import time
from typing import Any

from digiphys_ros.cli.output import check_display, check_targets, write_json
from digiphys_ros.cli.seeds import parse_seeds
from digiphys_ros.errors import UsageError

LONGEST_S = 300.0
USES = {'scenario': ('jobs', 'json', 'out'), 'collect': ('count', 'json', 'out', 'seed'),
        'seeds': ('bundle', 'jobs', 'json', 'no_camera', 'out', 'seconds')}
"""What runs something else than one application once, and which options it has a use for."""


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    from digiphys_ros.applications import APPLICATIONS
    parser = subparsers.add_parser(
        'sim', help='run an application in closed loop in the embedded simulator',
        description='Close the loop without ROS: a simulated camera, the classifier, the policy '
                    'and the gates, and a world that moves as they command. With ROS: the node '
                    'sim, or digiphys demo.')
    parser.add_argument('app', nargs='?', metavar='APP', help=', '.join(APPLICATIONS))
    parser.add_argument('--seed', type=int, metavar='N',
                        help='the same seed gives the same run (0)')
    parser.add_argument('--seeds', metavar='FIRST-LAST',
                        help='run with each of these seeds and measure the application against '
                             'its targets')
    parser.add_argument('--seconds', type=float, metavar='N',
                        help='simulated seconds (default: until it ends, at most '
                             f'{LONGEST_S:.0f})')
    parser.add_argument('--bundle', metavar='NAME',
                        help='model bundle: a path, or a name in models/ (default: the one of '
                             'the application)')
    parser.add_argument('--data', metavar='DATA',
                        help='X-rays that triage shows, a folder or a data set (default: drawn '
                             'ones)')
    parser.add_argument('--view', action='store_true', help='show the pictures in a window')
    parser.add_argument('--record', metavar='FILE.mp4', help='write the pictures as a film')
    parser.add_argument('--json', metavar='FILE', help='write the report; - is standard output')
    parser.add_argument('--out', default='out/sim', metavar='DIR',
                        help='where report.png goes (%(default)s)')
    parser.add_argument('--no-camera', action='store_true',
                        help='make no pictures and tell the classifier the truth; needs no GL')
    parser.add_argument('--scenario', nargs='+', metavar='FILE',
                        help='run scenarios instead: files, folders, or names in '
                             'config/scenarios')
    parser.add_argument('--jobs', type=int, metavar='N',
                        help='scenarios or seeds at a time (default: one a core)')
    parser.add_argument('--collect', metavar='DIR',
                        help='write labelled pictures for digiphys train instead')
    parser.add_argument('--count', type=int, metavar='N',
                        help='how many pictures to collect (1000)')


def run(arguments: argparse.Namespace) -> int:
    """Run an application, or scenarios, or collect pictures."""
    _check(arguments)
    arguments.seed, arguments.jobs = arguments.seed or 0, arguments.jobs or 0
    check_targets(arguments, ['json'], ['out'])
    if arguments.scenario:
        from digiphys_ros.cli.scenarios import run as run_scenarios
        return int(run_scenarios(arguments.scenario, out=Path(arguments.out),
                                 json=arguments.json, jobs=arguments.jobs))
    if arguments.collect:
        return _collect(arguments)
    if arguments.seeds:
        from digiphys_ros.cli.seeds import run as run_seeds
        return int(run_seeds(arguments, arguments.seconds or LONGEST_S))
    return _run(arguments)


def _check(arguments: argparse.Namespace) -> None:
    from digiphys_ros.applications import APPLICATIONS
    if arguments.app is None and not arguments.scenario:
        raise UsageError(f'sim: an application is needed, one of {", ".join(APPLICATIONS)}.')
    if arguments.app is not None and arguments.app not in APPLICATIONS:
        raise UsageError(f'no application "{arguments.app}", allowed are '
                         f'{", ".join(APPLICATIONS)}.')
    if arguments.app is not None and arguments.scenario:
        raise UsageError('a scenario names its own application, leave out '
                         f'{arguments.app}.')
    mode = next((name for name in USES if getattr(arguments, name)), None)
    for name, value in vars(arguments).items():
        if mode and name not in (mode, 'app', 'verb', 'debug', *USES[mode]) and value:
            raise UsageError(f'--{mode} has no use for --{name.replace("_", "-")}: leave it out.')
    if not mode and (arguments.count or arguments.jobs):
        raise UsageError('--count is for --collect, --jobs for --scenario and --seeds.')
    if arguments.data and 'data' not in APPLICATIONS[arguments.app].options:
        raise UsageError(f'--data: {arguments.app} shows no data, it draws its world: leave it '
                         'out.')
    if arguments.seconds is not None and not 0 < arguments.seconds <= 86400:
        raise UsageError(f'--seconds must be positive and at most 86400, received '
                         f'{arguments.seconds}.')
    for name in ('seed', 'jobs'):
        if (getattr(arguments, name) or 0) < 0:
            raise UsageError(f'--{name} must not be negative, received '
                             f'{getattr(arguments, name)}.')
    if arguments.count is not None and arguments.count < 1:
        raise UsageError(f'--count must be 1 or more, received {arguments.count}.')
    if arguments.seeds:
        parse_seeds(arguments.seeds)
    if arguments.no_camera and (arguments.view or arguments.record):
        raise UsageError('--no-camera makes no pictures to show or record.')
    if arguments.view:
        check_display('--record FILE.mp4 makes a film')


def _collect(arguments: argparse.Namespace) -> int:
    from digiphys_ros.applications import find_application
    from digiphys_ros.simulation.collect import collect
    from tqdm import tqdm
    report = collect(find_application(arguments.app), Path(arguments.collect),
                     count=arguments.count or 1000, seed=arguments.seed,
                     bar=lambda items: tqdm(items, unit='picture', disable=None))
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        shown = ', '.join(f'{name} {number}' for name, number in report['pictures'].items())
        sys.stdout.write(f'{report["total"]} pictures of {report["worlds"]} worlds in '
                         f'{arguments.collect}: {shown}\n')
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from digiphys_ros.applications import find_application, make_application
    from digiphys_ros.simulation.loop import make_pipeline, reported, run_loop
    from digiphys_ros.simulation.rendering.record import draw, Film
    from digiphys_ros.simulation.targets import targets
    specification = find_application(arguments.app)
    seconds, camera = arguments.seconds or LONGEST_S, not arguments.no_camera
    shown = {'data': arguments.data} if arguments.data else {}
    application = make_application(arguments.app, arguments.seed, camera=camera, **shown)
    film = Film(Path(arguments.record), application.rate_hz) if arguments.record else None
    # a log of its own for each run
    pipeline = make_pipeline(
        specification, bundle=arguments.bundle, camera=camera,
        audit_log=Path(arguments.out, f'triage_audit_{time.time_ns()}.jsonl'))
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    started_s = time.perf_counter()
    with ExitStack() as stack:
        watch = _watch(arguments, seconds, film and stack.enter_context(film), stack)
        recording = run_loop(application, pipeline, seconds, watch=watch, camera=camera)
    wall_s = time.perf_counter() - started_s
    parts = specification.parts()
    reached = [one for one in targets(parts.targets, recording) if not one.of_many_runs]
    report = _report(arguments, application.time_s, recording, reached, wall_s)
    report['result'] = parts.report(*reported(recording))
    if arguments.json:
        write_json(report, arguments.json)
    draw(recording, f'{arguments.app}, seed {arguments.seed}', out / 'report.png')
    if arguments.json != '-':
        sys.stdout.write(_summary(report, recording, reached, out))
    return 0 if report['passed'] else 1


def _watch(arguments: argparse.Namespace, seconds: float, film: Any,
           stack: ExitStack) -> Callable[[Any, Any], None]:
    """Return what is called at every picture: progress, film and window."""
    from digiphys_ros.simulation.rendering.record import captioned
    from tqdm import tqdm
    bar = stack.enter_context(tqdm(
        total=round(seconds, 1), unit='s', disable=None,
        bar_format='{l_bar}{bar}| {n:.0f}/{total:.0f} simulated s {postfix}'))

    def watch(frame: Any, picture: Any) -> None:
        bar.set_postfix_str(f'rule {frame.rule or "-"}', refresh=False)
        bar.update(frame.time_s - bar.n)
        if film is not None:
            film.add(captioned(picture, frame))
        if arguments.view:
            import cv2
            cv2.imshow('digiphys sim', captioned(picture, frame))
            cv2.waitKey(1)
    return watch


def _report(arguments: argparse.Namespace, simulated_s: float, recording: Any,
            reached: Sequence[Any], wall_s: float) -> dict[str, Any]:
    judged = [event for event in recording.events if event.right is not None]
    return {
        'application': arguments.app, 'seed': arguments.seed,
        'camera': not arguments.no_camera, 'simulated_s': round(simulated_s, 3),
        'real_time_factor': round(simulated_s / wall_s, 2),
        'frames_per_s': round(len(recording.frames) / wall_s, 1),
        'commands': recording.commands, 'unsafe_commands': recording.unsafe_commands,
        'unsafe': [one.sentence for one in recording.unsafe],
        'events': {'right': sum(bool(event.right) for event in judged), 'judged': len(judged)},
        'targets': [one.as_json() for one in reached],
        'passed': all(one.holds for one in reached)}


def _summary(report: dict[str, Any], recording: Any, reached: Sequence[Any],
             out: Path) -> str:
    from textwrap import wrap
    shown = [f'{name} {value}' for name, value in report['result'].items()
             if not isinstance(value, (list, dict))]
    lines = [
        f'{report["application"]}, seed {report["seed"]}: {report["simulated_s"]:.1f} s at '
        f'{report["real_time_factor"]} times real time, {report["frames_per_s"]} pictures a '
        'second' + ('' if report['camera'] else ' (none made, the classifier was told the truth)'),
        f'commands   {report["commands"]}, unsafe {report["unsafe_commands"]}',
        *wrap(', '.join(shown), 95, initial_indent='result     ', subsequent_indent=' ' * 11)]
    judged = [event for event in recording.events if event.right is not None]
    for event in judged[:20]:
        lines.append(f'  {"ok  " if event.right else "MISS"} {event.time_s:7.1f} s  {event.kind}: '
                     f'{event.detail}')
    if len(judged) > 20:
        lines.append(f'  ... and {len(judged) - 20} more')
    if judged:
        lines.append(f'  {report["events"]["right"]} of {len(judged)} as they should be')
    lines += [f'target     {one.sentence()}' for one in reached]
    lines += [f'PROBLEM    unsafe command {one.sentence}' for one in recording.unsafe[:5]]
    lines.append(f'report     {out / "report.png"}')
    return '\n'.join(lines) + '\n'
