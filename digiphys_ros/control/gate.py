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
from dataclasses import dataclass, replace
from enum import Enum
import math

from digiphys_ros.control.actuators import Actuator
from digiphys_ros.control.command import DesiredCommand, FAULTS, Refusal
from digiphys_ros.control.lease import Lease, SETTLE_S
from digiphys_ros.control.motion import LONGEST_STEP_S, Motion
from digiphys_ros.errors import ConfigError
from digiphys_ros.fixes import FUTURE_TOLERANCE_S


class GateState(Enum):
    """State of the gate; in every state but OBEYING the actuator gets its safe state."""

    INACTIVE = 'inactive'
    WAITING = 'waiting'
    OBEYING = 'obeying'
    EXPIRED = 'expired'
    FAULT = 'fault'
    ESTOPPED = 'estopped'


@dataclass(frozen=True)
class GateOutput:
    """
    The output for the actuator.

    :ivar values: values by field; empty for a position that holds before the first command.
    :ivar reason: a sentence; figures that change with each image are in brackets.
    :ivar obeyed_stamp_s: capture time of the obeyed image; None in the safe state.
    :ivar reach_s: time in which an actuator of positions must reach the values, seconds.

    Example::

        >>> import digiphys_ros as dp
        >>> gate = dp.Gate(dp.load_rules('traffic_signs_rules').actuator('base'), lease_s=0.5)
        >>> output = gate.step(now_s=1.0)
        >>> output.state.value, output.reason, output.values['linear.x']
        ('inactive', 'not activated', 0.0)
    """

    values: Mapping[str, float]
    state: GateState
    reason: str
    obeyed_stamp_s: float | None
    reach_s: float = LONGEST_STEP_S


class Gate:
    """
    Guard one actuator.

    The gate reads no clock. Methods take ``now_s``, seconds on the clock that stamps the images,
    and ``steady_s``, seconds on a clock that never stops or jumps; ``now_s`` replaces a missing
    ``steady_s``. Durations use steady time. The gate recovers from any error with the next valid
    command; only an e-stop latches.

    - A command is obeyed while its image is at most ``lease_s`` old, by both clocks. A command
      that arrives with an age of 0.2 s stays valid for ``lease_s`` minus 0.2 s of steady time,
      even if the other clock is stepped. Nothing moves before the first valid command.
    - Values are clamped to their limits and move as ``Motion`` describes: to a command at
      ``max_rate_per_s``; to the safe state at once, except for positions and for fields with a
      ``max_decel_per_s``.
    - Stop always passes: a command for the safe state that is refused for its stamp still ends
      the obeyed command, because stopping on an old image is safer than driving on.
    - A refusal that proves a fault of the sender (``FAULTS``) leads to the safe state at once.
    - An image ahead of the clock by more than ``future_tolerance_s`` leads to the safe state for
      at least ``settle_s``: clocks that differ stop the robot instead of making it stop and go.
    - A clock that jumps back, as simulation time does on a reset, leads to the safe state until
      a command arrives from an image taken after the jump.

    :param lease_s: oldest image that a command may come from, seconds.
    :param future_tolerance_s: how far ahead of the clock a stamp may be, seconds.
    :param settle_s: how long nothing is obeyed after a stamp further ahead, seconds.
    :raises DurationError: when a duration is not finite or out of range.
    :raises ConfigError: when ``actuator`` is not an actuator.

    Example::

        >>> import digiphys_ros as dp
        >>> from digiphys_ros.control.command import DesiredCommand
        >>> base = dp.load_rules('traffic_signs_rules.yaml').actuators['base'].build()
        >>> gate = dp.Gate(base, lease_s=0.5)
        >>> gate.activate()
        >>> gate.submit(DesiredCommand({'linear.x': 0.1, 'angular.z': 0.0}, stamp_s=10.0), 10.0)
        >>> gate.step(10.1).state.value, gate.step(10.7).state.value
        ('obeying', 'expired')
    """

    def __init__(self, actuator: Actuator, lease_s: float,
                 future_tolerance_s: float = FUTURE_TOLERANCE_S,
                 settle_s: float = SETTLE_S) -> None:
        if not isinstance(actuator, Actuator):
            raise ConfigError('a gate needs an actuator, such as load_rules(...).actuator(NAME), '
                              f'received {type(actuator).__name__}.')
        self._actuator = actuator
        self._lease = Lease(lease_s, future_tolerance_s, settle_s)
        self._motion = Motion(actuator.fields, actuator.is_timed())
        self._wanted: dict[str, float] | None = None
        self._wanted_stamp_s = 0.0
        self._newest_now_s = -math.inf
        # ahead of any clock: the first step has no length
        self._steady_s = self._stepped_s = math.inf
        self._elapsed_s = 0.0
        self._active = self._latched = self._estop_pressed = False
        self.state = GateState.INACTIVE
        self.reason = 'not activated'
        self.image_age_s = math.nan
        self.accepted = 0
        self.safe_stops = 0
        self.refused: Counter[Refusal] = Counter()

    def activate(self) -> None:
        """Obey valid commands from now on; a latched e-stop stays latched."""
        if not self._active:
            self._active = True
            self._enter_safe_state(GateState.WAITING, 'no valid command yet')

    def deactivate(self) -> None:
        """Go to the safe state and refuse everything."""
        self._active = False
        self._enter_safe_state(GateState.INACTIVE, 'deactivated')

    def estop(self, pressed: bool) -> None:
        """
        Follow the e-stop input: a press trips the gate, a release does not reset it.

        :param pressed: whether the e-stop is pressed now.
        """
        self._estop_pressed = pressed
        if pressed:
            self.trip()

    def trip(self) -> None:
        """Go to the safe state and stay there until ``reset``, active or not."""
        self._latched = True
        self._enter_safe_state(GateState.ESTOPPED, 'e-stop, waits for reset')

    def fault(self, reason: str) -> None:
        """
        Go to the safe state until the next valid command; e-stop and inactivity outrank it.

        :param reason: a sentence for ``GateOutput.reason``.
        """
        self._enter_safe_state(GateState.FAULT, reason)

    def start_over(self, reason: str) -> None:
        """
        As ``fault``, and continue from the safe values that a guard has sent meanwhile.

        :param reason: a sentence for ``GateOutput.reason``.
        """
        self.fault(reason)
        self._motion.start_over()
        # it is unknown how much of the time until now passed after the guard's message
        self._steady_s = self._stepped_s = math.inf

    def reset(self, now_s: float, steady_s: float | None = None) -> bool:
        """
        Release the latch; motion waits for a command from an image taken after ``now_s``.

        :param now_s: seconds on the clock that stamps the images.
        :param steady_s: seconds on the steady clock; None: as ``now_s``.
        :return: False while the e-stop is still pressed, or when a clock is not a number.
        """
        steady_s = now_s if steady_s is None else steady_s
        if self._estop_pressed or not (math.isfinite(now_s) and math.isfinite(steady_s)):
            return False
        if self._latched:
            self._notice_clock(now_s, steady_s)
            self._latched = False
            self._lease.restart(now_s)
            self._enter_safe_state(
                GateState.WAITING, 'reset, waits for a command from a newer image')
        return True

    def tolerate(self, behind_s: float) -> None:
        """
        Obey images that are further ahead of the clock, without lengthening a lease.

        :param behind_s: how far the clock may be behind, like a simulation's between two ticks,
            seconds.
        """
        self._lease.tolerate(behind_s)

    def submit(self, command: DesiredCommand, now_s: float,
               steady_s: float | None = None) -> Refusal | None:
        """
        Take a desired command, or refuse it.

        :param command: a value for each field of the actuator, and the capture time of the image.
        :param now_s: seconds on the clock that stamps the images.
        :param steady_s: seconds on the steady clock; None: as ``now_s``.
        :return: why it was refused, None when it was accepted.
        :raises TypeError: when a value or a time is not a number.
        """
        steady_s = now_s if steady_s is None else steady_s
        self._notice_clock(now_s, steady_s)
        self.image_age_s = now_s - command.stamp_s
        # without steady time no lease can be judged
        refusal = self._refusal(command, now_s if math.isfinite(steady_s) else steady_s, steady_s)
        if refusal is None:
            self.accepted += 1
            self._wanted, self._wanted_stamp_s = self._clamp(command), command.stamp_s
            self._lease.grant(command.stamp_s, now_s, steady_s)
            return None
        self.refused[refusal] += 1
        if refusal is Refusal.FUTURE:
            self._lease.refuse(command.stamp_s, now_s, steady_s)
        figures = self._lease.explain(refusal, command.stamp_s, now_s, steady_s)
        reason = f'refused a command: {refusal.value}' + (figures and f' ({figures})')
        if refusal in FAULTS:
            self._enter_safe_state(GateState.FAULT, reason)
        elif self.state in (GateState.WAITING, GateState.EXPIRED) and self._wanted is None:
            self.reason = reason
        elif self._wanted is not None and not self._motion.is_stop(self._wanted) \
                and self._motion.is_stop(self._clamp(command)):
            self._enter_safe_state(GateState.WAITING, f'{reason}, but stop always passes')
        return refusal

    def step(self, now_s: float, steady_s: float | None = None) -> GateOutput:
        """
        Return what to send now; call it at the rate of the output, 10 Hz or more.

        :param now_s: seconds on the clock that stamps the images.
        :param steady_s: seconds on the steady clock; None: as ``now_s``.
        :return: the values by field, in the units of the actuator's limits.
        """
        steady_s = now_s if steady_s is None else steady_s
        self._notice_clock(now_s, steady_s)
        # this order of arguments turns a NaN into zero
        self._elapsed_s = max(0.0, self._steady_s - self._stepped_s)
        self._stepped_s = self._steady_s
        if self._wanted is not None and not self._lease.is_valid(now_s, steady_s):
            self._enter_safe_state(GateState.EXPIRED,
                                   f'no image younger than the lease of {self._lease.lease_s} s')
        stamp_s = None if self._wanted is None else self._wanted_stamp_s
        if stamp_s is not None:
            self._set(GateState.OBEYING, 'obeying')
        values = self._motion.move(self._wanted, self._elapsed_s)
        return GateOutput(dict(values), self.state, self.reason, stamp_s, self._motion.reach_s)

    def shutdown_output(self, now_s: float, steady_s: float | None = None) -> GateOutput:
        """
        Deactivate; return the last output before the gate falls silent, the typed safe state.

        No later output approaches it, so a position gets the time to reach it in ``reach_s``. If
        its message carries no time, the previous value is repeated.

        :param now_s: seconds on the clock that stamps the images.
        :param steady_s: seconds on the steady clock; None: as ``now_s``.
        :return: the values by field, in the units of the actuator's limits.
        """
        self.deactivate()
        output = self.step(now_s, steady_s)
        values = self._motion.end()
        return replace(output, values=dict(values), reach_s=self._motion.reach_s)

    def forget_position(self) -> None:
        """Give the next position the time of the whole range, as for a new actuator."""
        self._motion.forget_position()

    @property
    def has_command(self) -> bool:
        """Return whether an accepted command is in force: no safe state has ended it."""
        return self._wanted is not None

    def lease_ends_in_s(self, now_s: float, steady_s: float | None = None) -> float | None:
        """
        Return how long the lease of the obeyed command lasts, by the clock that ends it first.

        :param now_s: seconds on the clock that stamps the images.
        :param steady_s: seconds on the steady clock; None: as ``now_s``.
        :return: seconds, zero or more; None when nothing is obeyed.
        """
        if self._wanted is None:
            return None
        return self._lease.left_s(now_s, now_s if steady_s is None else steady_s)

    def images_ahead_s(self, steady_s: float) -> float:
        """
        Return how far images were recently stamped ahead of the clock at most.

        :param steady_s: seconds on the steady clock.
        :return: seconds; 0 if none was ahead.
        """
        return self._lease.ahead_s(steady_s)

    def _refusal(self, command: DesiredCommand, now_s: float,
                 steady_s: float) -> Refusal | None:
        if self._latched:
            return Refusal.ESTOPPED
        if not self._active:
            return Refusal.INACTIVE
        values = command.values
        if not all(map(math.isfinite, (command.stamp_s, *values.values()))):
            return Refusal.NOT_FINITE
        fields = self._actuator.fields
        if values.keys() - fields.keys():
            return Refusal.UNKNOWN_FIELD
        if fields.keys() - values.keys():
            return Refusal.MISSING_FIELD
        if self._actuator.is_switch() and not {0, 1}.issuperset(values.values()):
            return Refusal.NOT_BOOL
        return self._lease.refusal(command.stamp_s, now_s, steady_s)

    def _clamp(self, command: DesiredCommand) -> dict[str, float]:
        return {name: min(max(float(command.values[name]), limits.min), limits.max)
                for name, limits in self._actuator.fields.items()}

    def _notice_clock(self, now_s: float, steady_s: float) -> None:
        for clock_s in (now_s, steady_s):
            if not math.isfinite(clock_s):
                self._enter_safe_state(GateState.FAULT, f'the clock says {clock_s}')
                return
        self._steady_s = steady_s
        if now_s < self._newest_now_s:
            self._lease.restart(now_s)
            self._enter_safe_state(
                GateState.WAITING, 'the clock jumped back, waits for a newer image')
        self._newest_now_s = now_s

    def _enter_safe_state(self, state: GateState, reason: str) -> None:
        """Drop the command for the safe state; an e-stop, then inactivity, outrank ``state``."""
        self._wanted = None
        self._motion.drop_command()
        if self._latched and state is not GateState.ESTOPPED:
            return
        if not self._active and state not in (GateState.ESTOPPED, GateState.INACTIVE):
            state, reason = GateState.INACTIVE, 'not activated'
        self._set(state, reason)

    def _set(self, state: GateState, reason: str) -> None:
        self.safe_stops += self.state is GateState.OBEYING and state is not GateState.OBEYING
        self.state, self.reason = state, reason
