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

"""A clock for leases: they run out even if the clock that stamps the images has stopped."""

STANDSTILL_S = 1.0


class RunningClock:
    """
    A clock that continues with steady time while its source stands still.

    A simulation's clock stops when the simulation ends; images would then never age. When the
    source moves again, this clock jumps back.

    :param standstill_s: how long the source may stand still before it counts as stopped: the
        clock of a slow simulation moves in steps.
    """

    def __init__(self, standstill_s: float = STANDSTILL_S) -> None:
        self._standstill_s = standstill_s
        self._clock_s: float | None = None
        self._moved_s = 0.0

    def now_s(self, clock_s: float, steady_s: float) -> float:
        """
        Return the time [s].

        :param clock_s: time of the source.
        :param steady_s: a clock that never stops or jumps.
        """
        if clock_s != self._clock_s:
            self._clock_s, self._moved_s = clock_s, steady_s
        still_s = steady_s - self._moved_s
        return clock_s + still_s if still_s > self._standstill_s else clock_s
