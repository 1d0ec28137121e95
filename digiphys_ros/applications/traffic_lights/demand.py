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
"""Random arrivals of vehicles at a junction, with one road busier than the other."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

ROADS = {'north_south': ('north', 'south'), 'east_west': ('east', 'west')}
"""Road -> sides that its vehicles come from."""

APPROACHES = tuple(side for sides in ROADS.values() for side in sides)


@dataclass(slots=True)
class Vehicle:
    """
    One vehicle.

    :ivar arrived_s: arrival time.
    :ivar desired_mps: its speed on an empty road.
    :ivar shade: 0 to 1, for its color.
    :ivar position_m: position of its front from the stop line; negative before the line.
    :ivar waited_s: time it stood before the line.
    """

    number: int
    arrived_s: float
    desired_mps: float
    length_m: float
    shade: float
    position_m: float = 0.0
    speed_mps: float = 0.0
    waited_s: float = 0.0

    @property
    def rear_m(self) -> float:
        """Return the position of its rear."""
        return self.position_m - self.length_m


class Demand:
    """
    Poisson arrivals at four approaches, independent of the signals.

    :param rng: draws the arrivals.
    """

    BUSY_PER_S, QUIET_PER_S = 0.22, 0.05
    """Vehicles a second on the busier side of the busy road and of the quiet road."""

    SPELL_S = (300.0, 600.0)
    """Shortest and longest time until the other road becomes the busy one."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._spells, *self._sides = rng.spawn(1 + len(APPROACHES))
        self._busy_first = int(self._spells.integers(2))
        self._ends_s = [float(self._spells.uniform(*self.SPELL_S))]
        self._flow_factors = dict(zip(APPROACHES, self._spells.uniform(0.6, 1.0, 4), strict=True))
        self._count = 0

    def next_vehicle(self, side: str, after_s: float) -> Vehicle:
        """Return the next vehicle from a side."""
        rng = self._sides[APPROACHES.index(side)]
        time_s = after_s
        while True:
            time_s += float(rng.exponential(1 / self.BUSY_PER_S))
            if rng.random() < self._rate_per_s(side, time_s) / self.BUSY_PER_S:
                break
        self._count += 1
        return Vehicle(self._count, time_s, float(rng.uniform(12.0, 14.5)),
                       float(rng.uniform(3.8, 5.0)), float(rng.random()))

    def busy_road(self, time_s: float) -> str:
        """Return the busy road at a time."""
        while self._ends_s[-1] <= time_s:
            self._ends_s.append(self._ends_s[-1] + float(self._spells.uniform(*self.SPELL_S)))
        return list(ROADS)[(self._busy_first + bisect_right(self._ends_s, time_s)) % 2]

    def _rate_per_s(self, side: str, time_s: float) -> float:
        busy = side in ROADS[self.busy_road(time_s)]
        result: float = self._flow_factors[side] * (self.BUSY_PER_S if busy else self.QUIET_PER_S)
        return result
