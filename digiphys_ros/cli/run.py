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

"""``digiphys run``: start the nodes of a parameters file and keep them running."""

import argparse
import os
import sys
import threading
from typing import Any

from digiphys_ros.errors import ConfigError, did_you_mean, UsageError
from digiphys_ros.renamed import BothNamesError, PARAMETERS, Renames
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.supervision.output_relay import relay_output
from digiphys_ros.ros.supervision.respawn import RESPAWN
from digiphys_ros.ros.supervision.supervisor import Supervisor
from digiphys_ros.ros.transport.environment import (
    memory_note,
    network_exposure,
    transport_environment,
)
from digiphys_ros.ros.transport.variables import (
    check_environment,
    check_middleware,
    find_log_folder,
)
from digiphys_ros.shutdown import on_signal_to_end

IMAGE_NODES = ('camera', 'sim', 'classifier')


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        'run', help='start the nodes of a parameters file and keep them running',
        description='Start the nodes of a ROS parameters file, restart a node that dies, '
                    'and stop all of them on Ctrl-C, SIGTERM or when the terminal closes.')
    from digiphys_ros.applications import DEFAULT
    parser.add_argument('--app', default=DEFAULT, metavar='APP',
                        help='application, which selects the parameters file (%(default)s)')
    parser.add_argument('--config', default='', metavar='FILE',
                        help='parameters file instead, a path or a name in config/; starts its '
                             'nodes, or those of the application if it has only /**')
    parser.add_argument('--namespace', default='', metavar='NS', help='namespace of every node')
    parser.add_argument('--transport', default='local', metavar='PROFILE',
                        help='local (this machine only), robot (all its interfaces), local_udp or '
                             'robot_udp (without shared memory, for images between users or '
                             'containers), none, or an XML profile (%(default)s)')
    parser.add_argument('--set', action='append', default=[], metavar='NODE.NAME=VALUE',
                        dest='overrides',
                        help='set a parameter, e.g. camera.source=/dev/video0; without NODE for '
                             'each node that has it, e.g. use_sim_time=true')
    parser.add_argument('--remap', action='append', default=[], metavar='[NODE:]FROM:=TO',
                        dest='remaps',
                        help='rename a topic or service, in one node or in all, e.g. '
                             'image:=/camera/image_raw; may be given again')
    parser.add_argument('--without', action='append', default=[], metavar='NODE',
                        help='do not start this node, e.g. camera if a driver publishes')
    parser.add_argument('--no-autostart', action='store_true',
                        help='let a lifecycle manager configure and activate the nodes')


def run(arguments: argparse.Namespace) -> int:
    """Run until a signal to end."""
    check_environment(os.environ)
    check_middleware(os.environ)
    sys.stderr.write(find_log_folder()[1])
    commands = _commands(arguments)
    for note in (network_exposure(arguments.transport, os.environ),
                 memory_note(arguments.transport)):
        if note:
            _say(note)
    supervisor = Supervisor(commands, {
        node: {RESPAWN: 'true', **transport_environment(
            arguments.transport, os.environ, images=node in IMAGE_NODES)}
        for node in commands})
    stopping = threading.Event()
    on_signal_to_end(stopping.set)
    # a stopped terminal or an unread pipe must not block restarts
    end_relay = relay_output()
    supervisor.start()
    try:
        while not stopping.wait(0.1):
            for sentence in supervisor.poll():
                _say(sentence)
    finally:
        supervisor.stop()
        _say('all nodes ended')
        end_relay()
    return 0


def _commands(arguments: argparse.Namespace) -> dict[str, list[str]]:
    from digiphys_ros.ros.parameters.configuration import command, load_configuration
    from digiphys_ros.applications import find_application
    base = find_resource(find_application(arguments.app).config, 'config')
    config = find_resource(arguments.config, 'config') if arguments.config else base
    namespace = arguments.namespace
    found = load_configuration(
        config, namespace, base=base, without=arguments.without)
    for sentence in found.notes:
        _say(sentence)
    nodes = found.nodes + found.left_out
    for node in arguments.without:
        if node not in nodes:
            raise UsageError(f'--without {node}: no such node in {config}, it has '
                             f'{", ".join(nodes)}.')
    if not found.nodes:
        raise UsageError(f'nothing to start: {config} has {", ".join(nodes) or "no node"}; add a '
                         'node, or start one that --without excludes.')
    overrides, remaps = _overrides(arguments.overrides, nodes), _remaps(
        arguments.remaps, found.nodes)
    if arguments.no_autostart:
        overrides = {node: {'autostart': False, **overrides.get(node, {})} for node in found.nodes}
    return {node: command(node, config=found.files, namespace=namespace, remaps=remaps,
                          parameters=Renames(found.old_names[node]).upgrade(
                              overrides.get(node, {}), warn=False)) for node in found.nodes}


def _overrides(texts: list[str], nodes: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    overrides: dict[str, dict[str, Any]] = {}
    try:
        Renames(PARAMETERS).upgrade(
            {text.partition('=')[0].rpartition('.')[2]: text for text in texts})
    except BothNamesError as error:
        raise UsageError(f'--set: {error}.') from error
    for text in texts:
        target, equals, value = text.partition('=')
        node, dot, name = target.rpartition('.')
        name = PARAMETERS.get(name, name)
        if (dot and node not in nodes) or not equals:
            raise UsageError(f'--set {text}: must be NODE.NAME=VALUE, with a node of '
                             f'{", ".join(nodes)}{did_you_mean(node, nodes)}.')
        for one in (node,) if dot else nodes:
            overrides.setdefault(one, {}).update(_override(text, one, name, value))
        if not any(name in values for values in overrides.values()):
            raise UsageError(f'--set {text}: no node has a parameter `{name}`; '
                             'write NODE.NAME=VALUE, such as gate.lease_s=0.4.')
    return overrides


def _override(text: str, node: str, name: str, value: str) -> dict[str, Any]:
    """Return one parameter; nothing if a node that was not named does not have it."""
    from digiphys_ros.ros.parameters.configuration import allowed
    from digiphys_ros.yamlfile import parse_value
    known = allowed(node)
    if name not in known:
        if not text.startswith(f'{node}.'):
            return {}
        raise UsageError(f'--set {text}: {node} has no parameter `{name}`'
                         f'{did_you_mean(name, known)}, it has {", ".join(known)}.')
    try:
        parsed = parse_value(value)
        # text needs no quotes, although 0 and 2024 are numbers in YAML
        if isinstance(known[name].default, str) and not isinstance(parsed, str):
            parsed = value
        return {name: known[name].check(parsed)}
    except ConfigError as error:
        raise UsageError(f'--set {text}: {error}') from error


def _remaps(texts: list[str], nodes: tuple[str, ...]) -> list[str]:
    """Return the remap rules for ROS; compressed images follow their raw topic."""
    from digiphys_ros.ros.topic_names import misspelt_remap
    from digiphys_ros.ros.transport.middleware import check_remap
    for text in texts:
        node, colon, source = text.partition(':=')[0].rpartition(':')
        if colon and node not in nodes:
            raise UsageError(f'--remap {text}: no such node{did_you_mean(node, nodes)}; the nodes '
                             f'are {", ".join(nodes)}.')
        if source.startswith('__'):
            raise UsageError(f'--remap {text}: nodes cannot be renamed; --namespace sets their '
                             'namespace.')
        check_remap(text)
        if problem := misspelt_remap(text):
            _say(f'--remap {text}: {problem}: it may have no effect')
    pairs = [text.split(':=') for text in texts]
    sources = {source for source, _ in pairs}
    return texts + [f'{source}/compressed:={target}/compressed' for source, target in pairs
                    if source.replace(':', '/').split('/')[-1] == 'image'
                    and f'{source}/compressed' not in sources]


def _say(sentence: str) -> None:
    sys.stderr.write(f'digiphys run: {sentence}\n')
