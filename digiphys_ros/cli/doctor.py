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

"""``digiphys doctor``: find what stops frames or commands, and name the fix."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
import os
import sys
from typing import Any

from digiphys_ros.cli.output import write_json
from digiphys_ros.doctor.finding import attempt, Finding
from digiphys_ros.doctor.ros_process import GraphLook, look_at_graph
from digiphys_ros.errors import ConfigError, UsageError
from digiphys_ros.resources import find_resource
from digiphys_ros.settings import BUNDLE, RULES

WIDTH, HEIGHT = 1920, 1080


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'doctor', help='check this machine and the running graph, and name each fix',
        description='Check ROS, transport profile, packages, bundle, leftovers and the running '
                    'graph. Exit code 1 if something stops frames or commands.')
    parser.add_argument('--config', metavar='FILE',
                        help='also check this parameters file: a path, or a name in config/')
    parser.add_argument('--bundle', metavar='NAME',
                        help='model bundle: a path, or a name in models/ (that of the running '
                             f'classifier, else {BUNDLE})')
    parser.add_argument('--rules', metavar='FILE',
                        help='rules file with the command topics (that of the running '
                             f'gate, else {RULES})')
    parser.add_argument('--namespace', default='', metavar='NS', help='namespace of the robot')
    parser.add_argument('--width', type=int, metavar='PX',
                        help=f'width of a frame (default: that of received images, else {WIDTH})')
    parser.add_argument('--height', type=int, metavar='PX',
                        help='height of a frame of 3 bytes a pixel (default: that of received '
                             f'images, else {HEIGHT})')
    parser.add_argument('--seconds', type=float, default=2.0, metavar='N',
                        help='how long to observe the graph (%(default)s)')
    parser.add_argument('--fix', action='store_true',
                        help='remove shared-memory files of dead processes')
    parser.add_argument('--json', metavar='FILE', help='write the findings; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Check and report."""
    given = {name: value for name in ('width', 'height', 'seconds')
             if (value := getattr(arguments, name)) is not None}
    if not all(value > 0 for value in given.values()):
        raise UsageError('--width, --height and --seconds must be positive, received '
                         + ', '.join(f'--{name} {value}' for name, value in given.items()) + '.')
    findings, chain = _look(arguments)
    failed = any(finding.status == 'fail' for finding in findings)
    if arguments.json:
        write_json({'healthy': not failed, 'findings': [asdict(one) for one in findings],
                    'chain': chain}, arguments.json)
    if arguments.json != '-':
        sys.stdout.write(''.join(map(_line, findings)) + ''.join(_table(chain)))
    return 1 if failed else 0


def _look(arguments: argparse.Namespace) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Return the findings of all checks, and the links of the chain."""
    looks: list[GraphLook] = []

    def graph() -> list[Finding]:
        looks.append(look_at_graph({
            'seconds': arguments.seconds, 'rules': arguments.rules or '',
            'prefix': f'/{arguments.namespace.strip("/")}'.rstrip('/')}, os.environ))
        return looks[0].findings
    running = attempt('graph', graph)
    [look] = looks or [GraphLook()]
    bundle = _name_to_check(arguments.bundle, look.running.get('bundle'), BUNDLE, 'models')
    rules = _name_to_check(arguments.rules, look.running.get('rules'), RULES, 'config')
    findings = [finding for check, one in _checks(arguments, look, bundle, rules)
                for finding in attempt(check, one)]
    return findings + running, look.chain


def _checks(arguments: argparse.Namespace, look: GraphLook, bundle: str, rules: str
            ) -> Iterator[tuple[str, Callable[[], Finding | list[Finding]]]]:
    from digiphys_ros.doctor import (
        environment,
        plugins,
        shared_memory,
        socket_buffers,
        stopped_nodes,
        system,
    )
    frame_bytes = (arguments.width or WIDTH) * (arguments.height or HEIGHT) * 3
    if look.image_bytes and not (arguments.width or arguments.height):
        frame_bytes = look.image_bytes
    yield 'ros', partial(system.check_ros, os.environ)
    yield 'opencv', system.check_opencv
    yield 'logs', partial(environment.check_logs, os.environ)
    yield 'transport', partial(system.check_transport, os.environ, frame_bytes, look.profiles)
    yield 'network', partial(system.check_exposure, os.environ)
    yield 'socket buffers', partial(socket_buffers.check_socket_buffers, os.environ)
    yield 'cv_bridge', system.check_cv_bridge
    yield 'engines', system.check_engines
    yield 'plug-ins', plugins.check_plugins
    if arguments.config:
        yield 'parameters', partial(
            system.check_config, arguments.config, arguments.namespace)
    yield 'bundle', partial(system.check_bundle, bundle, rules)
    yield 'rules', partial(system.check_rules, rules)
    yield 'processes', partial(stopped_nodes.check_stopped, os.environ)
    yield 'shared memory', partial(shared_memory.check_shared_memory, arguments.fix)


def _name_to_check(named: str | None, running: str | None, default: str, folder: str) -> str:
    """Return the given name, else the running one if it exists here, else the default."""
    if named or not running:
        return named or default
    try:
        return str(find_resource(running, folder)) and running
    except ConfigError:
        return default


def _table(chain: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the chain from image to actuator, one line per link."""
    if chain:
        yield 'chain\n'
    rows = [(one['source'], one['target'], one['topic'], '?' if one['rate_hz'] is None else
             f'{one["rate_hz"]:.1f} Hz', one['status'], one['note']) for one in chain]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        source, target, topic, rate, status, note = (
            text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield f'  {source} -> {target}  {topic}  {rate.strip():>{len(rate)}}  {status}  {note}' \
            .rstrip() + '\n'


def _line(finding: Finding) -> str:
    text = f'{finding.status:4}  {finding.check}: {finding.found}\n'
    return text + (f'      fix: {finding.fix}\n' if finding.fix else '')
