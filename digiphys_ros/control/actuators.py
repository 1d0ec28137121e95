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

"""Actuators: message, limits and typed safe state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from digiphys_ros.control.actuator_kind import ACTUATOR_KINDS
from digiphys_ros.control.checked_rules import CheckedRules, file_version
from digiphys_ros.control.signals import SignalPlan
from digiphys_ros.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """
    Limits of one field of an actuator's command, in the unit of that field.

    :ivar safe: value in the safe state; None holds the position that was sent last.
    :ivar max_rate_per_s: fastest change per second towards a command. Only a bool has none.
    :ivar max_decel_per_s: fastest change per second of a velocity towards its safe value; None
        takes the safe value at once.
    :ivar stop_rate_per_s: fastest change per second of a position towards its safe value.
    :ivar max_jerk_per_s2: fastest growth of the rate towards a command.
    """

    min: float
    max: float
    safe: float | None
    max_rate_per_s: float | None = None
    max_decel_per_s: float | None = None
    stop_rate_per_s: float | None = None
    max_jerk_per_s2: float | None = None

    def is_position(self) -> bool:
        """Return whether this is a position, which must not jump to its safe value."""
        return self.safe is None or self.stop_rate_per_s is not None

    def least_s(self, last: float, value: float) -> float:
        """Return the shortest time from one value to another under a command."""
        if self.max_rate_per_s is None:
            return 0.0
        if self.safe is None or self.max_decel_per_s is None:
            return abs(value - last) / self.max_rate_per_s
        before, after = last - self.safe, value - self.safe
        turned = min(before, after) < 0.0 < max(before, after)
        slowed = abs(before) if turned else max(0.0, abs(before) - abs(after))
        gained = abs(after) if turned else max(0.0, abs(after) - abs(before))
        return slowed / self.max_decel_per_s + gained / self.max_rate_per_s

    def range_s(self) -> float:
        """Return the time that a position takes from one end of its range to the other."""
        rate_per_s = self.stop_rate_per_s or self.max_rate_per_s
        return (self.max - self.min) / rate_per_s if rate_per_s else 0.0


@dataclass(frozen=True)
class Actuator:
    """
    One actuator, as a rules file describes it (the schema is control.schema.ActuatorConfig).

    :ivar fields: limits by field name, as ``linear.x``.
    :ivar type: message type of kind ``message``; ``field_map`` maps the fields into it.
    :ivar options: options of a kind from another package, validated by that package's model.
    :ivar plan: plan of kind ``signals``; its phases are the fields, its heads are sent.
    """

    kind: str
    topic: str
    fields: Mapping[str, Limits]
    frame_id: str = ''
    type: str = ''
    field_map: Mapping[str, str] = field(default_factory=dict)
    plan: SignalPlan | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def safe_values(self) -> dict[str, float]:
        """
        Return the typed safe state: zero velocity, the default lane, no phase requested.

        Fields that hold are left out: they have no value before the first command.
        """
        return {name: limits.safe for name, limits in self.fields.items()
                if limits.safe is not None}

    def is_timed(self) -> bool:
        """Return whether its message carries the time in which positions are to be reached."""
        return ACTUATOR_KINDS[self.kind].motion == 'joint'

    def is_switch(self) -> bool:
        """Return whether its fields are 0 or 1."""
        return ACTUATOR_KINDS[self.kind].motion == 'switch'

    def guard_values(self) -> dict[str, float]:
        """
        Return the safe state that the guard sends without knowing the previous values.

        It is empty for a position whose message carries no time: the position would jump.
        """
        leaps = not self.is_timed() and any(one.is_position() for one in self.fields.values())
        return {} if leaps else self.safe_values()

    def holds_position(self) -> bool:
        """Return whether the safe state holds the position that was sent last."""
        return any(limits.safe is None for limits in self.fields.values())


def load_actuators(path: str | Path, checked: CheckedRules | None = None) -> dict[str, Actuator]:
    """
    Return the actuators of a rules file, checked in a short-lived process.

    The gate may run on a small computer, and the checker would add a fifth to its memory.

    :param checked: the result of an earlier check, which is not repeated.
    :raises ConfigError: naming the file, the line and the field.
    """
    # read before the check: a file that changes meanwhile gets another version
    version = file_version(path)
    text = checked.recall(version) if checked else b''
    if not text:
        text = _check(path)
        if checked:
            checked.keep(version, text)
    return {name: actuator_from_plain(values) for name, values in json.loads(text).items()}


def _check(path: str | Path) -> bytes:
    checker = subprocess.run(
        [sys.executable, '-m', 'digiphys_ros.control.config', str(path)], capture_output=True)
    if checker.returncode:
        raise ConfigError(checker.stderr.decode(errors='replace').strip()
                          or f'{path}: could not be checked.')
    return checker.stdout


def actuator_from_plain(values: dict[str, Any]) -> Actuator:
    """Return an actuator that was written as ``dataclasses.asdict`` and JSON."""
    fields = {name: Limits(**limits) for name, limits in values['fields'].items()}
    plan = SignalPlan(**values['plan']) if values['plan'] else None
    return Actuator(**{**values, 'fields': fields, 'plan': plan})
