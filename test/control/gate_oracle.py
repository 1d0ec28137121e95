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

"""Foretell every answer of a gate, from README and docstrings and not from its code."""

import math

from digiphys_ros.control import Actuator, GateOutput, GateState, Refusal
from signal_oracle import SignalOracle
from violation import Violation

LONGEST_STEP_S = 0.1
EDGE_S = 1e-6
NEAR = 1e-9
BROKEN = {Refusal.NOT_FINITE, Refusal.UNKNOWN_FIELD, Refusal.MISSING_FIELD, Refusal.NOT_BOOL,
          Refusal.FUTURE}


class Oracle:
    """
    Hear what happened and what the gate answered, and compare.

    A joint follows each position as its message asks, from a place that the gate does not know.

    :param places: where the joints stand at first, as fractions of their range.
    """

    def __init__(self, actuator: Actuator, lease_s: float, ahead_s: float,
                 places: float) -> None:
        self.fields, self.kind = actuator.fields, actuator.kind
        self.lease_s, self.ahead_s = lease_s, ahead_s
        self.safe = {name: one.safe for name, one in self.fields.items() if one.safe is not None}
        self.signals = SignalOracle(actuator.plan) if actuator.plan else None
        self.joints = self.kind == 'joint_trajectory'
        self.active = self.pressed = self.latched = False
        self.cause = GateState.WAITING
        self.obeyed: dict[str, float] | None = None
        self.stamp_s = self.newest_s = self.after_s = self.clock_s = -math.inf
        self.from_s = self.steady_from_s = 0.0
        self.accepted = 0
        self.seen_s: float | None = None
        self.steady_s: float | None = None
        self.sent = dict(self.safe)
        self.rates = dict.fromkeys(self.fields, 0.0)
        self.left_s: float | None = None
        self.reach_s = 0.0
        self.forget(places)

    def forget(self, place: float) -> None:
        """Put the joints somewhere else: an arm that has just appeared."""
        if self.joints:
            self.left_s = None
            self.arm = {name: one.min + place * (one.max - one.min)
                        for name, one in self.fields.items()}

    def drop(self, cause: GateState) -> None:
        """Forget the command; velocities without a deceleration are at their safe value."""
        self.obeyed, self.cause = None, cause
        for name, one in self.fields.items():
            self.rates[name] = 0.0
            if not self.joints and one.safe is not None and one.max_decel_per_s is None:
                self.sent[name] = one.safe

    def press(self, pressed: bool) -> None:
        """Hear of the e-stop input."""
        self.pressed = pressed
        if pressed:
            self.latch()

    def latch(self) -> None:
        """Hear of a trip."""
        self.latched = True
        self.drop(self.cause)

    def enable(self) -> None:
        """Hear of an activation."""
        if not self.active:
            self.active = True
            self.drop(GateState.WAITING)

    def disable(self) -> None:
        """Hear of a deactivation."""
        self.active = False
        self.drop(self.cause)

    def fail(self) -> None:
        """Hear of a fault."""
        self.drop(GateState.FAULT)

    def look(self, now_s: float, steady_s: float) -> None:
        """See the clocks."""
        if not (math.isfinite(now_s) and math.isfinite(steady_s)):
            self.drop(GateState.FAULT)
            return
        self.steady_s = steady_s
        if now_s < self.clock_s:
            self.after_s, self.newest_s = now_s, -math.inf
            self.drop(GateState.WAITING)
        self.clock_s = now_s

    def offered(self, values: dict[str, float], stamp_s: float, now_s: float, steady_s: float,
                answer: Refusal | None) -> None:
        """Judge whether a command was rightly taken or refused."""
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
        if answer in BROKEN:
            self.drop(GateState.FAULT)
        elif self.obeyed is not None and not self.is_stop(self.obeyed) \
                and self.is_stop(self.clamped(values)):
            self.drop(GateState.WAITING)

    def reasons(self, values: dict[str, float], stamp_s: float, now_s: float,
                steady_s: float) -> set[Refusal]:
        """Return all that speaks against a command."""
        age_s = now_s - stamp_s
        finite = all(map(math.isfinite, [stamp_s, *values.values()]))
        return {reason for reason, holds in (
            (Refusal.INACTIVE, not self.active), (Refusal.ESTOPPED, self.latched),
            (Refusal.NOT_FINITE, not finite),
            (Refusal.UNKNOWN_FIELD, any(name not in self.fields for name in values)),
            (Refusal.MISSING_FIELD, any(name not in values for name in self.fields)),
            (Refusal.NOT_BOOL, self.kind == 'bool' and not {0, 1}.issuperset(values.values())),
            (Refusal.FUTURE, not age_s >= -self.ahead_s or not math.isfinite(steady_s)),
            (Refusal.STALE, not age_s <= self.lease_s or stamp_s <= self.after_s
             or not math.isfinite(steady_s)),
            (Refusal.REPEATED, stamp_s == self.newest_s),
            (Refusal.OUT_OF_ORDER, stamp_s < self.newest_s)) if holds}

    def clamped(self, values: dict[str, float]) -> dict[str, float]:
        """Return values within their limits."""
        return {name: min(max(values[name], one.min), one.max)
                for name, one in self.fields.items()}

    def is_stop(self, values: dict[str, float]) -> bool:
        """Return whether this is the whole safe state."""
        return bool(self.safe) and values == self.safe

    def released(self, now_s: float, steady_s: float, answer: bool) -> None:
        """Judge a reset."""
        may = not self.pressed and math.isfinite(now_s) and math.isfinite(steady_s)
        if answer is not may:
            raise Violation(f'a reset answered {answer}')
        if may and self.latched:
            self.look(now_s, steady_s)
            self.latched, self.after_s, self.newest_s = False, now_s, -math.inf
            self.drop(GateState.WAITING)

    def ends(self, now_s: float, steady_s: float, answer: float | None) -> None:
        """Judge how long the lease is said to last."""
        if (answer is None) is not (self.obeyed is None):
            raise Violation(f'the lease ends in {answer}, and obeyed is {self.obeyed}')
        if answer is not None:
            age_s = max(now_s - self.from_s, steady_s - self.steady_from_s)
            if abs(answer - max(0.0, self.lease_s - age_s)) > EDGE_S:
                raise Violation(f'the lease ends in {answer} at an age of {age_s}')

    def stepped(self, now_s: float, steady_s: float, output: GateOutput,
                last: bool = False) -> None:
        """Judge what is sent."""
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
        if self.joints:
            self.follow(elapsed_s)
        self.values(dict(output.values), elapsed_s, last, output.reach_s)
        self.sent = dict(output.values) or self.sent
        if self.joints and output.values:
            self.reach_s = output.reach_s
            self.speeds()

    def state(self, output: GateOutput) -> None:
        """Judge the state and the image that is named."""
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

    def values(self, values: dict[str, float], elapsed_s: float, last: bool,
               reach_s: float) -> None:
        """Judge all values together: which are there, and whether they may differ at all."""
        if not self.sent and self.obeyed is None:
            if values:
                raise Violation(f'{values} were sent before the first command')
            return
        if values.keys() != self.fields.keys():
            raise Violation(f'{values} were sent')
        stays = self.joints and self.crosses(elapsed_s, reach_s)
        before = self.sent or self.obeyed or {}
        for name, value in values.items():
            low, high = (before[name], before[name]) if stays else \
                self.bounds(name, min(elapsed_s, LONGEST_STEP_S))
            if last and name in self.safe:
                low = high = self.safe[name]
            if not low - NEAR <= value <= high + NEAR:
                raise Violation(f'{name} is {value} after {before[name]} and {elapsed_s} s, and '
                                f'should be from {low} to {high}')
            self.remember(name, value - before[name], min(elapsed_s, LONGEST_STEP_S))

    def crosses(self, elapsed_s: float, reach_s: float) -> bool:
        """Return whether the joints are on the way to their first position."""
        if self.left_s is None:
            self.left_s = max((one.max - one.min) / (one.stop_rate_per_s or one.max_rate_per_s)
                              for one in self.fields.values())
        elif self.left_s > 0.0:
            self.left_s = max(0.0, self.left_s - elapsed_s)
        else:
            return False
        if reach_s < self.left_s - NEAR:
            raise Violation(f'{self.left_s} s of the first way are left, and {reach_s} s given')
        return self.left_s > 0.0

    def bounds(self, name: str, elapsed_s: float) -> tuple[float, float]:
        """Return between which values the next one has to be."""
        one, last = self.fields[name], self.sent[name]
        wanted = None if self.obeyed is None else self.obeyed[name]
        stops = wanted is None or (not self.joints and self.is_stop(self.obeyed or {}))
        rate = one.max_rate_per_s
        if stops:
            if one.safe is None:
                return last, last
            wanted, rate = one.safe, one.stop_rate_per_s or one.max_decel_per_s
        if rate is None:
            return wanted, wanted
        if not stops and one.max_decel_per_s is not None:
            side = math.copysign(1.0, last - one.safe)
            if last != one.safe and side * (wanted - one.safe) < 0.0:
                wanted = one.safe
            if last != one.safe and side * (wanted - last) < 0.0:
                rate = one.max_decel_per_s
        way = wanted - last
        most = min(abs(way), rate * elapsed_s)
        least = most
        if not stops and one.max_jerk_per_s2 is not None:
            jerk, along = one.max_jerk_per_s2, math.copysign(1.0, way)
            least = 0.25 * min(most, jerk * elapsed_s ** 2,
                               elapsed_s * math.sqrt(2.0 * jerk * abs(way)))
            most = min(most, elapsed_s * (max(0.0, along * self.rates[name])
                                          + jerk * elapsed_s))
        ends = last + math.copysign(least, way), last + math.copysign(most, way)
        return min(ends), max(ends)

    def remember(self, name: str, change: float, elapsed_s: float) -> None:
        """Keep the rate, which jerk builds on."""
        if self.obeyed is None or self.is_stop(self.obeyed):
            self.rates[name] = 0.0
        elif elapsed_s > 0.0:
            self.rates[name] = change / elapsed_s

    def follow(self, elapsed_s: float) -> None:
        """Move the joints as the last message asked."""
        if self.sent and self.reach_s > 0.0:
            part = min(1.0, elapsed_s / self.reach_s)
            self.reach_s -= elapsed_s
            for name, place in self.arm.items():
                self.arm[name] = place + part * (self.sent[name] - place)

    def speeds(self) -> None:
        """Judge how fast the joints move to reach the values in time."""
        for name, one in self.fields.items():
            speed = abs(self.sent[name] - self.arm[name]) / self.reach_s
            if speed > max(one.max_rate_per_s, one.stop_rate_per_s or 0.0) + 1e-6:
                raise Violation(f'{name} moves at {speed} a second from {self.arm[name]}')
