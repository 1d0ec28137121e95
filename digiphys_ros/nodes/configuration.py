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

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
import sys
from typing import Annotated, Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.nodes.lifecycle import COMMON
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.yamlfile import load_yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, create_model, Field

NODES = ('camera', 'sim', 'classifier', 'policy', 'gate', 'triage', 'gazebo_adapter')
STRICT = ConfigDict(extra='forbid')


def declared(node: str) -> tuple[Parameter, ...]:
    """Return the parameters of one node, in the order they are declared."""
    module = import_module(f'digiphys_ros.nodes.{node}')
    name = ''.join(map(str.capitalize, node.split('_')))
    own: tuple[Parameter, ...] = getattr(module, f'{name}Node').PARAMETERS
    return COMMON + own


def check_parameters(path: Path) -> tuple[str, ...]:
    """
    Check a ROS parameters file; ROS itself passes over a misspelt parameter in silence.

    :return: the nodes the file names, in the order of the pipeline.
    :raises ConfigError: naming the file, the line and the field.
    """
    document = load_yaml(path, _AnyMapping).model_dump()
    sections = {key: _node_of(path, key) for key in document if key != '/**'}
    fields: dict[str, Any] = {
        f'section_{index}': (_section(node), Field(alias=key))
        for index, (key, node) in enumerate(sections.items())}
    load_yaml(path, create_model('Parameters', __config__=ConfigDict(extra='ignore'), **fields))
    return tuple(node for node in NODES if node in sections.values())


class _AnyMapping(BaseModel):
    model_config = ConfigDict(extra='allow')


def _node_of(path: Path, key: str) -> str:
    node = key.rsplit('/', 1)[-1]
    if node not in NODES:
        raise ConfigError(f'{path}: field `{key}`: no such node, allowed are '
                          f'{", ".join(NODES)} (as /**/camera, say).')
    return node


def _section(node: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        parameter.name: (Annotated[Any, AfterValidator(_validator(parameter))], parameter.default)
        for parameter in declared(node)}
    fields['use_sim_time'] = (bool, False)
    parameters = create_model(f'{node}_parameters', __config__=STRICT, **fields)
    return create_model(
        f'{node}_section', __config__=STRICT, ros__parameters=(parameters, ...))


def _validator(parameter: Parameter) -> Callable[[Any], Any]:
    def validate(value: Any) -> Any:
        try:
            return parameter.check(value)
        except ConfigError as error:
            raise ValueError(str(error)) from error
    return validate


def command(node: str, *, config: Path | None = None, namespace: str = '',
            parameters: Mapping[str, Any] | None = None) -> list[str]:
    """
    Return the command line that starts one node in this Python.

    :param parameters: values that override the file's.
    """
    words = [sys.executable, '-m', f'digiphys_ros.nodes.{node}', '--ros-args']
    if config is not None:
        words += ['--params-file', str(config)]
    if namespace:
        words += ['-r', f'__ns:=/{namespace.strip("/")}']
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
