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

"""``digiphys demo``: run the whole pipeline on the simulated sign course or another source."""

import argparse
from collections import deque
from collections.abc import Mapping
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import Any, TYPE_CHECKING

from digiphys_ros.cli.output import check_display, check_targets, displays, write_json
from digiphys_ros.errors import DigiphysError, UsageError
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.supervision.supervisor import Supervisor
from digiphys_ros.ros.transport.environment import private_environment, transport_environment
from digiphys_ros.ros.transport.variables import check_middleware
from digiphys_ros.settings import BUNDLE

if TYPE_CHECKING:
    from digiphys_ros.ros.observer import Observer

READY_TIMEOUT_S = 30.0
TRY_GL = """
import sys
from digiphys_ros.errors import SimulationError
from digiphys_ros.applications import make_application
try:
    make_application('traffic_signs').image()
except SimulationError as error:
    sys.exit(str(error))
"""
LONGEST_S = {'sim': 200.0}
"""Maximum duration by source: enough for the simulated course; 60 s for others."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'demo', help='run the whole pipeline on the simulated sign course or any other source',
        description='Start simulator or camera, classifier, policy and gate as ROS 2 nodes in '
                    'separate processes, observe them from another process, judge the robot and '
                    'plot the results.')
    parser.add_argument('--source', metavar='SOURCE',
                        help='sim (the simulated sign course in closed loop), course (drawn '
                             'signs), a folder, a video, a device, a stream, a ROS 2 bag, a .npz '
                             'or .zip data set (default: sim, or course without OpenGL)')
    parser.add_argument('--seconds', type=float, metavar='N',
                        help='end after N seconds (default: with the source; at most 200 for '
                             'sim, 60 for others)')
    parser.add_argument('--bundle', default=BUNDLE, metavar='NAME',
                        help='model bundle: a path, or a name in models/ (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of the simulated or drawn course (%(default)s)')
    parser.add_argument('--out', default='out/demo', metavar='DIR',
                        help='folder for report.png and logs (%(default)s)')
    parser.add_argument('--json', metavar='FILE', help='write the report; - is standard output')
    parser.add_argument('--headless', action='store_true', help='open no window')


def run(arguments: argparse.Namespace) -> int:
    """Run, judge and plot."""
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise UsageError(f'--seconds must be positive, received {arguments.seconds}.')
    check_middleware(os.environ)
    if not arguments.headless and displays():
        check_display('--headless opens none')
    arguments.source = arguments.source or _default_source()
    _check_source(arguments.source)
    out = Path(arguments.out)
    check_targets(arguments, ['json'], ['out'])
    out.mkdir(parents=True, exist_ok=True)
    environment = private_environment(os.environ)
    os.environ.update(transport_environment('local', environment))
    # rclpy reads the environment on import and initialization
    from digiphys_ros.demo.plot import draw
    from digiphys_ros.demo.report import build_report, Setting
    setting = Setting.load(_config(arguments.source), find_resource(arguments.bundle, 'models'))
    recording, facts = _play(arguments, setting, environment, out / 'nodes.log')
    report = build_report(setting, recording, facts)
    draw(report, setting, recording, out / 'report.png')
    if arguments.json:
        write_json(report, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(_summary(report, out))
    return 0 if report['passed'] else 1


def _default_source() -> str:
    """Return ``sim``, or ``course`` without OpenGL; tried in a process, as a driver may crash."""
    tried = subprocess.run([sys.executable, '-c', TRY_GL], capture_output=True, text=True)
    if tried.returncode == 0:
        return 'sim'
    reason = tried.stderr.strip().rpartition('\n')[2] or f'OpenGL crashed ({tried.returncode}).'
    sys.stderr.write(f'digiphys demo: {reason} Playing the drawn course instead.\n')
    return 'course'


def _config(source: str) -> Path:
    """Return the parameters file of the nodes and the judge."""
    name = 'traffic_signs_sim.yaml' if source == 'sim' else 'traffic_signs.yaml'
    return find_resource(name, 'config')


def _image_node(arguments: argparse.Namespace) -> str:
    """Return the name of the node that publishes the images."""
    return 'sim' if arguments.source == 'sim' else 'camera'


def _check_source(source: str) -> None:
    if source in ('sim', 'course'):
        return
    from digiphys_ros.errors import SourceError
    from digiphys_ros.perception.sources import open_source
    try:
        next(open_source(source))
    except SourceError as error:
        raise UsageError(f'--source {error}') from error


def _play(arguments: argparse.Namespace, setting: Any, environment: Mapping[str, str],
          log: Path) -> tuple[Any, dict[str, Any]]:
    from digiphys_ros.ros.observer import Observer
    observer = Observer(setting.actuator)
    with open(log, 'wb') as output:
        camera = _image_node(arguments)
        supervisor = Supervisor(_commands(arguments, setting), {
            node: transport_environment('local', environment, images=node == camera)
            for node in (camera, 'classifier', 'policy', 'gate')}, output)
        supervisor.start()
        try:
            facts = _watch(arguments, observer, supervisor, log)
            return observer.recording, facts
        finally:
            # first, as nodes that end report empty figures
            observer.close()
            supervisor.stop()


def _commands(arguments: argparse.Namespace, setting: Any) -> dict[str, list[str]]:
    from digiphys_ros.ros.parameters.configuration import command
    source = arguments.source
    # the image node starts last, when all others have subscribed
    camera: dict[str, Any] = {'autostart': False, 'seed': arguments.seed}
    parameters: dict[str, dict[str, Any]] = {
        _image_node(arguments): camera, 'classifier': {'bundle': str(setting.bundle.directory)},
        'policy': {}, 'gate': {}}
    if source != 'sim':
        camera |= {'source': source if source == 'course' else str(Path(source).absolute()),
                   'loop': False}
    if source not in ('sim', 'course'):
        parameters['classifier']['roi'] = [0.0, 0.0, 1.0, 1.0]
    return {node: command(node, config=_config(source), parameters=values)
            for node, values in parameters.items()}


def _watch(arguments: argparse.Namespace, observer: 'Observer', supervisor: Supervisor,
           log: Path) -> dict[str, Any]:
    from lifecycle_msgs.msg import Transition
    started_s = time.monotonic()
    if not observer.wait_for(
            lambda: all(observer.diagnostic(node, 'phase') == 'active'
                        for node in ('classifier', 'policy', 'gate')), READY_TIMEOUT_S):
        raise DigiphysError(f'the nodes were not ready within {READY_TIMEOUT_S:.0f} s: '
                            + '; '.join(f'{node}: {observer.diagnostic(node, "message") or "-"}'
                                        for node in ('classifier', 'policy', 'gate'))
                            + f' (their output: {log})')
    ready_s, camera = time.monotonic() - started_s, _image_node(arguments)
    observer.transition(camera, Transition.TRANSITION_CONFIGURE)
    # the first frames would be lost during discovery
    observer.wait_for(lambda: observer.diagnostic(camera, 'listeners') not in ('', '0'), 5.0)
    observer.transition(camera, Transition.TRANSITION_ACTIVATE)
    _follow(arguments, observer, supervisor)
    if observer.diagnostic(camera, 'message') != 'ended':
        observer.transition(camera, Transition.TRANSITION_DEACTIVATE)
    _settle(observer, camera)
    distro, rmw = observer.distro_and_rmw()
    return {'ready_s': round(ready_s, 2), 'ros_distro': distro, 'rmw': rmw,
            'source': arguments.source}


def _follow(arguments: argparse.Namespace, observer: 'Observer',
            supervisor: Supervisor) -> None:
    """Show progress until the source or the time ends."""
    from tqdm import tqdm
    window = None if arguments.headless else _window(observer)
    limit_s = arguments.seconds or LONGEST_S.get(arguments.source, 60.0)
    camera = _image_node(arguments)
    started_s = time.monotonic()
    with tqdm(total=round(limit_s, 1), unit='s', disable=None,
              bar_format='{l_bar}{bar}| {n:.0f}/{total:.0f} s {postfix}') as progress:
        while (elapsed_s := time.monotonic() - started_s) < limit_s:
            if observer.wait_for(lambda: observer.diagnostic(camera, 'message') == 'ended', 0.1):
                return
            for message in supervisor.poll():
                progress.write(f'digiphys demo: {message}', file=sys.stderr)
            progress.set_postfix_str(f'{len(observer.recording.classifications)} classified, '
                                     f'rule {observer.diagnostic("policy", "rule") or "-"}')
            progress.update(elapsed_s - progress.n)
            if window is not None:
                window()


def _settle(observer: 'Observer', camera: str) -> None:
    """Wait for the last frames, the safe state and the final counts."""
    from digiphys_ros.ros.diagnostics import SILENT
    sent = int(observer.diagnostic(camera, 'frames_sent') or 0)
    observer.wait_for(lambda: int(observer.diagnostic(camera, 'frames_sent') or 0) >= sent
                      and observer.diagnostic('gate', 'base.state') == 'expired'
                      and observer.diagnostic('classifier', 'message').startswith(SILENT), 5.0)


def _window(observer: 'Observer') -> Any:
    """Return a function that shows the newest annotated image, None without a display."""
    if not displays():
        return None
    import cv2
    from digiphys_ros.ros.messages.images import frame_from
    from sensor_msgs.msg import Image
    newest: deque[Image] = deque(maxlen=1)
    observer.watch(Image, 'debug_image', newest.append)

    def show() -> None:
        if newest:
            cv2.imshow('digiphys demo', frame_from(newest[0]).converted('bgr'))
        cv2.waitKey(1)
    return show


def _summary(report: dict[str, Any], out: Path) -> str:
    frames, latency = report['frames'], report['latency_ms']
    # None where the node reported none
    sent, received, safe_stops = ('unknown' if count is None else count for count in (
        frames['sent'], frames['received'], report['safe_stops']))
    lines = [
        f'{report["ros_distro"]}, {report["rmw"]}, engine {report["engine"]}, model '
        f'{report["model"]["name"]} {report["model"]["hash"][:12]}',
        f'frames     {sent} sent, {received} received, '
        f'{report["classified"]} classified, {report["abstained"]} abstained',
        'accuracy   ' + ('unknown, the source has no labels' if report['accuracy'] is None else
                         f'{report["accuracy"]:.3f} of {report["labelled_answers"]} labeled '
                         'frames with an answer'),
        f'commands   {report["commands"]}, unsafe {report["unsafe_commands"]}, '
        f'safe stops {safe_stops}',
        *(f'latency    {name.replace("_", " ")}: p50 {latency[name]["p50"]} ms, '
          f'p99 {latency[name]["p99"]} ms' for name in latency),
        f'robot      drove {report["robot"]["distance_m"]} m',
    ]
    for sign in report['encounters'][:20]:
        how = f': expected {sign["expected"]}, observed {sign["observed"]}' \
            if 'expected' in sign else ''
        lines.append(f'  {"ok  " if sign["right"] else "FAIL"} {sign["sign"]}{how}')
    if len(report['encounters']) > 20:
        lines.append(f'  ... and {len(report["encounters"]) - 20} more')
    if report['encounters']:
        right = sum(sign['right'] for sign in report['encounters'])
        lines.append(f'  {right} of {len(report["encounters"])} reactions as the rules require')
    lines += [f'PROBLEM    {problem}' for problem in report['problems']]
    lines.append(f'report     {out / "report.png"}')
    return '\n'.join(lines) + '\n'
