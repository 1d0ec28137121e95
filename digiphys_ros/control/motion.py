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
"""Motion of an actuator's values towards a command and towards the safe state."""

from collections.abc import Mapping
import math

from digiphys_ros.control.actuators import Limits

LONGEST_STEP_S = 0.1
"""A gate that is stepped less often moves an actuator no further than in this time."""
STAND_S = 86_400.0
"""Time to reach the position for joints that must stand still: at most their range per day.
An empty trajectory would stop nothing: the controllers of ros2_control refuse it."""


class Motion:
    """
    Limit how far the next values may be from the previous ones.

    - Towards a command a value changes by at most ``max_rate_per_s``. Towards its safe value it
      changes by at most ``max_decel_per_s`` if it has one; it does not pass the safe value within
      one step. With ``max_jerk_per_s2`` the rate grows by no more than that and shrinks in time
      before the command. A value never moves away from its command or past it: a command in the
      other direction ends the rate at once.
    - In the safe state, and under a command for the whole safe state, velocities take the safe
      value at once, or approach it at ``max_decel_per_s``.
    - In the safe state positions repeat the previous value (``hold``), or approach the safe
      value at ``stop_rate_per_s``. A commanded position always keeps to ``max_rate_per_s``.
    - The initial position of an actuator is unknown. Its first position is therefore sent with
      the time that its whole range takes, and repeated until that time is over. The safe state
      ends this first motion of joints that hold: for a moment the same position is sent with the
      time ``STAND_S``, which stops the joints where they are, and then nothing is sent. The next
      command starts such a first motion again.
    - If the message carries no time (``timed`` is false), a position jumps to its first value.
      While the position is unknown, nothing is therefore sent without a command, even if there
      is a safe value. The shutdown message repeats the previous value.

    ``reach_s`` is the time in which an actuator of positions must reach the values. It is never
    below ``LONGEST_STEP_S``: a late or lost message then makes no joint faster than its rate,
    because the values move no faster either.

    :param timed: whether the message of the actuator carries ``reach_s``.
    :raises ValueError: when only some fields hold: before the first command a message cannot
        omit those fields alone.
    """

    def __init__(self, fields: Mapping[str, Limits], timed: bool = True) -> None:
        self._fields = fields
        self.safe = {name: limits.safe for name, limits in fields.items()
                     if limits.safe is not None}
        if self.safe and len(self.safe) < len(fields):
            raise ValueError('all fields of an actuator hold or none does, received '
                             f'{[name for name in fields if name not in self.safe]} that hold')
        self._stop_rates = {name: limits.max_decel_per_s or limits.stop_rate_per_s
                            for name, limits in fields.items()}
        self._ramped = any(self._stop_rates.values())
        self._rates: dict[str, float] = {}
        ranges_s = [limits.range_s() for limits in fields.values() if limits.is_position()]
        self._range_s = max(ranges_s, default=0.0)
        # time left of the first motion; None while the position of the actuator is unknown
        self._left_s = None if ranges_s else 0.0
        self._homes = bool(ranges_s and self.safe) and timed
        self._leaps = bool(ranges_s) and not timed
        self._standing_s = 0.0
        self.values: Mapping[str, float] = {} if self._leaps else self.safe

    @property
    def reach_s(self) -> float:
        """Return the time in which the actuator must reach the values."""
        return STAND_S if self._left_s is None else max(LONGEST_STEP_S, self._left_s)

    def is_stop(self, values: Mapping[str, float]) -> bool:
        """Return whether values are the whole safe state; a holding position has none."""
        return bool(self.safe) and values == self.safe

    def forget_position(self) -> None:
        """Give the next output the time of the whole range: an arm may have been moved."""
        if self._range_s:
            self._left_s = None

    def start_over(self) -> None:
        """Continue from the safe values if a guard can have sent them meanwhile."""
        self._rates.clear()
        if self.safe and not self._leaps:
            self.values = self.safe
            self.forget_position()

    def drop_command(self) -> None:
        """Stop moving to the command; a field that takes its safe value at once has it now."""
        self._rates.clear()
        if self._left_s:
            self._end_way()
        if not self.values:
            return
        if self._ramped:
            self.values = {name: self.values[name] if self._stop_rates[name] else safe
                           for name, safe in self.safe.items()}
        elif self.safe:
            self.values = self.safe

    def move(self, wanted: Mapping[str, float] | None, elapsed_s: float) -> Mapping[str, float]:
        """
        Return the next values.

        :param wanted: the command within its limits, None in the safe state.
        :param elapsed_s: steady time since the previous call.
        """
        if self._left_s is None:
            return self._begin(wanted, elapsed_s)
        self._left_s = max(0.0, self._left_s - elapsed_s)
        if self._left_s > 0.0:
            return self.values
        elapsed_s = min(elapsed_s, LONGEST_STEP_S)
        if wanted is None or (not self._range_s and self.is_stop(wanted)):
            self._stop(elapsed_s)
        else:
            self.values = {name: self._approach(name, value, elapsed_s)
                           for name, value in wanted.items()}
        return self.values

    def end(self) -> Mapping[str, float]:
        """Return the shutdown values: the safe ones, with the time to reach them."""
        self._rates.clear()
        if self._leaps:
            return {} if self._left_s is None else self.values
        ways_s = [abs(self.values[name] - safe) / rate for name, safe in self.safe.items()
                  if (rate := self._fields[name].stop_rate_per_s)]
        if ways_s:
            self._left_s = max(self.reach_s, LONGEST_STEP_S + max(ways_s))
        self.values = self.safe or self.values
        return self.values

    def _begin(self, wanted: Mapping[str, float] | None, elapsed_s: float
               ) -> Mapping[str, float]:
        """Return the first values, or none, while the position of the actuator is unknown."""
        self._rates.clear()
        goal = self.values if self._homes else wanted
        if goal:
            # without a time in the message, the previous value is the position: no jump from it
            self.values = self.values if self._leaps and self.values else goal
            self._left_s = self._range_s
            return self.values
        stands, self._standing_s = self._standing_s > 0.0, self._standing_s - elapsed_s
        return self.values if stands else {}

    def _end_way(self) -> None:
        """Stop the first motion of a joint, unless it leads to the safe position."""
        if self._leaps:
            # if it holds, this value is the nearest known to the actuator's position
            self._left_s = 0.0 if self.safe else self._left_s
        elif not self._homes:
            self._left_s, self._standing_s = None, LONGEST_STEP_S

    def _stop(self, elapsed_s: float) -> None:
        self._rates.clear()
        if self._ramped:
            self.values = {
                name: _towards(self.values[name], safe, rate * elapsed_s) if rate else safe
                for name, safe in self.safe.items() for rate in (self._stop_rates[name],)}
        elif self.safe:
            self.values = self.safe

    def _approach(self, name: str, wanted: float, elapsed_s: float) -> float:
        limits, last = self._fields[name], self.values[name]
        rate_per_s = limits.max_rate_per_s
        if rate_per_s is None:
            return wanted
        if limits.max_decel_per_s is not None and limits.safe is not None:
            if min(last, wanted) < limits.safe < max(last, wanted):
                wanted = limits.safe
            if abs(wanted - limits.safe) < abs(last - limits.safe):
                rate_per_s = limits.max_decel_per_s
        if limits.max_jerk_per_s2 is not None:
            rate_per_s = self._ease(name, wanted - last, rate_per_s, elapsed_s)
        return _towards(last, wanted, rate_per_s * elapsed_s)

    def _ease(self, name: str, way: float, rate_per_s: float, elapsed_s: float) -> float:
        """Return the rate that the jerk limit allows for the remaining signed distance."""
        jerk = self._fields[name].max_jerk_per_s2 or math.inf
        grown = max(0.0, math.copysign(1.0, way) * self._rates.get(name, 0.0)) + jerk * elapsed_s
        # the fastest rate from which steps of this length still end at the command
        step = jerk * elapsed_s / 2.0
        ending = math.sqrt(step * step + 2.0 * jerk * abs(way)) - step
        eased = min(rate_per_s, grown, ending)
        if elapsed_s > 0.0:
            self._rates[name] = math.copysign(min(eased, abs(way) / elapsed_s), way)
        return eased


def _towards(last: float, wanted: float, reach: float) -> float:
    return min(max(wanted, last - reach), last + reach)
