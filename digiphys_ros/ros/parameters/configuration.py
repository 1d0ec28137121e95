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

"""Check a ROS parameters file against the nodes' declarations; make their command lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
import re
import sys
from typing import Any

from digiphys_ros.errors import ConfigError, did_you_mean
from digiphys_ros.pipeline.parameters_file import old_names, ParametersFile, Section, WILDCARDS
from digiphys_ros.ros.transport.middleware import check_arguments
from digiphys_ros.settings import NodeSettings, Parameter, parameters_of

SETTINGS = {
    'camera': 'perception.sources.settings', 'sim': 'applications.settings',
    'classifier': 'pipeline.settings', 'policy': 'control.settings', 'gate': 'control.settings',
    'triage': 'advice.settings', 'gazebo_adapter': 'applications.settings'}
"""Node -> the module that declares its settings; imported on first use."""
NODES = tuple(SETTINGS)
OF_ROS = (Parameter('use_sim_time', False, 'Take the time from /clock.'),
          Parameter('start_type_description_service', True, 'Describe the types of the topics.'))
"""Parameters that rclpy declares for every node."""


def settings_of(node: str) -> type[NodeSettings]:
    """Return the dataclass that declares the parameters of one node."""
    module = import_module(f'digiphys_ros.{SETTINGS[node]}')
    name = ''.join(map(str.capitalize, node.split('_')))
    found: type[NodeSettings] = getattr(module, f'{name}Settings')
    return found


def declared(node: str) -> tuple[Parameter, ...]:
    """Return the parameters of one node, in the order of declaration."""
    return parameters_of(settings_of(node))


def allowed(node: str) -> dict[str, Parameter]:
    """Return every parameter of a node, by name."""
    return {parameter.name: parameter for parameter in (*declared(node), *OF_ROS)}


def full_name(node: str, namespace: str) -> str:
    """
    Return a node's name with its namespace.

    Example::

        >>> full_name('gate', 'fleet/robot1')
        '/fleet/robot1/gate'
    """
    return '/'.join(['', *filter(None, namespace.split('/')), node])


@dataclass(frozen=True)
class Configuration:
    """
    The nodes that a parameters file starts.

    :ivar files: files for ``--params-file``; the second overrides the first.
    :ivar nodes: nodes to start, in the order of the pipeline.
    :ivar left_out: nodes of the file that are not wanted.
    :ivar notes: sentences about content that ROS ignores.
    :ivar old_names: node -> new name -> old name, of the parameters that its files set by an old
        one; a value that overrides them needs the old name too.
    """

    files: tuple[Path, ...]
    nodes: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    old_names: Mapping[str, Mapping[str, str]]


def load_configuration(path: Path, namespace: str = '', *, base: Path | None = None,
                       without: Sequence[str] = ()) -> Configuration:
    """
    Check a ROS parameters file; ROS silently ignores content that applies to no node.

    The nodes in the file are started. A file that names no node, only ``/**``, overrides values of
    ``base``.

    :param namespace: namespace of the nodes.
    :param base: the application's file; without one, a file that names no node starts none.
    :param without: nodes that are not started.
    :raises ConfigError: naming the file, the line and the field.
    """
    _check_namespace(namespace)
    file = ParametersFile(path)
    below: list[ParametersFile] = []
    named = _nodes_in(file)
    if base is not None and not named:
        below = [ParametersFile(base)]
        named = _nodes_in(below[0])
    started = {full_name(node, namespace): node for node in named if node not in without}
    if below:
        _check_any_reach(file, started)
    else:
        _check_own_reach(file, started)
    notes = list(_describe_unused(file, started, [full_name(node, namespace) for node in without]))
    for section in file.sections:
        targets = [node for name, node in started.items() if section.applies_to(name)]
        notes += _check_values(file, section, targets)
    check_arguments(['--params-file', str(path)])
    return Configuration(
        tuple(one.path for one in (*below, file)), tuple(started.values()),
        tuple(node for node in named if node in without), tuple(notes),
        {node: old_names(name, [*below, file]) for name, node in started.items()})


def _nodes_in(file: ParametersFile) -> list[str]:
    names = {section.node for section in file.sections}
    return [node for node in NODES if node in names]


def _check_namespace(namespace: str) -> None:
    if not re.fullmatch(r'/?([A-Za-z_]\w*(/[A-Za-z_]\w*)*/?)?', namespace, re.ASCII):
        raise ConfigError(f'namespace {namespace!r:.80}: names of letters, digits and _ are '
                          'needed, which do not start with a digit and are separated by one /, as '
                          'fleet/robot1.')


def _check_own_reach(file: ParametersFile, started: Mapping[str, str]) -> None:
    """Refuse a file whose section for a node does not apply to the node to start."""
    for name, node in started.items():
        own = [section for section in file.sections if section.node == node]
        if not any(section.applies_to(name) for section in own):
            raise file.error(own[0].location, f'does not apply to the node {name}, which would '
                             f'run on defaults: write /**/{node}, start it in the namespace of '
                             'the section, or leave the node out.')


def _check_any_reach(file: ParametersFile, started: Mapping[str, str]) -> None:
    """Refuse a file without any section that applies: all nodes are in one namespace."""
    if not any(section.applies_to(name) for section in file.sections for name in started):
        keys = ', '.join(f'`{section.key}`{_hint(section)}' for section in file.sections)
        raise ConfigError(f'{file.path}: applies to none of the nodes {", ".join(started)}: name '
                          f'them, as /**/gate, received {keys or "no section"}.')


def _describe_unused(file: ParametersFile, started: Mapping[str, str], left_out: Sequence[str]
                     ) -> Iterator[str]:
    """Yield a sentence about sections that apply to no started node, such as those of others."""
    names = [*started, *left_out]
    unused = [section for section in file.sections if not any(map(section.applies_to, names))]
    if unused:
        keys = ', '.join(f'`{section.key}`{_hint(section)}' for section in unused)
        yield f'{file.path}: applies to no node that is started here: {keys}.'


def _hint(section: Section) -> str:
    return '' if section.node in NODES else did_you_mean(section.node, NODES)


def _check_values(file: ParametersFile, section: Section, targets: Sequence[str]
                  ) -> Iterator[str]:
    """Check the values for the nodes; yield sentences about values for other nodes."""
    for location, value in section.values if targets else ():
        name = section.parameter(location)
        known = [parameters[name] for parameters in map(allowed, targets) if name in parameters]
        if not known:
            if section.node not in WILDCARDS or did_you_mean(name, _names(targets)):
                raise file.error(location, _unknown(name, targets))
            yield f'{file.path}: no node that is started here has `{name}` of `{section.key}`.'
        for parameter in known:
            try:
                parameter.check(value)
            except ConfigError as error:
                raise file.error(location, str(error)) from error


def _unknown(name: str, nodes: Sequence[str]) -> str:
    if name.startswith('qos_overrides.'):
        return 'the nodes adapt their QoS to their peers: leave it out (the camera ' \
            'has `reliability`)'
    there_are = f', there are {", ".join(_names(nodes))}'
    return f'there is no such parameter{did_you_mean(name, _names(nodes)) or there_are}'


def _names(nodes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one for node in nodes for one in allowed(node)))


def command(node: str, *, config: Path | Sequence[Path] = (), namespace: str = '',
            parameters: Mapping[str, Any] | None = None, remaps: Sequence[str] = ()) -> list[str]:
    """
    Return the command line that starts one node in this Python.

    :param config: a parameters file, or several, of which the last has precedence.
    :param parameters: values that override those of the files.
    :param remaps: remap rules, such as ``image:=/camera/image_raw``.
    """
    words = [sys.executable, '-m', 'digiphys_ros.nodes', node, '--ros-args']
    for file in [config] if isinstance(config, Path) else config:
        words += ['--params-file', str(file)]
    if namespace:
        words += ['-r', f'__ns:=/{namespace.strip("/")}']
    for remap in remaps:
        words += ['-r', remap]
    for name, value in (parameters or {}).items():
        words += ['-p', f'{name}:={_text(value)}']
    return words


def _text(value: Any) -> str:
    """Return a parameter value for ``--ros-args -p``, which reads YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f'[{", ".join(map(_text, value))}]'
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
