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

"""How far a simulation's clock may be behind: it stands still between two ticks."""

MOST_S = 0.5
"""A longer step is a jump of the clock; no image may be ahead by more."""

WINDOW_S = 5.0
"""Minimum time that a step is remembered."""


class TickingClock:
    """
    Measure the steps of a clock.

    A sender stamps an image with its own time, between two ticks of the clock that others read.
    The stamp may therefore be ahead of that clock by one step, and by another step if the tick
    was delayed on its way.

    Example::

        clock = TickingClock()
        clock.tick(now_s, steady_s)
        gate.tolerate(clock.behind_s)
    """

    def __init__(self) -> None:
        self._clock_s: float | None = None
        self._longest_s = self._before_s = 0.0
        self._since_s = 0.0

    def tick(self, clock_s: float, steady_s: float) -> None:
        """
        Record a tick.

        :param clock_s: the new time [s].
        :param steady_s: its arrival on a clock that never stops or jumps [s].
        """
        last_s, self._clock_s = self._clock_s, clock_s
        if last_s is None:
            return
        if steady_s - self._since_s > WINDOW_S:
            self._before_s, self._longest_s, self._since_s = self._longest_s, 0.0, steady_s
        if 0.0 < clock_s - last_s <= MOST_S:
            self._longest_s = max(self._longest_s, clock_s - last_s)

    @property
    def behind_s(self) -> float:
        """Return how far the clock may be behind [s]; the maximum before any step was measured."""
        return min(2.0 * max(self._longest_s, self._before_s) or MOST_S, MOST_S)
