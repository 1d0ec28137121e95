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

"""``digiphys run``: start the nodes of a configuration and keep them alive."""

import argparse
import os
import sys
import threading
from typing import Any

from digiphys_ros.ending import on_signal_to_end
from digiphys_ros.errors import ConfigError, UsageError
from digiphys_ros.output_relay import relay_output
from digiphys_ros.resources import find_resource
from digiphys_ros.supervisor import Supervisor
from digiphys_ros.transport import network_exposure, transport_environment

IMAGE_NODES = ('camera', 'sim', 'classifier')


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        'run', help='start the nodes of a configuration and keep them alive',
        description='Start the nodes that a ROS parameters file names, restart one that dies, '
                    'and end all of them on Ctrl-C, SIGTERM or the end of the terminal.')
    parser.add_argument('--config', default='traffic.yaml', metavar='FILE',
                        help='parameters file: a path, or a name in config/ (%(default)s)')
    parser.add_argument('--namespace', default='', metavar='NS', help='namespace of every node')
    parser.add_argument('--transport', default='local', metavar='PROFILE',
                        help='local (this machine only), robot (all its interfaces), none, or an '
                             'XML profile (%(default)s)')
    parser.add_argument('--set', action='append', default=[], metavar='NODE.NAME=VALUE',
                        dest='overrides', help='set one parameter, e.g. camera.source=/dev/video0')
    parser.add_argument('--without', action='append', default=[], metavar='NODE',
                        help='do not start this node, e.g. camera where a driver publishes')
    parser.add_argument('--no-autostart', action='store_true',
                        help='leave it to a lifecycle manager to configure and activate the nodes')


def run(arguments: argparse.Namespace) -> int:
    """Run until a signal ends it."""
    commands = _commands(arguments)
    if exposure := network_exposure(arguments.transport, os.environ):
        _tell(exposure)
    supervisor = Supervisor(commands, {
        node: transport_environment(arguments.transport, os.environ, images=node in IMAGE_NODES)
        for node in commands})
    stopping = threading.Event()
    on_signal_to_end(stopping.set)
    # neither a terminal that was stopped nor a pipe that nobody reads may hold up the restarts
    end_relay = relay_output()
    supervisor.start()
    try:
        while not stopping.wait(0.1):
            for sentence in supervisor.poll():
                _tell(sentence)
    finally:
        supervisor.stop()
        _tell('all nodes ended')
        end_relay()
    return 0


def _commands(arguments: argparse.Namespace) -> dict[str, list[str]]:
    from digiphys_ros.nodes.configuration import check_parameters, command
    config = find_resource(arguments.config, 'config')
    nodes = check_parameters(config)
    overrides = _overrides(arguments.overrides, nodes)
    for node in arguments.without:
        if node not in nodes:
            raise UsageError(f'--without {node}: no such node in {config}, it has '
                             f'{", ".join(nodes)}.')
    started = [node for node in nodes if node not in arguments.without]
    if not started:
        raise UsageError(f'nothing to start: {config} names {", ".join(nodes) or "no node"}.')
    if arguments.no_autostart:
        overrides = {node: {'autostart': False, **overrides.get(node, {})} for node in started}
    return {node: command(node, config=config, namespace=arguments.namespace,
                          parameters=overrides.get(node)) for node in started}


def _overrides(texts: list[str], nodes: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    from digiphys_ros.nodes.configuration import declared
    from digiphys_ros.yamlfile import parse_value
    overrides: dict[str, dict[str, Any]] = {}
    for text in texts:
        target, equals, value = text.partition('=')
        node, _, name = target.partition('.')
        allowed = {parameter.name: parameter for parameter in declared(node)} \
            if node in nodes else {}
        if not equals or name not in allowed:
            raise UsageError(f'--set {text}: NODE.NAME=VALUE is needed, with a node of '
                             f'{", ".join(nodes)} and one of its parameters'
                             + (f' ({", ".join(allowed)}).' if allowed else '.'))
        try:
            overrides.setdefault(node, {})[name] = allowed[name].check(parse_value(value))
        except ConfigError as error:
            raise UsageError(f'--set {text}: {error}') from error
    return overrides


def _tell(sentence: str) -> None:
    sys.stderr.write(f'digiphys run: {sentence}\n')
