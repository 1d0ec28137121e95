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
"""``digiphys sim``: the embedded simulator, without ROS."""

import argparse
from importlib import import_module
from typing import Any

COMMANDS = {
    'run': 'run an application once in closed loop',
    'sweep': 'run an application with many seeds and compare it with its targets',
    'scenario': 'run scenarios with faults and check their expectations',
    'collect': 'write labeled images for digiphys train',
}


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'sim', help='run, measure and collect images in the embedded simulator',
        description='Run a closed loop without ROS: simulated camera, classifier, policy, gates '
                    'and a world that follows the commands. With ROS, use the node sim or '
                    'digiphys demo.')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, text in COMMANDS.items():
        import_module(f'digiphys_ros.cli.simulation.{name}').add_options(
            commands.add_parser(name, help=text, description=f'{text[0].upper()}{text[1:]}.'))


def run(arguments: argparse.Namespace) -> int:
    """Run a subcommand."""
    return int(import_module(f'digiphys_ros.cli.simulation.{arguments.command}').run(arguments))
