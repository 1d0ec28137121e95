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

"""Convert between an actuator's messages and the values of its fields."""

import math
from typing import Any

from digiphys_ros.control import Actuator
from digiphys_ros.control.actuator_kind import ACTUATOR_KINDS, TWIST_FIELDS
from digiphys_ros.control.motion import LONGEST_STEP_S
from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.messages.conversion import Conversion
from digiphys_ros.ros.messages.conversions import read_field, write_field
from digiphys_ros.ros.messages.images import set_stamp
from geometry_msgs.msg import TwistStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header


def conversion_of(actuator: Actuator) -> Conversion:
    """
    Return the conversion of an actuator's messages.

    :raises ConfigError: when the package that adds the kind cannot be used.
    """
    path = ACTUATOR_KINDS[actuator.kind].conversion
    found: Conversion = ACTUATOR_KINDS.follow(actuator.kind, path)
    return found


def actuator_type(actuator: Actuator) -> type:
    """Return the message class of an actuator."""
    return conversion_of(actuator).message_type(actuator)


def desired_type(actuator: Actuator) -> type:
    """Return the class of the stamped message with a desired command for the gate."""
    result: type = \
        TwistStamped if ACTUATOR_KINDS[actuator.kind].fields == TWIST_FIELDS else JointState
    return result


def desired_message(actuator: Actuator, values: dict[str, float], header: Header) -> Any:
    """Return a desired command under the source image's header."""
    if desired_type(actuator) is TwistStamped:
        message = TwistStamped(header=header)
        for field, value in values.items():
            write_field(message.twist, field, value)
        return message
    return JointState(header=header, name=list(values), position=list(values.values()))


def desired_values(actuator: Actuator, message: Any) -> dict[str, float]:
    """
    Return the values in a desired command, by field name.

    A Twist always has six numbers. Numbers that the actuator does not have are ignored if zero, so
    that a command it cannot carry out is refused instead of being reduced.
    """
    if isinstance(message, TwistStamped):
        values = {field: read_field(message.twist, field) for field in TWIST_FIELDS}
        return {field: value for field, value in values.items()
                if field in actuator.fields or value != 0.0}
    return dict(zip(message.name, message.position, strict=False))


def actuator_message(actuator: Actuator, values: dict[str, float], now_s: float,
                     reach_s: float = LONGEST_STEP_S) -> Any:
    """
    Return the message for the actuator, stamped ``now_s`` if its type has a header.

    :param reach_s: time in which joints must reach their positions (``GateOutput.reach_s``).
    """
    conversion = conversion_of(actuator)
    message = conversion.message_type(actuator)()
    if hasattr(message, 'header'):
        set_stamp(message.header, now_s)
        message.header.frame_id = actuator.frame_id
    conversion.write(actuator, values, message, reach_s)
    return message


def message_values(actuator: Actuator, message: Any) -> dict[str, float]:
    """
    Return the values in a message for the actuator, by field name.

    :raises ValueError: with the reason why it has no valid values.
    """
    names, values = conversion_of(actuator).read(actuator, message)
    known = {*(actuator.plan.heads if actuator.plan else actuator.fields)}
    if len(names) != len(values) or not names:
        raise ValueError(f'{len(names)} names and {len(values)} values')
    if not known.issuperset(names):
        raise ValueError(f'unknown are {", ".join(sorted(set(names) - known))}')
    if not all(map(math.isfinite, values)):
        raise ValueError(f'not finite: {values}')
    return dict(zip(names, values, strict=True))


def check_message(actuator: Actuator) -> None:
    """
    Refuse an actuator whose message cannot represent its limits.

    :raises ConfigError: naming the field, its value and the value that would be sent.
    """
    if actuator.plan:
        return
    for what in ('min', 'max') if actuator.holds_position() else ('min', 'max', 'safe'):
        values = {name: float(getattr(limits, what)) for name, limits in actuator.fields.items()}
        arrived = _sent(actuator, values)
        for name, value in values.items():
            if not math.isclose(arrived.get(name, math.nan), value, rel_tol=1e-6, abs_tol=1e-9):
                place = f'{actuator.field_map[name]} of {actuator.type}' \
                    if actuator.field_map else f'the message of a {actuator.kind}'
                raise ConfigError(
                    f'actuator on {actuator.topic}: `{what}` of field `{name}` is {value:g}, but '
                    f'{place} would carry {arrived.get(name, math.nan):g}: '
                    'choose limits that the message can represent.')


def _sent(actuator: Actuator, values: dict[str, float]) -> dict[str, float]:
    """Return the values that arrive if these are sent."""
    try:
        message = actuator_message(actuator, values, 0.0)
        return dict(zip(*conversion_of(actuator).read(actuator, deserialize_message(
            serialize_message(message), type(message))), strict=False))
    except Exception as error:  # a message of any package may raise any error
        place = f'{actuator.type} by field_map {dict(actuator.field_map)}' \
            if actuator.field_map else f'the message of a {actuator.kind}'
        raise ConfigError(
            f'actuator on {actuator.topic}: {values} cannot be written into {place}: {error}'
        ) from error
