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

"""Kinematics of a conveyor with parts and a diverter."""

from collections import deque
from dataclasses import dataclass

from digiphys_ros.applications.sorting.surfaces import DEFECTS
import numpy as np

SIDE_M = 0.10
"""Side of the square parts."""

DIVERTER_M = 0.17
"""From the image center to the edge of the diverter blade."""

RATED_MPS = 0.3
"""Rated speed of the line."""

ENTRY_M, EXIT_M = -0.45, 0.45
STEP_S = 0.005


@dataclass
class Part:
    """
    One part on the belt.

    :ivar defect: one of ``surfaces.DEFECTS``, None for a good part.
    :ivar position_m: its center along the belt, from the image center.
    :ivar lateral_m: its center across the belt.
    :ivar rejected: whether it took the reject lane, None before the diverter.
    :ivar struck: whether the blade moved while the part passed it.
    """

    number: int
    defect: str | None
    position_m: float
    lateral_m: float
    yaw_rad: float
    rejected: bool | None = None
    struck: bool = False

    @property
    def right(self) -> bool:
        """Return whether it took the correct lane and was not struck."""
        return self.rejected == (self.defect is not None) and not self.struck


class Conveyor:
    """
    Belt, parts and diverter.

    The belt reaches a commanded speed at ``ACCELERATION_MPS2``. The blade needs
    ``DIVERTER_S`` from one lane to the other. A part takes the lane of the blade when its front
    edge reaches the blade, and is struck if the blade moves while it passes.

    :param rng: draws the parts and their positions.
    :param defective_fraction: fraction of defective parts.
    """

    ACCELERATION_MPS2 = 1.0
    DIVERTER_S = 0.12
    GAPS_M = (0.26, 0.42)
    """Smallest and largest distance between the centers of consecutive parts."""

    def __init__(self, rng: np.random.Generator, defective_fraction: float = 0.2) -> None:
        self._rng = rng
        self._defective_fraction = defective_fraction
        self.parts: deque[Part] = deque()
        self.passed: list[Part] = []
        self.speed_mps = 0.0
        self.travel_m = 0.0
        self.blade = 1.0
        self._number = 0
        self._feed(ENTRY_M)

    def advance(self, duration_s: float, speed_mps: float, reject: bool) -> None:
        """
        Advance the time.

        :param speed_mps: commanded speed of the belt.
        :param reject: commanded lane of the diverter.
        """
        while duration_s > 1e-9:
            step_s = min(STEP_S, duration_s)
            duration_s -= step_s
            self._step(step_s, speed_mps, reject)

    def take_passed(self) -> list[Part]:
        """Return the parts that passed the diverter since the last call."""
        passed, self.passed = self.passed, []
        return passed

    def _step(self, step_s: float, speed_mps: float, reject: bool) -> None:
        most = self.ACCELERATION_MPS2 * step_s
        self.speed_mps += min(max(speed_mps - self.speed_mps, -most), most)
        before, stroke = self.blade, step_s / self.DIVERTER_S
        self.blade = min(self.blade + stroke, 1.0) if reject else max(self.blade - stroke, 0.0)
        moved_m = self.speed_mps * step_s
        self.travel_m += moved_m
        for part in self.parts:
            self._move(part, moved_m, self.blade != before)
        if self.parts[0].position_m > EXIT_M:
            self.parts.popleft()
        if self.parts[-1].position_m >= self._next_m:
            self._feed(self.parts[-1].position_m - self._gap_m)

    def _move(self, part: Part, moved_m: float, blade_moves: bool) -> None:
        part.position_m += moved_m
        front_m, rear_m = part.position_m + SIDE_M / 2, part.position_m - SIDE_M / 2
        if part.rejected is None and front_m >= DIVERTER_M:
            part.rejected = self.blade >= 0.5
        if rear_m < DIVERTER_M <= front_m:
            part.struck |= blade_moves
        elif rear_m - moved_m < DIVERTER_M <= rear_m:
            self.passed.append(part)

    def _feed(self, position_m: float) -> None:
        rng = self._rng
        self._number += 1
        defective = rng.random() < self._defective_fraction
        kind = DEFECTS[int(rng.integers(len(DEFECTS)))]
        self.parts.append(Part(
            self._number, kind if defective else None, position_m,
            float(rng.uniform(-0.008, 0.008)), float(rng.uniform(-0.08, 0.08))))
        self._gap_m = float(rng.uniform(*self.GAPS_M))
        self._next_m = ENTRY_M + self._gap_m
