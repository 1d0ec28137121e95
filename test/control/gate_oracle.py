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

"""Predict every answer of a gate from docs and docstrings, not from its code."""

import math

from digiphys_ros.control import Actuator, GateOutput, GateState, Refusal
from motion_oracle import MotionOracle
from signal_oracle import SignalOracle
from violation import Violation

EDGE_S = 1e-6
BROKEN = {Refusal.NOT_FINITE, Refusal.UNKNOWN_FIELD, Refusal.MISSING_FIELD, Refusal.NOT_BOOL,
          Refusal.FUTURE}


class Oracle:
    """
    Compare the events with the answers of the gate.

    :param place: start position of an arm's joints, as a fraction of their range.
    :param settle_s: how long nothing is obeyed after an image from the future.
    """

    def __init__(self, actuator: Actuator, lease_s: float, ahead_s: float,
                 place: float, settle_s: float) -> None:
        self.fields, self.kind = actuator.fields, actuator.kind
        self.lease_s, self.ahead_s, self.settle_s = lease_s, ahead_s, settle_s
        self.motion = MotionOracle(self.fields, self.kind == 'joint_trajectory', place)
        self.signals = SignalOracle(actuator.plan) if actuator.plan else None
        self.active = self.pressed = self.latched = False
        self.cause = GateState.WAITING
        self.obeyed: dict[str, float] | None = None
        self.stamp_s = self.newest_s = self.after_s = self.clock_s = -math.inf
        self.from_s = self.steady_from_s = 0.0
        # steady time of the last image from the future, if an obeyed one came before
        self.future_s = -math.inf
        self.accepted = 0
        self.seen_s: float | None = None
        self.steady_s: float | None = None

    def drop(self, cause: GateState) -> None:
        """Drop the command."""
        self.obeyed, self.cause = None, cause
        self.motion.drop()

    def press(self, pressed: bool) -> None:
        """Record the e-stop input."""
        self.pressed = pressed
        if pressed:
            self.latch()

    def latch(self) -> None:
        """Record a trip."""
        self.latched = True
        self.drop(self.cause)

    def enable(self) -> None:
        """Record an activation."""
        if not self.active:
            self.active = True
            self.drop(GateState.WAITING)

    def disable(self) -> None:
        """Record a deactivation."""
        self.active = False
        self.drop(self.cause)

    def fail(self) -> None:
        """Record a fault."""
        self.drop(GateState.FAULT)

    def guarded(self) -> None:
        """Record a safe state from a guard."""
        self.drop(GateState.FAULT)
        self.seen_s = self.steady_s = None
        self.motion.guarded()
        if self.signals:
            self.signals.guarded()

    def look(self, now_s: float, steady_s: float) -> None:
        """Record the clocks."""
        if not (math.isfinite(now_s) and math.isfinite(steady_s)):
            self.drop(GateState.FAULT)
            return
        self.steady_s = steady_s
        if now_s < self.clock_s:
            self.begin_again(now_s)
        self.clock_s = now_s

    def begin_again(self, now_s: float) -> None:
        """Record that only images from now on count."""
        self.after_s, self.newest_s, self.future_s = now_s, -math.inf, -math.inf
        self.drop(GateState.WAITING)

    def offered(self, values: dict[str, float], stamp_s: float, now_s: float, steady_s: float,
                answer: Refusal | None) -> None:
        """Judge whether a command was correctly accepted or refused."""
        self.look(now_s, steady_s)
        reasons = self.reasons(values, stamp_s, now_s, steady_s)
        if answer is None:
            if reasons:
                raise Violation(f'a command was accepted that is {reasons}')
            self.accepted += 1
            self.obeyed = self.clamped(values)
            self.stamp_s = self.newest_s = stamp_s
            self.from_s = min(stamp_s, now_s)
            self.steady_from_s = steady_s - max(0.0, now_s - stamp_s)
            return
        if answer not in reasons:
            raise Violation(f'a command was refused as {answer}, and it is {reasons or "valid"}')
        if answer is Refusal.FUTURE and now_s - stamp_s < -self.ahead_s \
                and math.isfinite(self.newest_s) and math.isfinite(now_s + steady_s):
            self.future_s = steady_s
        if answer in BROKEN:
            self.drop(GateState.FAULT)
        elif self.obeyed is not None and not self.motion.is_stop(self.obeyed) \
                and self.motion.is_stop(self.clamped(values)):
            self.drop(GateState.WAITING)

    def reasons(self, values: dict[str, float], stamp_s: float, now_s: float,
                steady_s: float) -> set[Refusal]:
        """Return all reasons to refuse a command."""
        age_s = now_s - stamp_s
        finite = all(map(math.isfinite, [stamp_s, *values.values()]))
        return {reason for reason, holds in (
            (Refusal.INACTIVE, not self.active), (Refusal.ESTOPPED, self.latched),
            (Refusal.NOT_FINITE, not finite),
            (Refusal.UNKNOWN_FIELD, any(name not in self.fields for name in values)),
            (Refusal.MISSING_FIELD, any(name not in values for name in self.fields)),
            (Refusal.NOT_BOOL, self.kind == 'bool' and not {0, 1}.issuperset(values.values())),
            (Refusal.FUTURE, not age_s >= -self.ahead_s or not math.isfinite(steady_s)
             or steady_s < self.future_s + self.settle_s),
            (Refusal.STALE, not age_s <= self.lease_s or stamp_s <= self.after_s
             or not math.isfinite(steady_s)),
            (Refusal.REPEATED, stamp_s == self.newest_s),
            (Refusal.OUT_OF_ORDER, stamp_s < self.newest_s)) if holds}

    def clamped(self, values: dict[str, float]) -> dict[str, float]:
        """Clamp values to their limits."""
        return {name: min(max(values[name], one.min), one.max)
                for name, one in self.fields.items()}

    def released(self, now_s: float, steady_s: float, answer: bool) -> None:
        """Judge a reset."""
        may = not self.pressed and math.isfinite(now_s) and math.isfinite(steady_s)
        if answer is not may:
            raise Violation(f'a reset answered {answer}')
        if may and self.latched:
            self.look(now_s, steady_s)
            self.latched = False
            self.begin_again(now_s)

    def ends(self, now_s: float, steady_s: float, answer: float | None) -> None:
        """Judge the reported time until the end of the lease."""
        if (answer is None) is not (self.obeyed is None):
            raise Violation(f'the lease ends in {answer}, and obeyed is {self.obeyed}')
        if answer is not None:
            age_s = max(now_s - self.from_s, steady_s - self.steady_from_s)
            if abs(answer - max(0.0, self.lease_s - age_s)) > EDGE_S:
                raise Violation(f'the lease ends in {answer} at an age of {age_s}')

    def stepped(self, now_s: float, steady_s: float, output: GateOutput,
                last: bool = False) -> None:
        """Judge the output."""
        self.look(now_s, steady_s)
        over_s = max(now_s - self.from_s, steady_s - self.steady_from_s) - self.lease_s
        if self.obeyed is not None and (over_s > EDGE_S or
                                        (over_s > -EDGE_S and output.obeyed_stamp_s is None)):
            self.drop(GateState.EXPIRED)
        self.state(output)
        elapsed_s = 0.0
        if self.steady_s is not None:
            elapsed_s = max(0.0, self.steady_s - (self.steady_s if self.seen_s is None
                                                  else self.seen_s))
            self.seen_s = self.steady_s
        if self.signals:
            self.signals.shown(self.obeyed or {}, elapsed_s, dict(output.values), last)
            return
        self.motion.moved(self.obeyed, elapsed_s, output, last)

    def state(self, output: GateOutput) -> None:
        """Judge the state and the reported image."""
        stamp_s = self.stamp_s
        expected = (GateState.ESTOPPED if self.latched else GateState.INACTIVE
                    if not self.active else self.cause)
        if self.obeyed is not None:
            expected = GateState.OBEYING
        else:
            stamp_s = None
        if (output.state, output.obeyed_stamp_s) != (expected, stamp_s):
            raise Violation(f'the gate is {output.state} by the image of '
                            f'{output.obeyed_stamp_s}, and not {expected} by that of {stamp_s}')
