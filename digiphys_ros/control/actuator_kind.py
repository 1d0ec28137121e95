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

"""Declaration and registry of actuator kinds."""

from dataclasses import dataclass
from typing import get_args, Literal

from digiphys_ros.errors import ConfigError
from digiphys_ros.registry import Registry

Motion = Literal['velocity', 'joint', 'switch', 'number']
Section = Literal['fields', 'type', 'field_map', 'plan']

TWIST_FIELDS = tuple(f'{part}.{axis}' for part in ('linear', 'angular') for axis in 'xyz')


@dataclass(frozen=True)
class ActuatorKind:
    """
    One kind of actuator, selected by ``kind`` in a rules file.

    :ivar conversion: ``module:attribute`` of its ``Conversion`` (``ros.messages.conversion``).
        Only nodes import it, because it needs ROS messages.
    :ivar motion: the rules for its fields. ``velocity``: the safe value is a number, approached
        at ``max_decel_per_s``. ``joint``: a position; its message carries the time to reach it.
        ``switch``: 0 or 1, without a rate. ``number``: a velocity or a position, depending on
        the field.
    :ivar fields: the names that its fields may have; empty: any.
    :ivar options: ``module:attribute`` of a pydantic model for the section ``options`` of the
        rules file; empty: none. The gate does not import it.
    :ivar sections: sections of the rules file that it accepts.

    Example::

        >>> ActuatorKind('my_package.servo:SERVO', 'number', ('angle_deg',)).sections
        ('fields',)
    """

    conversion: str
    motion: Motion = 'number'
    fields: tuple[str, ...] = ()
    options: str = ''
    sections: tuple[Section, ...] = ('fields',)

    def __post_init__(self) -> None:
        """Refuse a motion or a section that does not exist."""
        for name, values, allowed in (('motion', (self.motion,), get_args(Motion)),
                                      ('sections', self.sections, get_args(Section))):
            for value in values:
                if value not in allowed:
                    raise ConfigError(f'ActuatorKind: {name} takes {", ".join(allowed)}, received '
                                      f'{value!r}.')


_CONVERSIONS = 'digiphys_ros.ros.messages.conversions'

TWIST_STAMPED = ActuatorKind(f'{_CONVERSIONS}:TWIST_STAMPED', 'velocity', TWIST_FIELDS)
TWIST = ActuatorKind(f'{_CONVERSIONS}:TWIST', 'velocity', TWIST_FIELDS)
FLOAT64 = ActuatorKind(f'{_CONVERSIONS}:FLOAT64', 'number', ('data',))
BOOL = ActuatorKind(f'{_CONVERSIONS}:BOOL', 'switch', ('data',))
JOINT_TRAJECTORY = ActuatorKind(f'{_CONVERSIONS}:JOINT_TRAJECTORY', 'joint')
MESSAGE = ActuatorKind(f'{_CONVERSIONS}:MESSAGE', sections=('fields', 'type', 'field_map'))
SIGNALS = ActuatorKind(f'{_CONVERSIONS}:SIGNALS', sections=('plan',))

ACTUATOR_KINDS: Registry[ActuatorKind] = Registry(
    'digiphys_ros.actuators', 'actuator kind',
    {name: f'{__name__}:{name.upper()}' for name in (
        'twist_stamped', 'twist', 'float64', 'bool', 'joint_trajectory', 'message', 'signals')},
    needs=('conversion', 'motion', 'fields', 'options', 'sections'), error=ConfigError)
"""Actuator kinds by name; another package adds one with an entry point for an ActuatorKind."""
