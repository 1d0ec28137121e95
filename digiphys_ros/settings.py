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

"""
Declare each setting once, as a field of a frozen dataclass.

ROS parameters, checks of YAML files, documentation tables and JSON schemas are derived from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, Field, field, fields, is_dataclass, replace
import math
from types import MappingProxyType
from typing import Any, TypeVar

from digiphys_ros.errors import ConfigError
from digiphys_ros.registry import Registry
from digiphys_ros.renamed import warn_renamed

Default = bool | int | float | str | tuple[float, ...]
RosDefault = bool | int | float | str | list[float]
S = TypeVar('S')

BUNDLE, RULES, TOP_K = 'traffic_signs', 'traffic_signs_rules.yaml', 3
"""Defaults of nodes, Python functions and subcommands alike."""


@dataclass(frozen=True)
class Parameter:
    """
    One setting as a ROS parameter.

    ``low`` and ``high`` bound a number (or each number of a list), in the unit at the end of the
    name. ``runtime`` parameters take effect at once; the others when the node is configured.
    ``renamed`` maps deprecated choices to new ones.
    ``registry`` contains more allowed names; it is listed only for an error message.
    """

    name: str
    default: RosDefault
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    runtime: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    registry: Registry[Any] | None = None

    def check(self, value: Any) -> Any:
        """
        Return ``value`` in the parameter's type.

        :raises ConfigError: with the received and the allowed values.
        """
        value_type = type(self.default)
        if value_type is list:
            return [self._number(item) for item in self._list(value)]
        if value_type is float:
            return self._number(value)
        if value_type is int:
            return self._check_bounds(self._check_type(value, int))
        text_or_bool = self._check_type(value, value_type)
        if text_or_bool in self.renamed:
            warn_renamed(text_or_bool, self.renamed[text_or_bool])
            text_or_bool = self.renamed[text_or_bool]
        if self.choices and text_or_bool not in self.choices:
            if self.registry is None:
                raise self._error(value, f'one of {", ".join(self.choices)}')
            if text_or_bool not in self.registry:
                allowed = dict.fromkeys((*self.choices, *self.registry))
                raise self._error(value, f'one of {", ".join(allowed)}')
        return text_or_bool

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
        result: float = self._check_bounds(float(value))
        return result

    def _check_type(self, value: Any, value_type: type) -> Any:
        if value_type is str and type(value) is int:
            # `source: 0`, `cpus: 2` and `bundle: 2024`: ROS reads these texts as numbers
            return str(value)
        if type(value) is not value_type:
            raise self._error(value, f'a {value_type.__name__}')
        return value

    def _check_bounds(self, value: Any) -> Any:
        if (self.low is not None and value < self.low) or \
                (self.high is not None and value > self.high):
            raise self._error(value, f'a value from {self.low} to {self.high}')
        return value

    def _error(self, value: Any, allowed: str) -> ConfigError:
        return ConfigError(f'parameter `{self.name}`: {allowed} is needed, received {value!r}.')


def setting(default: Default, description: str, low: float | None = None,
            high: float | None = None, *, choices: tuple[str, ...] = (), runtime: bool = False,
            renamed: Mapping[str, str] = MappingProxyType({}),
            registry: Registry[Any] | None = None) -> Any:
    """
    Declare a setting: a field of a settings dataclass; see ``Parameter``.

    Example::

        >>> @dataclass(frozen=True)
        ... class LampSettings:
        ...     rate_hz: float = setting(2.0, 'Flashes a second.', 0.1, 10.0)
        >>> [one.name for one in parameters_of(LampSettings)]
        ['rate_hz']
        >>> read_settings(LampSettings, {'rate_hz': 5})
        LampSettings(rate_hz=5.0)
    """
    return field(default=default, metadata={
        'description': description, 'low': low, 'high': high, 'choices': choices,
        'runtime': runtime, 'renamed': dict(renamed), 'registry': registry})


def group(settings: type[S]) -> Any:
    """Declare a field that includes all settings of another dataclass."""
    return field(default=settings())


@dataclass(frozen=True)
class NodeSettings:
    """Settings of every node."""

    autostart: bool = setting(
        True, 'Configure and activate on start; false waits for a lifecycle manager.')
    cpus: str = setting('', 'Cores that the process may run on, such as 0,2 or 1-3. Empty: all.')
    nice: int = setting(
        0, 'Priority of the process, -20 (highest, needs the permission) to 19.', -20, 19)


def parameters_of(settings: type) -> tuple[Parameter, ...]:
    """
    Return the parameters of a settings dataclass, in the order they are declared.

    A field whose default is a settings dataclass includes the fields of that dataclass.
    """
    found: list[Parameter] = []
    for one in fields(settings):
        if is_dataclass(one.default):
            found += parameters_of(type(one.default))
        else:
            found.append(_parameter(one))
    return tuple(found)


def read_settings(settings: type[S], values: Mapping[str, Any]) -> S:
    """
    Return settings with checked values; a missing value has its default.

    :raises ConfigError: for the first value that is not allowed.
    """
    return change_settings(settings(), values)


def change_settings(settings: S, values: Mapping[str, Any]) -> S:
    """
    Return settings with other values, named as ROS parameters.

    :raises ConfigError: for the first value that is not allowed.
    """
    changes: dict[str, Any] = {}
    for one in fields(settings):  # type: ignore[arg-type]
        if is_dataclass(one.default):
            changes[one.name] = change_settings(getattr(settings, one.name), values)
        elif one.name in values:
            value = _parameter(one).check(values[one.name])
            changes[one.name] = tuple(value) if isinstance(value, list) else value
    return replace(settings, **changes)  # type: ignore[type-var]


def _parameter(one: Field[Any]) -> Parameter:
    # ROS has lists, a frozen dataclass has tuples
    default: Any = list(one.default) if isinstance(one.default, tuple) else one.default
    return Parameter(one.name, default, **one.metadata)
