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

"""``digiphys doctor``: what would stop frames or commands here, and the fix."""

import argparse
from dataclasses import asdict
from importlib.util import find_spec
import os
import sys
from typing import Any

from digiphys_ros.cli.output import write_json
from digiphys_ros.doctor.finding import Finding
from digiphys_ros.errors import UsageError
from digiphys_ros.resources import find_resource


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        'doctor', help='check this machine and the running graph, and name each fix',
        description='Check ROS, transport profile, packages, bundle, leftovers and the running '
                    'graph. Exit code 1 when something would stop frames or commands.')
    parser.add_argument('--bundle', default='traffic_signs', metavar='NAME',
                        help='model bundle: a path, or a name in models/ (%(default)s)')
    parser.add_argument('--rules', default='traffic_rules.yaml', metavar='FILE',
                        help='rules file that names the command topics (%(default)s)')
    parser.add_argument('--namespace', default='', metavar='NS', help='namespace of the robot')
    parser.add_argument('--width', type=int, default=1920, metavar='PX', help='(%(default)s)')
    parser.add_argument('--height', type=int, default=1080, metavar='PX',
                        help='size of a frame, three bytes a pixel (%(default)s)')
    parser.add_argument('--seconds', type=float, default=2.0, metavar='N',
                        help='how long to look at the graph (%(default)s)')
    parser.add_argument('--fix', action='store_true',
                        help='remove shared-memory files that no live process holds')
    parser.add_argument('--json', metavar='FILE', help='write the findings; - is standard output')


def run(arguments: argparse.Namespace) -> int:
    """Check and tell."""
    if arguments.width < 1 or arguments.height < 1 or not arguments.seconds > 0:
        raise UsageError('--width, --height and --seconds must be positive, received '
                         f'{arguments.width}, {arguments.height} and {arguments.seconds}.')
    findings = _findings(arguments)
    failed = any(finding.status == 'fail' for finding in findings)
    if arguments.json:
        write_json({'healthy': not failed, 'findings': [asdict(one) for one in findings]},
                   arguments.json)
    if arguments.json != '-':
        sys.stdout.write(''.join(map(_line, findings)))
    return 1 if failed else 0


def _findings(arguments: argparse.Namespace) -> list[Finding]:
    from digiphys_ros.doctor import shared_memory, system
    return [
        system.check_ros(os.environ),
        system.check_profile(os.environ, arguments.width * arguments.height * 3),
        system.check_exposure(os.environ),
        system.check_rmem(),
        system.check_cv_bridge(),
        system.check_engines(),
        system.check_bundle(arguments.bundle, arguments.rules),
        system.check_rules(arguments.rules),
        shared_memory.check_shared_memory(arguments.fix),
        *_graph(arguments),
    ]


def _graph(arguments: argparse.Namespace) -> list[Finding]:
    from digiphys_ros.control import load_actuators
    actuators = load_actuators(find_resource(arguments.rules, 'config'))
    prefix = f'/{arguments.namespace.strip("/")}'.rstrip('/')
    topics = [actuator.topic if actuator.topic.startswith('/') else f'{prefix}/{actuator.topic}'
              for actuator in actuators.values()]
    if find_spec('rclpy') is None:
        return [Finding('graph', 'skip', 'rclpy is not installed')]
    from digiphys_ros.nodes.graph import check_graph
    return check_graph(arguments.seconds, topics, prefix)


def _line(finding: Finding) -> str:
    text = f'{finding.status:4}  {finding.check}: {finding.found}\n'
    return text + (f'      fix: {finding.fix}\n' if finding.fix else '')
