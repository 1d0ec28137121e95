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

"""``digiphys sim run``: one run in closed loop."""

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
import sys
import time
from typing import Any

from digiphys_ros.cli.output import check_display, check_targets, write_json
from digiphys_ros.cli.simulation.options import add_application, add_json, add_run, add_seed
from digiphys_ros.errors import UsageError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_application(parser)
    add_seed(parser)
    add_run(parser)
    parser.add_argument('--data', metavar='DATA',
                        help='images for an application that shows some, a folder or a data set '
                             '(default: synthetic ones)')
    parser.add_argument('--view', action='store_true', help='show the images in a window')
    parser.add_argument('--record', metavar='FILE.mp4', help='write a video of the images')
    parser.add_argument('--out', default='out/sim', metavar='DIR',
                        help='folder for report.png (%(default)s)')
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run once; return 1 if a target is missed."""
    if arguments.data and 'data' not in arguments.app.options:
        raise UsageError(f'--data: {arguments.app.name} takes no data, as it renders its world: '
                         'remove --data.')
    if arguments.no_camera and (arguments.view or arguments.record):
        raise UsageError('--no-camera renders no images to show or record: remove --view and '
                         '--record.')
    if arguments.view:
        check_display('--record FILE.mp4 writes a video')
    if arguments.record:
        from digiphys_ros.simulation.rendering.record import check_video_path
        check_video_path(Path(arguments.record))
    check_targets(arguments, ['json'], ['out'])
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from digiphys_ros.simulation.loop import make_pipeline, report_arguments, run_loop
    from digiphys_ros.simulation.rendering.record import draw, VideoFile
    from digiphys_ros.simulation.targets import targets
    specification, parts = arguments.app, arguments.app.parts()
    seconds, camera = arguments.seconds, not arguments.no_camera
    shown = {'data': arguments.data} if arguments.data else {}
    world = parts.world(arguments.seed, camera=camera, **shown)
    video = VideoFile(Path(arguments.record), world.rate_hz) if arguments.record else None
    # each run has its own log
    pipeline = make_pipeline(
        specification, bundle=arguments.bundle, camera=camera,
        audit_log=Path(arguments.out, f'{specification.name}_audit_{time.time_ns()}.jsonl'))
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    started_s = time.perf_counter()
    with ExitStack() as stack:
        on_frame = _make_on_frame(arguments, seconds, video and stack.enter_context(video), stack)
        recording = run_loop(world, pipeline, seconds, on_frame=on_frame, camera=camera)
    wall_s = time.perf_counter() - started_s
    reached = [one for one in targets(parts.targets, recording) if not one.needs_many_runs]
    report = _report(arguments, world.time_s, recording, reached, wall_s)
    report['result'] = parts.report(*report_arguments(recording))
    if arguments.json:
        write_json(report, arguments.json)
    draw(recording, f'{specification.name}, seed {arguments.seed}', out / 'report.png')
    if arguments.json != '-':
        sys.stdout.write(_summary(report, recording, reached, out))
    return 0 if report['passed'] else 1


def _make_on_frame(arguments: argparse.Namespace, seconds: float, video: Any,
                   stack: ExitStack) -> Callable[[Any, Any], None]:
    """Return the callback for every image: progress, video and window."""
    from digiphys_ros.simulation.rendering.record import add_caption
    from tqdm import tqdm
    progress = stack.enter_context(tqdm(
        total=round(seconds, 1), unit='s', disable=None,
        bar_format='{l_bar}{bar}| {n:.0f}/{total:.0f} simulated s {postfix}'))

    def on_frame(frame: Any, image: Any) -> None:
        progress.set_postfix_str(f'rule {frame.rule or "-"}', refresh=False)
        progress.update(frame.time_s - progress.n)
        if video is not None:
            video.add(add_caption(image, frame))
        if arguments.view:
            import cv2
            cv2.imshow('digiphys sim', add_caption(image, frame))
            cv2.waitKey(1)
    return on_frame


def _report(arguments: argparse.Namespace, simulated_s: float, recording: Any,
            reached: Sequence[Any], wall_s: float) -> dict[str, Any]:
    judged = [event for event in recording.events if event.right is not None]
    return {
        'application': arguments.app.name, 'seed': arguments.seed,
        'camera': not arguments.no_camera, 'simulated_s': round(simulated_s, 3),
        'real_time_factor': round(simulated_s / wall_s, 2),
        'frames_per_s': round(len(recording.frames) / wall_s, 1),
        'commands': recording.commands, 'unsafe_commands': recording.unsafe_commands,
        'unsafe': [one.reason for one in recording.unsafe],
        'events': {'right': sum(bool(event.right) for event in judged), 'judged': len(judged)},
        'targets': [one.as_json() for one in reached],
        'passed': all(one.passed for one in reached)}


def _summary(report: dict[str, Any], recording: Any, reached: Sequence[Any],
             out: Path) -> str:
    from textwrap import wrap
    shown = [f'{name} {value}' for name, value in report['result'].items()
             if not isinstance(value, (list, dict))]
    lines = [
        f'{report["application"]}, seed {report["seed"]}: {report["simulated_s"]:.1f} s at '
        f'{report["real_time_factor"]} times real time, {report["frames_per_s"]} images a '
        'second' + ('' if report['camera'] else
                    ' (none rendered, the policy got the ground truth)'),
        f'commands   {report["commands"]}, unsafe {report["unsafe_commands"]}',
        *wrap(', '.join(shown), 95, initial_indent='result     ', subsequent_indent=' ' * 11)]
    judged = [event for event in recording.events if event.right is not None]
    for event in judged[:20]:
        lines.append(f'  {"ok  " if event.right else "FAIL"} {event.time_s:7.1f} s  {event.kind}: '
                     f'{event.detail}')
    if len(judged) > 20:
        lines.append(f'  ... and {len(judged) - 20} more')
    if judged:
        lines.append(f'  {report["events"]["right"]} of {len(judged)} correct')
    lines += [f'target     {one.summary()}' for one in reached]
    lines += [f'PROBLEM    unsafe command {one.reason}' for one in recording.unsafe[:5]]
    lines.append(f'report     {out / "report.png"}')
    return '\n'.join(lines) + '\n'
