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

"""The gate: whether, how far and how fast an actuator obeys."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
import math

from digiphys_ros.control.actuators import Actuator

LONGEST_STEP_S = 0.1
"""A gate that was not stepped for longer still moves an actuator no further than in this time."""


class GateState(Enum):
    """What the gate does, and so what the actuator hears."""

    INACTIVE = 'inactive'
    WAITING = 'waiting'
    OBEYING = 'obeying'
    EXPIRED = 'expired'
    FAULT = 'fault'
    ESTOPPED = 'estopped'


class Refusal(Enum):
    """Why a desired command was not accepted."""

    INACTIVE = 'inactive'
    ESTOPPED = 'estopped'
    NOT_FINITE = 'not_finite'
    WRONG_FIELDS = 'wrong_fields'
    FUTURE = 'future'
    STALE = 'stale'
    REPEATED = 'repeated'
    OUT_OF_ORDER = 'out_of_order'


FAULTS = frozenset({Refusal.NOT_FINITE, Refusal.WRONG_FIELDS, Refusal.FUTURE})
"""
Refusals that show the sender or its clock to be broken: the safe state at once.

A stale, repeated or late command can be an honest one delayed on its way; the command obeyed
before it stays good for the rest of its own lease, and no longer.
"""


@dataclass(frozen=True)
class DesiredCommand:
    """
    What the policy wants.

    :ivar values: field name to value, in the field's unit.
    :ivar stamp_s: capture time of the image behind it, seconds on the node's clock.
    """

    values: Mapping[str, float]
    stamp_s: float


@dataclass(frozen=True)
class GateOutput:
    """What the actuator is sent; ``obeyed_stamp_s`` is None in the safe state."""

    values: Mapping[str, float]
    state: GateState
    reason: str
    obeyed_stamp_s: float | None


class Gate:
    """
    Guard one actuator.

    It is driven by the clock that is passed in: every method takes ``now_s``. A command is
    obeyed while the image it came from is at most ``lease_s`` old. Nothing moves before the first
    valid command; an e-stop latches until ``reset``, and after it only a command from an image
    taken later moves anything. The way to the safe state is immediate, whatever the rate limits.

    :raises ValueError: when ``lease_s`` is not a positive, finite number of seconds.
    """

    def __init__(self, actuator: Actuator, lease_s: float) -> None:
        if not (math.isfinite(lease_s) and lease_s > 0):
            raise ValueError(f'lease_s must be positive and finite, received {lease_s}')
        self._actuator = actuator
        self._lease_s = lease_s
        self._command: DesiredCommand | None = None
        self._newest_stamp_s = -math.inf
        self._not_before_s = -math.inf
        self._values = actuator.safe_values()
        self._now_s = -math.inf
        self._estop_pressed = False
        self.state = GateState.INACTIVE
        self.reason = 'not activated'
        self.accepted = 0
        self.safe_stops = 0
        self.refused: Counter[Refusal] = Counter()

    def activate(self) -> None:
        """Obey valid commands from now on; a latched e-stop stays latched."""
        if self.state is GateState.INACTIVE:
            self._forget()
            self._set(GateState.WAITING, 'no valid command yet')
        if self._estop_pressed:
            self.estop(True)

    def deactivate(self) -> None:
        """Go to the safe state and refuse everything."""
        if self.state is not GateState.ESTOPPED:
            self._set(GateState.INACTIVE, 'deactivated')
        self._command = None

    def estop(self, pressed: bool) -> None:
        """Latch when pressed; letting go does not release."""
        self._estop_pressed = pressed
        if pressed:
            self._command = None
            self._set(GateState.ESTOPPED, 'e-stop, waits for reset')

    def reset(self, now_s: float) -> bool:
        """
        Release the latch; motion waits for a command from an image taken after ``now_s``.

        :return: False while the e-stop is still pressed.
        """
        if self._estop_pressed:
            return False
        if self.state is GateState.ESTOPPED:
            self._not_before_s = now_s
            self._set(GateState.WAITING, 'reset, waits for a new command')
        return True

    def offer(self, command: DesiredCommand, now_s: float) -> Refusal | None:
        """Take a desired command; return why it was refused, None when it was accepted."""
        self._notice_clock(now_s)
        refusal = self._refusal(command, now_s)
        if refusal is None:
            self.accepted += 1
            self._command, self._newest_stamp_s = command, command.stamp_s
            return None
        self.refused[refusal] += 1
        if refusal in FAULTS:
            self._command = None
            self._set(GateState.FAULT, f'refused a command: {refusal.value}')
        return refusal

    def step(self, now_s: float) -> GateOutput:
        """Return what to send now."""
        self._notice_clock(now_s)
        elapsed_s = min(max(now_s - self._now_s, 0.0), LONGEST_STEP_S)
        self._now_s = now_s
        command = self._command
        if command is not None and now_s - command.stamp_s > self._lease_s:
            self._command = command = None
            self._set(GateState.EXPIRED, f'no image younger than the lease of {self._lease_s} s')
        if command is None:
            self._values = self._actuator.safe_values()
            return GateOutput(self._values, self.state, self.reason, None)
        self._set(GateState.OBEYING, 'obeying')
        self._values = {name: self._approach(name, value, elapsed_s)
                        for name, value in command.values.items()}
        return GateOutput(self._values, self.state, self.reason, command.stamp_s)

    def _refusal(self, command: DesiredCommand, now_s: float) -> Refusal | None:
        stamp_s = command.stamp_s
        if self.state in (GateState.INACTIVE, GateState.ESTOPPED):
            return Refusal[self.state.name]
        if not all(map(math.isfinite, (stamp_s, *command.values.values()))):
            return Refusal.NOT_FINITE
        if set(command.values) != set(self._actuator.fields):
            return Refusal.WRONG_FIELDS
        if stamp_s > now_s:
            return Refusal.FUTURE
        if now_s - stamp_s > self._lease_s or stamp_s <= self._not_before_s:
            return Refusal.STALE
        if stamp_s == self._newest_stamp_s:
            return Refusal.REPEATED
        return Refusal.OUT_OF_ORDER if stamp_s < self._newest_stamp_s else None

    def _approach(self, name: str, wanted: float, elapsed_s: float) -> float:
        field = self._actuator.fields[name]
        wanted = min(max(wanted, field.min), field.max)
        if wanted == field.safe or field.max_rate_per_s is None:
            return wanted
        reach = field.max_rate_per_s * elapsed_s
        return min(max(wanted, self._values[name] - reach), self._values[name] + reach)

    def _notice_clock(self, now_s: float) -> None:
        """Start afresh when the clock jumped back, as simulation time does on a reset."""
        if now_s < self._now_s:
            self._forget()
            self._now_s = now_s
            if self.state not in (GateState.INACTIVE, GateState.ESTOPPED):
                self._set(GateState.WAITING, 'the clock jumped back, waits for a new command')

    def _forget(self) -> None:
        self._command = None
        self._newest_stamp_s = self._not_before_s = -math.inf

    def _set(self, state: GateState, reason: str) -> None:
        self.safe_stops += self.state is GateState.OBEYING and state is not GateState.OBEYING
        self.state, self.reason = state, reason
