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
"""Traffic model of a junction: vehicles follow each other, stop at red and cross on green."""

from collections.abc import Iterator, Mapping
import math

from digiphys_ros.applications.traffic_lights.demand import APPROACHES, Demand, ROADS, Vehicle
from digiphys_ros.control.signals import FLASHING, GREEN, RED
import numpy as np

LINE_M = 9.5
"""From the center of the junction to the stop lines."""

HALF_BOX_M = 3.5
BOX_M = (LINE_M - HALF_BOX_M, LINE_M + HALF_BOX_M)
"""The area where the other road crosses, from the stop line."""

ENTRY_M, EXIT_M = -150.0, LINE_M + 75.0
STEP_S = 0.1
GAP_M = 2.0
"""Gap between two standing vehicles."""

REACTION_S, ACCELERATION_MPS2, BRAKING_MPS2, HARDEST_MPS2 = 1.0, 2.0, 4.0, 6.0
STANDING_MPS = 0.5

RATE_HZ = 4.0
"""Images a second."""


class Junction:
    """
    One lane on each of four approaches; all vehicles go straight on.

    The speed of a vehicle is limited by its desired speed, its acceleration, and the speed from
    which it can stop behind the vehicle ahead (Gipps, 1981, doi:10.1016/0191-2615(81)90037-0, in
    the form of Krauss, 1998). At yellow and red it stops if braking suffices. At flashing it
    stops, and the vehicles at the lines cross one by one.

    :param rng: draws the arrivals.
    :ivar lanes: vehicles by the side that they come from, the first one first.
    :ivar conflicts: number of times that vehicles of both roads were in the box at once.
    :ivar red_runs: number of vehicles that crossed a line at red.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.time_s = 0.0
        self.lanes: dict[str, list[Vehicle]] = {side: [] for side in APPROACHES}
        self.arrived = self.served = self.conflicts = self.red_runs = 0
        self.waited_s = 0.0
        self._demand = Demand(rng)
        self._coming = {side: self._demand.next_vehicle(side, 0.0) for side in APPROACHES}
        self._in_conflict = False
        self._turn: Vehicle | None = None
        self._pending_s = 0.0

    @property
    def busy_road(self) -> str:
        """Return the road that is busy now."""
        return self._demand.busy_road(self.time_s)

    @property
    def mean_wait_s(self) -> float:
        """Return the mean time that the arrived vehicles stood before the line."""
        return self.waited_s / self.arrived if self.arrived else 0.0

    def standing(self, side: str) -> int:
        """Return the number of vehicles standing before the line."""
        return sum(one.position_m < 0.0 and one.speed_mps < STANDING_MPS
                   for one in self.lanes[side])

    def advance(self, duration_s: float, heads: Mapping[str, float]) -> None:
        """
        Advance the time in whole steps; the remainder is added to the next call.

        :param heads: state of the head of each approach, see control.signals.
        """
        self._pending_s += duration_s
        for _ in range(int(self._pending_s / STEP_S + 1e-6)):
            self._pending_s -= STEP_S
            self.time_s += STEP_S
            self._step(heads)

    def _step(self, heads: Mapping[str, float]) -> None:
        self._select_crossing(FLASHING in heads.values())
        for side, lane in self.lanes.items():
            self._spawn(side, lane)
            self._move(lane, heads[side])
            while lane and lane[0].position_m > EXIT_M:
                lane.pop(0)
        occupied = [any(map(self._in_box, sides)) for sides in ROADS.values()]
        self.conflicts += all(occupied) and not self._in_conflict
        self._in_conflict = all(occupied)

    def _spawn(self, side: str, lane: list[Vehicle]) -> None:
        coming = self._coming[side]
        if coming.arrived_s > self.time_s:
            return
        coming.position_m, coming.speed_mps = ENTRY_M, coming.desired_mps
        if lane:
            # a queue may reach behind the entry point
            coming.position_m = min(ENTRY_M, lane[-1].rear_m - GAP_M)
            gap_m = lane[-1].rear_m - GAP_M - coming.position_m
            coming.speed_mps = min(coming.desired_mps, _safe_mps(gap_m, lane[-1].speed_mps))
        lane.append(coming)
        self.arrived += 1
        self._coming[side] = self._demand.next_vehicle(side, coming.arrived_s)

    def _move(self, lane: list[Vehicle], head: float) -> None:
        ahead: Vehicle | None = None
        for one in lane:
            speed = one.speed_mps
            aim = min(one.desired_mps, speed + ACCELERATION_MPS2 * STEP_S)
            if ahead is not None:
                aim = min(aim, _safe_mps(ahead.rear_m - GAP_M - one.position_m, ahead.speed_mps))
            before = one.position_m < 0.0
            if before and head != GREEN and one is not self._turn \
                    and speed * speed <= -2.0 * BRAKING_MPS2 * one.position_m:
                aim = min(aim, _safe_mps(-one.position_m, 0.0))
            one.speed_mps = max(aim, speed - HARDEST_MPS2 * STEP_S, 0.0)
            one.position_m += one.speed_mps * STEP_S
            if before:
                self._at_line(one, head)
            ahead = one

    def _at_line(self, one: Vehicle, head: float) -> None:
        if one.position_m >= 0.0:
            self.served += 1
            self.red_runs += head == RED
        elif one.speed_mps < STANDING_MPS:
            one.waited_s += STEP_S
            self.waited_s += STEP_S

    def _select_crossing(self, flashing: bool) -> None:
        if not flashing:
            self._turn = None
        elif self._turn is None or self._turn.rear_m > BOX_M[1]:
            at_line = [one for one in self._foremost() if one.position_m > -GAP_M - 1.0
                       and one.speed_mps < STANDING_MPS]
            self._turn = max(at_line, key=lambda one: one.waited_s, default=None)

    def _foremost(self) -> Iterator[Vehicle]:
        for lane in self.lanes.values():
            for one in lane:
                if one.position_m < 0.0:
                    yield one
                    break

    def _in_box(self, side: str) -> bool:
        return any(one.position_m > BOX_M[0] and one.rear_m < BOX_M[1]
                   for one in self.lanes[side])


def _safe_mps(gap_m: float, ahead_mps: float) -> float:
    """Return the highest speed from which a vehicle can stop behind the braking one ahead."""
    if gap_m <= 0.0:
        return 0.0
    reach = BRAKING_MPS2 * REACTION_S
    return math.sqrt(reach * reach + ahead_mps * ahead_mps + 2.0 * BRAKING_MPS2 * gap_m) - reach
