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

from typing import Annotated, Literal

from digiphys_ros.control.validation import refuse, STRICT
from pydantic import BaseModel, Field, model_validator

Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Fault(BaseModel):
    """
    A fault from ``from_s`` until ``to_s``, or for good.

    :ivar to_s: end, None for good.
    """

    model_config = STRICT

    from_s: Time
    to_s: Time | None = None

    @model_validator(mode='after')
    def _lasts(self) -> '_Fault':
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

    def impossible(self, application: str) -> str:
        """Return why an application cannot have this fault, empty where it can."""
        return ''


class _Seen(_Fault):
    """A fault that the application has to show in its pictures."""

    kind: str

    def impossible(self, application: str) -> str:
        """Ask the application what it can show."""
        from digiphys_ros.applications import APPLICATIONS
        can: frozenset[str] = getattr(APPLICATIONS[application], 'FAULTS', frozenset())
        if self.kind in can:
            return ''
        return f'{application} cannot show it, it can show ' + (', '.join(sorted(can)) or 'none')


class CameraFault(_Fault):
    """The camera shows the same picture for ever, or nothing but black."""

    kind: Literal['camera_frozen', 'camera_black']

    @property
    def blinds(self) -> bool:
        """Whether no command can come from a fresh image while it lasts."""
        return True


class Blurred(_Fault):
    """The lens is out of focus."""

    kind: Literal['camera_blurred']
    sigma_px: Annotated[float, Field(gt=0, le=50)]


class Spoilt(_Fault):
    """
    Dirt on the lens, over a share of the picture, or a lamp that has lost a share of its light.

    What lies on a lens is out of focus: soft blotches that stay where they are.
    """

    kind: Literal['camera_dirty', 'light_dimmed']
    share: Share


class Unsure(_Fault):
    """The classifier abstains from every image, as one does that was trained on other parts."""

    kind: Literal['classifier_unsure']


class Tampered(_Fault):
    """Somebody who may write the audit log changes its first entry."""

    kind: Literal['log_tampered']

    def impossible(self, application: str) -> str:
        """Refuse an application without advice."""
        return '' if application == 'triage' else f'{application} has no audit log'


class Knocked(_Seen):
    """The camera looks aside; positive to the left."""

    kind: Literal['camera_knocked']
    degrees: Annotated[float, Field(ge=-180, le=180)]


class SignFault(_Seen):
    """Dirt on the signs, or something before a share of them."""

    kind: Literal['sign_dirty', 'sign_hidden']
    share: Share


class Delayed(_Fault):
    """Commands reach the gates later."""

    kind: Literal['command_delayed']
    delay_s: Annotated[float, Field(gt=0, le=10)]

    def impossible(self, application: str) -> str:
        """Refuse an application without commands."""
        return 'triage has no commands' if application == 'triage' else ''


class Killed(_Fault):
    """A node is dead."""

    kind: Literal['node_killed']
    node: Literal['classifier', 'policy', 'gate']

    def impossible(self, application: str) -> str:
        """Refuse a node that the application does not have."""
        if application == 'triage' and self.node != 'classifier':
            return f'triage has no {self.node}'
        return ''

    @property
    def blinds(self) -> bool:
        """Whether no command can come from a fresh image while it lasts."""
        return self.node != 'gate'


Fault = Annotated[
    CameraFault | Blurred | Spoilt | Unsure | Tampered | Knocked | SignFault | Delayed | Killed,
    Field(discriminator='kind')]
