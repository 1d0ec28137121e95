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

"""Conversions of the built-in actuator kinds."""

from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

from digiphys_ros.control import Actuator
from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.messages.images import set_stamp
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.duration import Duration
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint


class FieldConversion:
    """
    A message with one place for each field.

    :param message: its class.
    :param within: prefix of the fields in the message, such as ``twist.``.
    """

    def __init__(self, message: type, within: str = '') -> None:
        self._message, self._within = message, within

    def message_type(self, actuator: Actuator) -> type:
        """Return the message class."""
        return self._message

    def write(self, actuator: Actuator, values: Mapping[str, float], message: Any,
              reach_s: float) -> None:
        """Write each value to its place, in the type of that place."""
        for field, value in values.items():
            write_field(message, self._place(actuator, field), value)

    def read(self, actuator: Actuator, message: Any) -> tuple[Sequence[str], Sequence[float]]:
        """Return the values of the actuator's fields."""
        names = list(actuator.fields)
        return names, [read_field(message, self._place(actuator, name)) for name in names]

    def _place(self, actuator: Actuator, field: str) -> str:
        return self._within + field


class AnyMessage(FieldConversion):
    """A message of any type; the rules file gives the type and the place of each field."""

    def __init__(self) -> None:
        super().__init__(object)

    def message_type(self, actuator: Actuator) -> type:
        """
        Return the message class of the rules file.

        :raises ConfigError: when it is not installed.
        """
        return import_message(actuator.type)

    def _place(self, actuator: Actuator, field: str) -> str:
        return actuator.field_map[field]


class TrajectoryConversion:
    """A JointTrajectory of one point."""

    def message_type(self, actuator: Actuator) -> type:
        """Return JointTrajectory."""
        result: type = JointTrajectory
        return result

    def write(self, actuator: Actuator, values: Mapping[str, float], message: Any,
              reach_s: float) -> None:
        """Write the point, to be reached in ``reach_s`` from now."""
        # stamp zero means "start now" to a trajectory controller
        set_stamp(message.header, 0.0)
        message.joint_names = list(values)
        message.points = [JointTrajectoryPoint(
            positions=list(values.values()), time_from_start=Duration(seconds=reach_s).to_msg())]

    def read(self, actuator: Actuator, message: Any) -> tuple[Sequence[str], Sequence[float]]:
        """Return the positions of the first point."""
        return list(message.joint_names), [
            one for point in message.points[:1] for one in point.positions]


class SignalsConversion:
    """A JointState with the state of each signal head."""

    def message_type(self, actuator: Actuator) -> type:
        """Return JointState."""
        result: type = JointState
        return result

    def write(self, actuator: Actuator, values: Mapping[str, float], message: Any,
              reach_s: float) -> None:
        """Write the states."""
        message.name, message.position = list(values), list(values.values())

    def read(self, actuator: Actuator, message: Any) -> tuple[Sequence[str], Sequence[float]]:
        """Return the states."""
        return list(message.name), list(message.position)


TWIST_STAMPED, TWIST = FieldConversion(TwistStamped, 'twist.'), FieldConversion(Twist)
FLOAT64, BOOL = FieldConversion(Float64), FieldConversion(Bool)
JOINT_TRAJECTORY, MESSAGE, SIGNALS = TrajectoryConversion(), AnyMessage(), SignalsConversion()


def import_message(name: str) -> type:
    """
    Return the message class called ``package/msg/Type``.

    :raises ConfigError: when it is not installed.
    """
    try:
        package, _, type_name = name.split('/')
        return getattr(import_module(f'{package}.msg'), type_name)  # type: ignore[no-any-return]
    except (ValueError, ImportError, AttributeError) as error:
        raise ConfigError(
            f'message type "{name}" cannot be imported ({error}): write it as '
            'package/msg/Type and install the package that defines it.') from error


def read_field(message: Any, path: str) -> float:
    """Return the number at a path of names joined by dots."""
    return float(reduce(getattr, path.split('.'), message))


def write_field(message: Any, path: str, value: float) -> None:
    """Set the number at a path of names joined by dots, in the type of that place."""
    *parents, name = path.split('.')
    target = reduce(getattr, parents, message)
    setattr(target, name, type(getattr(target, name))(value))
