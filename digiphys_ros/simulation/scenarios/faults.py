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
"""What can go wrong in a scenario: camera, signs, commands and nodes."""

from collections.abc import Mapping
import math
from typing import Annotated, ClassVar, get_args, Literal

from digiphys_ros.control.validation import refuse, STRICT
from pydantic import BaseModel, Field, model_validator

Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class Fault(BaseModel):
    """
    A fault from ``from_s`` until ``to_s``, or for good.

    :ivar to_s: end, None for good.
    :ivar of_commands: only an application that moves something can have it.
    :ivar of_advice: only an application that advises can have it.
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
        """Return whether it is on."""
        return self.from_s <= time_s and (self.to_s is None or time_s < self.to_s)

    @property
    def blinds(self) -> bool:
        """Whether no command can come from a fresh image while it lasts."""
        return False

    @property
    def disturbance(self) -> Mapping[str, float]:
        """Return what it does to the world, as ``Application.disturb`` takes it."""
        return {}

    def impossible(self, actuated: bool) -> str:
        """
        Return why an application cannot have this fault, empty where it can.

        :param actuated: whether the application moves something.
        """
        if self.of_commands and not actuated:
            return 'the application sends no commands'
        return 'the application has no audit log' if self.of_advice and actuated else ''


class CameraFault(Fault):
    """The camera shows the same image for ever, or nothing but black."""

    kind: Literal['camera_frozen', 'camera_black']

    @property
    def blinds(self) -> bool:
        """Whether no command can come from a fresh image while it lasts."""
        return True


class Blurred(Fault):
    """The lens is out of focus."""

    kind: Literal['camera_blurred']
    sigma_px: Annotated[float, Field(gt=0, le=50)]


class Spoilt(Fault):
    """
    Dirt on the lens, over a share of the image, or a lamp that has lost a share of its light.

    What lies on a lens is out of focus: soft blotches that stay where they are.
    """

    kind: Literal['camera_dirty', 'light_dimmed']
    share: Share


class Unsure(Fault):
    """The classifier abstains from every image, as one does that was trained on other parts."""

    kind: Literal['classifier_unsure']


class Tampered(Fault):
    """Somebody who may write the audit log changes its first entry."""

    of_advice = True

    kind: Literal['log_tampered']


class Knocked(Fault):
    """The camera looks aside, positive to the left; for worlds that take ``camera_yaw_rad``."""

    kind: Literal['camera_knocked']
    degrees: Annotated[float, Field(ge=-180, le=180)]

    @property
    def disturbance(self) -> Mapping[str, float]:
        """Return the turn of the camera."""
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

    def impossible(self, actuated: bool) -> str:
        """Refuse a node that the application does not have."""
        return '' if actuated or self.node == 'classifier' else \
            f'the application has no {self.node}'

    @property
    def blinds(self) -> bool:
        """Whether no command can come from a fresh image while it lasts."""
        return self.node != 'gate'


COMMON: tuple[type[Fault], ...] = (
    CameraFault, Blurred, Spoilt, Unsure, Tampered, Delayed, Killed)
"""What every application can have, as far as it has commands or an audit log."""


def kinds(fault: type[Fault]) -> tuple[str, ...]:
    """Return the kinds that a class of faults stands for."""
    return get_args(fault.model_fields['kind'].annotation)
