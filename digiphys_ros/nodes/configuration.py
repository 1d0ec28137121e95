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

"""Check a ROS parameters file against what the nodes declare; make their command lines."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
import re
import sys
from typing import Any

from digiphys_ros.errors import ConfigError, did_you_mean
from digiphys_ros.nodes.lifecycle import COMMON
from digiphys_ros.nodes.middleware import check_arguments
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.nodes.parameters_file import ParametersFile, Section, WILDCARDS

NODES = ('camera', 'sim', 'classifier', 'policy', 'gate', 'triage', 'gazebo_adapter')
OF_ROS = (Parameter('use_sim_time', False, 'Take the time from /clock.'),)
"""What each node of ROS declares by itself."""


def declared(node: str) -> tuple[Parameter, ...]:
    """Return the parameters of one node, in the order they are declared."""
    module = import_module(f'digiphys_ros.nodes.{node}')
    name = ''.join(map(str.capitalize, node.split('_')))
    own: tuple[Parameter, ...] = getattr(module, f'{name}Node').PARAMETERS
    return COMMON + own


def allowed(node: str) -> dict[str, Parameter]:
    """Return every parameter that a node takes, by name."""
    return {parameter.name: parameter for parameter in (*declared(node), *OF_ROS)}


def full_name(node: str, namespace: str) -> str:
    """
    Return a node's name with its namespace.

    Example::

        >>> full_name('gate', 'fleet/robot1')
        '/fleet/robot1/gate'
    """
    return '/'.join(['', *filter(None, namespace.split('/')), node])


def check_parameters(path: Path, namespace: str = '') -> tuple[str, ...]:
    """
    Check a ROS parameters file; ROS passes over what applies to no node in silence.

    :param namespace: that the nodes are started in.
    :return: the nodes the file names, in the order of the pipeline.
    :raises ConfigError: naming the file, the line and the field.
    """
    _check_namespace(namespace)
    file = ParametersFile(path)
    named = {section.node for section in file.sections}
    for section in file.sections:
        if section.node not in (*NODES, *WILDCARDS):
            raise file.error(section.location, 'no such node'
                             f'{did_you_mean(section.node, NODES)}, allowed are '
                             f'{", ".join(NODES)} (as /**/camera, say).')
    nodes = tuple(node for node in NODES if node in named)
    for node in nodes:
        _check_reach(file, node, namespace)
    for section in file.sections:
        _check_values(file, section, nodes)
    check_arguments(['--params-file', str(path)])
    return nodes


def unused_sections(path: Path, namespace: str = '') -> list[str]:
    """Return a sentence for each section that applies to no node in this namespace."""
    sections = ParametersFile(path).sections
    names = [full_name(node, namespace) for node in NODES]
    return [f'{path}: section `{section.key}` applies to no node of namespace '
            f'/{namespace.strip("/")}.' for section in sections
            if not any(map(section.applies_to, names))]


def _check_namespace(namespace: str) -> None:
    if not re.fullmatch(r'/?([A-Za-z_]\w*(/[A-Za-z_]\w*)*/?)?', namespace, re.ASCII):
        raise ConfigError(f'namespace {namespace!r:.80}: names of letters, digits and _ are '
                          'needed, which start with no digit and are separated by one /, as '
                          'fleet/robot1.')


def _check_reach(file: ParametersFile, node: str, namespace: str) -> None:
    """Refuse a node of which no section applies to the one that would be started."""
    own = [section for section in file.sections if section.node == node]
    name = full_name(node, namespace)
    if not any(section.applies_to(name) for section in own):
        raise file.error(own[0].location, f'does not apply to the node {name}: write /**/{node}, '
                         'or start it in the namespace of the section.')


def _check_values(file: ParametersFile, section: Section, nodes: Sequence[str]) -> None:
    targets = nodes if section.node in WILDCARDS else (section.node,)
    for location, value in section.values:
        name = '.'.join(map(str, location[len(section.location) + 1:]))
        known = [parameters[name] for parameters in map(allowed, targets) if name in parameters]
        if not known and targets:
            raise file.error(location, f'there is no such parameter{_suggestion(name, targets)}')
        for parameter in known:
            try:
                parameter.check(value)
            except ConfigError as error:
                raise file.error(location, str(error)) from error


def _suggestion(name: str, nodes: Iterable[str]) -> str:
    names = list(dict.fromkeys(one for node in nodes for one in allowed(node)))
    return did_you_mean(name, names) or f', there are {", ".join(names)}'


def command(node: str, *, config: Path | None = None, namespace: str = '',
            parameters: Mapping[str, Any] | None = None, remaps: Sequence[str] = ()) -> list[str]:
    """
    Return the command line that starts one node in this Python.

    :param parameters: values that override the file's.
    :param remaps: ROS rules, as ``image:=/camera/image_raw``.
    """
    words = [sys.executable, '-m', 'digiphys_ros.nodes', node, '--ros-args']
    if config is not None:
        words += ['--params-file', str(config)]
    if namespace:
        words += ['-r', f'__ns:=/{namespace.strip("/")}']
    for remap in remaps:
        words += ['-r', remap]
    for name, value in (parameters or {}).items():
        words += ['-p', f'{name}:={_text(value)}']
    return words


def _text(value: Any) -> str:
    """Return a parameter value as ``--ros-args -p`` reads it, which is as YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f'[{", ".join(map(_text, value))}]'
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
