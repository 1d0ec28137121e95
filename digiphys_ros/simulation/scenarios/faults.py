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
"""Faults of a scenario: camera, commands and nodes."""

from collections.abc import Mapping
import math
from typing import Annotated, ClassVar, get_args, Literal

from digiphys_ros.control.validation import refuse, STRICT
from digiphys_ros.renamed import renamed_keys
from pydantic import BaseModel, Field, model_validator

Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(gt=0, le=1)]


class Fault(BaseModel):
    """
    A fault from ``from_s`` until ``to_s``, or until the end.

    :ivar to_s: end, None for the end of the scenario.
    :ivar of_commands: whether it needs an application with actuators.
    :ivar of_advice: whether it needs an application that advises.
    """

    model_config = STRICT
    of_commands: ClassVar[bool] = False
    of_advice: ClassVar[bool] = False

    kind: str
    from_s: Time
    to_s: Time | None = None

    @model_validator(mode='after')
    def _lasts(self) -> 'Fault':
        if self.to_s is not None and self.to_s <= self.from_s:
            refuse(type(self).__name__, (('to_s',), 'must come after from_s, which is '
                                         f'{self.from_s}', self.to_s))
        return self

    def active(self, time_s: float) -> bool:
        """Return whether the fault is active."""
        return self.from_s <= time_s and (self.to_s is None or time_s < self.to_s)

    @property
    def blinds(self) -> bool:
        """Whether no command can be made from a fresh image while it lasts."""
        return False

    @property
    def disturbance(self) -> Mapping[str, float]:
        """Return its effect on the world, as arguments of ``Application.disturb``."""
        return {}

    def reason_impossible(self, actuated: bool) -> str:
        """
        Return why an application cannot have this fault; empty if it can.

        :param actuated: whether the application has actuators.
        """
        if self.of_commands and not actuated:
            return 'the application sends no commands'
        return 'the application has no audit log' if self.of_advice and actuated else ''


class CameraFault(Fault):
    """The camera repeats one image, or sends only black."""

    kind: Literal['camera_frozen', 'camera_black']

    @property
    def blinds(self) -> bool:
        """Whether no command can be made from a fresh image while it lasts."""
        return True


class Blurred(Fault):
    """The lens is out of focus."""

    kind: Literal['camera_blurred']
    sigma_px: Annotated[float, Field(gt=0, le=50)]


class Corrupted(Fault):
    """
    Dirt on the lens over a fraction of the image, or a lamp that lost a fraction of its light.

    Dirt on a lens is out of focus: soft blotches at fixed positions.
    """

    kind: Literal['camera_dirty', 'light_dimmed']
    fraction: Fraction
    _old_keys = renamed_keys(share='fraction')


class Unsure(Fault):
    """The classifier abstains on every image, as if trained on other data."""

    kind: Literal['classifier_unsure']


class Tampered(Fault):
    """Someone with write access changes the first entry of the audit log."""

    of_advice = True

    kind: Literal['log_tampered']


class Knocked(Fault):
    """The camera is rotated, positive to the left; for worlds that take ``camera_yaw_rad``."""

    kind: Literal['camera_knocked']
    degrees: Annotated[float, Field(ge=-180, le=180)]

    @property
    def disturbance(self) -> Mapping[str, float]:
        """Return the rotation of the camera."""
        return {'camera_yaw_rad': math.radians(self.degrees)}


class Delayed(Fault):
    """Commands reach the gates later."""

    of_commands = True

    kind: Literal['command_delayed']
    delay_s: Annotated[float, Field(gt=0, le=10)]


class Killed(Fault):
    """A node is dead."""

    kind: Literal['node_killed']
    node: Literal['classifier', 'policy', 'gate']

    def reason_impossible(self, actuated: bool) -> str:
        """Return why the application cannot have this fault; empty if it can."""
        return '' if actuated or self.node == 'classifier' else \
            f'the application has no {self.node}'

    @property
    def blinds(self) -> bool:
        """Whether no command can be made from a fresh image while it lasts."""
        return self.node != 'gate'


COMMON: tuple[type[Fault], ...] = (
    CameraFault, Blurred, Corrupted, Unsure, Tampered, Delayed, Killed)
"""Faults of every application, as far as it has commands or an audit log."""


def kinds(fault: type[Fault]) -> tuple[str, ...]:
    """Return the values of ``kind`` of a fault class."""
    return get_args(fault.model_fields['kind'].annotation)
