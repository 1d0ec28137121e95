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

"""Between an actuator's messages and the values of its fields."""

from functools import reduce
from importlib import import_module
import math
from typing import Any

from digiphys_ros.control import Actuator
from digiphys_ros.control.motion import LONGEST_STEP_S
from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.messages.images import set_stamp
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.duration import Duration
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

TWIST_FIELDS = tuple(f'{part}.{axis}' for part in ('linear', 'angular') for axis in 'xyz')


def message_type(name: str) -> type:
    """
    Return the message class called ``package/msg/Type``.

    :raises ConfigError: when it is not installed.
    """
    try:
        package, _, kind = name.split('/')
        return getattr(import_module(f'{package}.msg'), kind)  # type: ignore[no-any-return]
    except (ValueError, ImportError, AttributeError) as error:
        raise ConfigError(
            f'message type "{name}" cannot be imported ({error}): write it as '
            'package/msg/Type and install the package that defines it.') from error


def actuator_type(actuator: Actuator) -> type:
    """Return the message class an actuator takes."""
    if actuator.kind == 'message':
        return message_type(actuator.type)
    return {'twist_stamped': TwistStamped, 'twist': Twist, 'float64': Float64, 'bool': Bool,
            'joint_trajectory': JointTrajectory, 'signals': JointState}[actuator.kind]


def desired_type(actuator: Actuator) -> type:
    """Return the stamped message in which a desired command reaches the gate."""
    return TwistStamped if actuator.kind in ('twist_stamped', 'twist') else JointState


def desired_message(actuator: Actuator, values: dict[str, float], header: Header) -> Any:
    """Return a desired command under the source image's header."""
    if desired_type(actuator) is TwistStamped:
        message = TwistStamped(header=header)
        for field, value in values.items():
            _assign(message.twist, field, value)
        return message
    return JointState(header=header, name=list(values), position=list(values.values()))


def desired_values(actuator: Actuator, message: Any) -> dict[str, float]:
    """
    Return the values in a desired command, by field name.

    A Twist always carries six numbers: those the actuator does not have count only when they
    are not zero, so that a command it cannot carry out is refused rather than cut down.
    """
    if isinstance(message, TwistStamped):
        values = {field: _read(message.twist, field) for field in TWIST_FIELDS}
        return {field: value for field, value in values.items()
                if field in actuator.fields or value != 0.0}
    return dict(zip(message.name, message.position, strict=False))


def actuator_message(actuator: Actuator, values: dict[str, float], now_s: float,
                     reach_s: float = LONGEST_STEP_S) -> Any:
    """
    Return the message for the actuator, stamped ``now_s`` where its type has a header.

    :param reach_s: time in which joints are to reach their positions (``GateOutput.reach_s``).
    """
    message = actuator_type(actuator)()
    if hasattr(message, 'header'):
        set_stamp(message.header, now_s)
        message.header.frame_id = actuator.frame_id
    if actuator.kind == 'joint_trajectory':
        # stamp zero means "start now" to a trajectory controller
        set_stamp(message.header, 0.0)
        message.joint_names = list(values)
        message.points = [JointTrajectoryPoint(
            positions=list(values.values()), time_from_start=Duration(seconds=reach_s).to_msg())]
        return message
    if actuator.kind == 'signals':
        message.name, message.position = list(values), list(values.values())
        return message
    for field, value in values.items():
        _assign(message, _path(actuator, field), value)
    return message


def check_message(actuator: Actuator) -> None:
    """
    Refuse an actuator whose message cannot hold what it may be sent.

    :raises ConfigError: naming the field, the value and what becomes of it.
    """
    if actuator.kind != 'message':
        return
    for what in ('min', 'max') if actuator.holds() else ('min', 'max', 'safe'):
        values = {name: float(getattr(limits, what)) for name, limits in actuator.fields.items()}
        message = _serialised(actuator, values)
        for name, value in values.items():
            arrives = read_field(actuator, message, name)
            if not math.isclose(arrives, value, rel_tol=1e-6, abs_tol=1e-9):
                raise ConfigError(
                    f'actuator on {actuator.topic}: `{what}` of field `{name}` is {value:g}, but '
                    f'{actuator.field_map[name]} of {actuator.type} would carry {arrives:g}: '
                    'choose limits that the message can hold.')


def _serialised(actuator: Actuator, values: dict[str, float]) -> Any:
    try:
        message = actuator_message(actuator, values, 0.0)
        return deserialize_message(serialize_message(message), type(message))
    except Exception as error:  # a message of any package: its checks raise what they like
        raise ConfigError(
            f'actuator on {actuator.topic}: {values} cannot be written into {actuator.type} by '
            f'field_map {dict(actuator.field_map)}: {error}') from error


def read_field(actuator: Actuator, message: Any, field: str) -> float:
    """Return one field of an actuator's message; of joints and signals there is none."""
    return _read(message, _path(actuator, field))


def _path(actuator: Actuator, field: str) -> str:
    if actuator.kind == 'message':
        return actuator.field_map[field]
    return f'twist.{field}' if actuator.kind == 'twist_stamped' else field


def _read(message: Any, path: str) -> float:
    return float(reduce(getattr, path.split('.'), message))


def _assign(message: Any, path: str, value: float) -> None:
    *parents, name = path.split('.')
    target = reduce(getattr, parents, message)
    setattr(target, name, type(getattr(target, name))(value))
