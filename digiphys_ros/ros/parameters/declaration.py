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

"""Each parameter is declared once, as a value; descriptor, check and document follow from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import math
from types import SimpleNamespace
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.renamed import warn_renamed
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node


@dataclass(frozen=True)
class Parameter:
    """
    One parameter of a node.

    ``low`` and ``high`` bound a number (or each number of a list), in the unit that the name
    ends with. ``runtime`` parameters take effect at once; the others when the node is configured.
    ``renamed`` maps choices of an earlier release to those of now.
    """

    name: str
    default: bool | int | float | str | list[float] | list[str]
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    runtime: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    def check(self, value: Any) -> Any:
        """
        Return ``value`` in the parameter's type.

        :raises ConfigError: saying what was received and what is allowed.
        """
        kind = type(self.default)
        if kind is list:
            return [self._number(item) for item in self._list(value)]
        if kind is float:
            return self._number(value)
        if kind is int:
            return self._bounded(self._typed(value, int))
        text_or_bool = self._typed(value, kind)
        if text_or_bool in self.renamed:
            warn_renamed(text_or_bool, self.renamed[text_or_bool])
            text_or_bool = self.renamed[text_or_bool]
        if self.choices and text_or_bool not in self.choices:
            raise self._error(value, f'one of {", ".join(self.choices)}')
        return text_or_bool

    def descriptor(self) -> ParameterDescriptor:
        """Return the ROS descriptor, so that tools show text, range and choices."""
        allowed = f'one of {", ".join(self.choices)}' if self.choices else ''
        descriptor = ParameterDescriptor(
            description=self.description, additional_constraints=allowed, dynamic_typing=True)
        if self.low is not None and self.high is not None:
            if isinstance(self.default, float):
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high))]
            elif type(self.default) is int:
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.low), to_value=int(self.high))]
        return descriptor

    def _list(self, value: Any) -> list[Any]:
        size = len(self.default) if isinstance(self.default, list) else 0
        if isinstance(value, (str, bytes)) or not hasattr(value, '__len__') or len(value) != size:
            raise self._error(value, f'a list of {size} numbers')
        return list(value)

    def _number(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._error(value, 'a number')
        if not math.isfinite(value):
            raise self._error(value, 'a finite number')
        return self._bounded(float(value))

    def _typed(self, value: Any, kind: type) -> Any:
        if kind is str and type(value) is int:
            # `source: 0`, `cpus: 2` and `bundle: 2024`: ROS reads their text as a number
            return str(value)
        if type(value) is not kind:
            raise self._error(value, f'a {kind.__name__}')
        return value

    def _bounded(self, value: Any) -> Any:
        if (self.low is not None and value < self.low) or \
                (self.high is not None and value > self.high):
            raise self._error(value, f'a value from {self.low} to {self.high}')
        return value

    def _error(self, value: Any, allowed: str) -> ConfigError:
        return ConfigError(f'parameter `{self.name}`: {allowed} is needed, received {value!r}.')


class ParameterSet:
    """The parameters of one node, declared and read through their declarations."""

    def __init__(self, node: Node, parameters: Iterable[Parameter]) -> None:
        self._node = node
        self._problems: dict[str, str] = {}
        self.declared = {parameter.name: parameter for parameter in parameters}
        for parameter in self.declared.values():
            self._declare(parameter)

    def _declare(self, parameter: Parameter) -> None:
        descriptor = parameter.descriptor()
        try:
            self._node.declare_parameter(parameter.name, parameter.default, descriptor)
        except InvalidParameterValueException as error:
            # A value out of range must not end the process: the node stays unconfigured instead.
            self._problems[parameter.name] = ' '.join(str(error).split())
            self._node.declare_parameter(
                parameter.name, parameter.default, descriptor, ignore_override=True)

    def read(self) -> SimpleNamespace:
        """
        Return every value, checked, as attributes.

        :raises ConfigError: for the first value that is not allowed.
        """
        for name, problem in self._problems.items():
            raise ConfigError(f'parameter `{name}`: {problem}')
        return SimpleNamespace(**{
            name: parameter.check(self._node.get_parameter(name).value)
            for name, parameter in self.declared.items()})

    def check(self, name: str, value: Any) -> Any:
        """Return a new value for ``name`` in its type, or raise ConfigError."""
        checked = self.declared[name].check(value)
        self._problems.pop(name, None)
        return checked

    def is_in_force(self, name: str) -> bool:
        """Return whether a parameter has the value that was asked for, and not a default."""
        return name not in self._problems
