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

"""What an actuator takes: its message, its limits and its typed safe state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from digiphys_ros.control.signals import SignalPlan
from digiphys_ros.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """
    Limits of one number an actuator takes, in that number's own unit.

    ``max_rate_per_s`` is the fastest change a second on the way to a command; the safe value is
    taken at once. Only a bool has none.
    """

    min: float
    max: float
    safe: float
    max_rate_per_s: float | None = None


@dataclass(frozen=True)
class Actuator:
    """
    One actuator, as a rules file describes it (the schema is control.schema.ActuatorConfig).

    :ivar fields: limits by field name, as ``linear.x``.
    :ivar type: message type of kind ``message``, into which ``field_map`` leads the fields.
    :ivar plan: of kind ``signals``; its phases are the fields, and its heads are what is sent.
    """

    kind: str
    topic: str
    fields: Mapping[str, Limits]
    frame_id: str = ''
    type: str = ''
    field_map: Mapping[str, str] = field(default_factory=dict)
    plan: SignalPlan | None = None

    def safe_values(self) -> dict[str, float]:
        """Return the typed safe state: zero velocity, the default lane, no phase wished."""
        return {name: limits.safe for name, limits in self.fields.items()}


def load_actuators(path: str | Path) -> dict[str, Actuator]:
    """
    Return the actuators of a rules file, checked in a short-lived process.

    The gate lives beside the actuator, and the checker would be a fifth of its memory.

    :raises ConfigError: naming the file, the line and the field.
    """
    checker = subprocess.run(
        [sys.executable, '-m', 'digiphys_ros.control.config', str(path)], capture_output=True,
        text=True)
    if checker.returncode:
        raise ConfigError(checker.stderr.strip() or f'{path}: could not be checked.')
    return {name: actuator_from_plain(values)
            for name, values in json.loads(checker.stdout).items()}


def actuator_from_plain(values: dict[str, Any]) -> Actuator:
    """Return an actuator that was written as ``dataclasses.asdict`` and JSON."""
    fields = {name: Limits(**limits) for name, limits in values['fields'].items()}
    plan = SignalPlan(**values['plan']) if values['plan'] else None
    return Actuator(**{**values, 'fields': fields, 'plan': plan})
