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

"""Declare the settings of a node as ROS parameters."""

from typing import Any, Generic, TypeVar

from digiphys_ros.errors import ConfigError
from digiphys_ros.renamed import BothNamesError, PARAMETERS, Renames
from digiphys_ros.settings import (
    change_settings,
    NodeSettings,
    Parameter,
    parameters_of,
    read_settings,
)
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node

S = TypeVar('S', bound=NodeSettings)


def descriptor_of(parameter: Parameter) -> ParameterDescriptor:
    """Return the ROS descriptor, so that tools show text, range and choices."""
    allowed = f'one of {", ".join(parameter.choices)}' if parameter.choices else ''
    descriptor = ParameterDescriptor(
        description=parameter.description, additional_constraints=allowed, dynamic_typing=True)
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        if isinstance(parameter.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))]
        elif type(parameter.default) is int:
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return descriptor


class ParameterSet(Generic[S]):
    """The parameters of one node, declared and read according to its settings."""

    def __init__(self, node: Node, settings: type[S]) -> None:
        self._node, self._settings = node, settings
        self._problems: dict[str, str] = {}
        self.declared = {one.name: one for one in parameters_of(settings)}
        for old, new in PARAMETERS.items():
            if new in self.declared:
                self._accept_old_name(old, new)
        for parameter in self.declared.values():
            self._declare(parameter)

    def _accept_old_name(self, old: str, new: str) -> None:
        try:
            self._node._parameter_overrides = Renames({old: new}).upgrade(
                self._node._parameter_overrides)
        except BothNamesError as error:
            self._problems[new] = str(error)

    def _declare(self, parameter: Parameter) -> None:
        descriptor = descriptor_of(parameter)
        try:
            self._node.declare_parameter(parameter.name, parameter.default, descriptor)
        except InvalidParameterValueException as error:
            # a value out of range must not end the process: the node stays unconfigured instead
            self._problems[parameter.name] = ' '.join(str(error).split())
            self._node.declare_parameter(
                parameter.name, parameter.default, descriptor, ignore_override=True)

    def read(self) -> S:
        """
        Return every value, checked.

        :raises ConfigError: for the first value that is not allowed.
        """
        for name, problem in self._problems.items():
            raise ConfigError(f'parameter `{name}`: {problem}')
        return read_settings(self._settings, {
            name: self._node.get_parameter(name).value for name in self.declared})

    def change(self, settings: S, values: dict[str, Any]) -> S:
        """Return settings with new values, or raise ConfigError."""
        changed = change_settings(settings, values)
        for name in values:
            self._problems.pop(name, None)
        return changed

    def is_in_force(self, name: str) -> bool:
        """Return whether a parameter has the requested value, not a default in its place."""
        return name not in self._problems
