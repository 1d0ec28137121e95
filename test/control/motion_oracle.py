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

"""Predict how far the values of an actuator may be from the previous ones."""

from collections.abc import Mapping
import math

from arm_oracle import Arm
from digiphys_ros.control import GateOutput, Limits
from violation import Violation

LONGEST_STEP_S, DAY_S = 0.1, 86_400.0
NEAR = 1e-9


class MotionOracle:
    """
    Keep the previous values.

    :param timed: whether messages carry the time to reach positions, like those of an arm.
    :param place: start position of its joints, as a fraction of their range.
    """

    def __init__(self, fields: Mapping[str, Limits], timed: bool, place: float) -> None:
        self.fields = fields
        self.joints = any(one.safe is None or one.stop_rate_per_s for one in fields.values())
        self.arm_moves, self.leaps = timed and self.joints, self.joints and not timed
        self.safe = {name: one.safe for name, one in fields.items() if one.safe is not None}
        self.obeyed: dict[str, float] | None = None
        self.stands_s = 0.0
        self.sent = {} if self.leaps else dict(self.safe)
        self.rates = dict.fromkeys(fields, 0.0)
        self.forget(place)

    def forget(self, place: float) -> None:
        """Move the joints elsewhere: a new arm."""
        self.left_s: float | None = None
        self.arm = Arm(self.fields, place)

    def guarded(self) -> None:
        """Record the safe values, sent at once, or to joints with the time of their range."""
        self.drop()
        if not self.safe or self.leaps:
            return
        self.sent, self.left_s = dict(self.safe), None
        if self.arm_moves:
            self.arm.hear(self.sent, self.range_s())

    def range_s(self) -> float:
        """Return the time that the whole range takes."""
        return max((one.max - one.min) / (one.stop_rate_per_s or one.max_rate_per_s)
                   for one in self.fields.values())

    def drop(self) -> None:
        """Reset the rates; velocities without a deceleration are at their safe value."""
        if self.left_s and self.leaps and self.safe:
            self.left_s = 0.0
        if self.left_s and self.arm_moves and not self.safe:
            self.left_s, self.stands_s = None, LONGEST_STEP_S
        for name, one in self.fields.items():
            self.rates[name] = 0.0
            if not self.joints and one.safe is not None and one.max_decel_per_s is None:
                self.sent[name] = one.safe

    def is_stop(self, values: dict[str, float]) -> bool:
        """Return whether this is the whole safe state."""
        return bool(self.safe) and values == self.safe

    def moved(self, obeyed: dict[str, float] | None, elapsed_s: float, output: GateOutput,
              last: bool) -> None:
        """Judge the output under a command, or without one."""
        self.obeyed = obeyed
        self.arm.move(elapsed_s)
        self.values(dict(output.values), elapsed_s, last, output.reach_s)
        self.sent = dict(output.values) or self.sent
        if self.arm_moves and output.values:
            self.arm.hear(self.sent, output.reach_s)

    def values(self, values: dict[str, float], elapsed_s: float, last: bool,
               reach_s: float) -> None:
        """Judge all values together: which exist, and whether they may change."""
        unknown = self.joints and self.left_s is None and not (self.arm_moves and self.safe)
        if unknown and self.obeyed is None:
            self.stood(values, elapsed_s, reach_s)
            return
        if values.keys() != self.fields.keys():
            raise Violation(f'{values} were sent')
        stays = self.joints and self.crosses(elapsed_s, reach_s)
        before = self.sent or self.obeyed or {}
        if unknown and self.obeyed is not None and not (self.leaps and self.sent):
            before = self.obeyed
        for name, value in values.items():
            low, high = (before[name], before[name]) if stays else \
                self.bounds(name, min(elapsed_s, LONGEST_STEP_S))
            if last and name in self.safe and not self.leaps:
                low = high = self.safe[name]
            if not low - NEAR <= value <= high + NEAR:
                raise Violation(f'{name} is {value} after {before[name]} and {elapsed_s} s, and '
                                f'should be from {low} to {high}')
            self.keep_rate(name, value - before[name], min(elapsed_s, LONGEST_STEP_S))

    def stood(self, values: dict[str, float], elapsed_s: float, reach_s: float) -> None:
        """Judge the output without a command, while the position of the joints is unknown."""
        stands, self.stands_s = self.stands_s > 0.0, self.stands_s - elapsed_s
        if values and not self.arm_moves:
            raise Violation(f'{values} were sent without a command')
        if values and reach_s < DAY_S:
            raise Violation(f'{values} were sent without a command, to be reached in {reach_s} s')
        if stands and not values:
            raise Violation('an arm on its way was not stopped')

    def crosses(self, elapsed_s: float, reach_s: float) -> bool:
        """Return whether the joints are in their first motion."""
        if self.left_s is None:
            self.left_s = self.range_s()
        elif self.left_s > 0.0:
            self.left_s = max(0.0, self.left_s - elapsed_s)
        else:
            return False
        if reach_s < self.left_s - NEAR:
            raise Violation(f'{self.left_s} s of the first way are left, and {reach_s} s given')
        return self.left_s > 0.0

    def bounds(self, name: str, elapsed_s: float) -> tuple[float, float]:
        """Return the bounds of the next value."""
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

    def keep_rate(self, name: str, change: float, elapsed_s: float) -> None:
        """Keep the rate, for the jerk limit."""
        if self.obeyed is None or (not self.joints and self.is_stop(self.obeyed)):
            self.rates[name] = 0.0
        elif elapsed_s > 0.0:
            self.rates[name] = change / elapsed_s
