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

"""The course of signs: legs of a guide line, and the boards along them."""

from dataclasses import dataclass
import math

import numpy as np

BOARD_M = 0.6
BOARD_HEIGHT_M = 0.75
ASIDE_M = 0.78
"""Distance from the guide line to the center of a board, to the right."""

SPACING_M = 6.0
BEYOND_M = 4.0
"""Distance of a turn sign behind the junction; it is readable before the junction."""

NO_ENTRY, STOP = 'no entry', 'stop'
TURNS = {'turn left ahead': 1, 'turn right ahead': -1}
LIMITS = {f'speed limit {number}': number / 100 for number in (20, 30, 50, 60, 80)}
"""Sign -> limit [m/s]: a robot among people drives at a hundredth of the value in km/h."""

SLOW = ('yield', 'general caution')
FREE = ('priority road', 'ahead only')


@dataclass(frozen=True)
class Board:
    """
    One sign.

    :ivar leg: index of its leg; ``station_m`` is its position along the leg.
    :ivar yaw_rad: direction that it faces.
    """

    sign: str
    leg: int
    station_m: float
    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True)
class Leg:
    """A straight guide line."""

    x_m: float
    y_m: float
    heading_rad: float
    length_m: float

    def point(self, along_m: float, left_m: float = 0.0) -> tuple[float, float]:
        """Return x and y of a point along and to the left of the line."""
        cos, sin = math.cos(self.heading_rad), math.sin(self.heading_rad)
        return (self.x_m + along_m * cos - left_m * sin, self.y_m + along_m * sin + left_m * cos)

    def place(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Return the position of a point along the line and to its left."""
        cos, sin = math.cos(self.heading_rad), math.sin(self.heading_rad)
        dx, dy = x_m - self.x_m, y_m - self.y_m
        return dx * cos + dy * sin, dy * cos - dx * sin


@dataclass(frozen=True)
class Route:
    """Connected legs, and boards in driving order."""

    legs: tuple[Leg, ...]
    boards: tuple[Board, ...]


def draw_route(rng: np.random.Generator, turns: int = 2) -> Route:
    """
    Return a course: signs on each leg, a turn at its end, and no entry at the end.

    No leg leads back, so the course never crosses itself.
    """
    limits = [str(name) for name in rng.permutation(list(LIMITS)[1:])]
    signs = [STOP, 'yield', *limits[:2], str(rng.choice([STOP, *SLOW[1:], *FREE, limits[2]]))]
    rng.shuffle(signs)
    groups = np.array_split(signs, turns + 1)
    legs: list[Leg] = []
    boards: list[Board] = []
    x_m = y_m = heading_rad = 0.0
    for index, group in enumerate(groups):
        turn = _turn(rng, heading_rad) if index < turns else NO_ENTRY
        leg = Leg(x_m, y_m, heading_rad, SPACING_M * (len(group) + 1) + 2.0)
        stations = [SPACING_M * (number + 1) + float(rng.uniform(0, 1.0))
                    for number in range(len(group))]
        last_m = leg.length_m + (BEYOND_M if index < turns else -1.0)
        for sign, station_m in zip([*group, turn], [*stations, last_m], strict=True):
            boards.append(_board(rng, leg, index, str(sign), station_m))
        legs.append(leg)
        x_m, y_m = leg.point(leg.length_m)
        heading_rad += TURNS.get(turn, 0) * math.pi / 2
    return Route(tuple(legs), tuple(boards))


def _turn(rng: np.random.Generator, heading_rad: float) -> str:
    if abs(heading_rad) < 0.1:
        return str(rng.choice(list(TURNS)))
    return next(sign for sign, side in TURNS.items() if side * heading_rad < 0)


def _board(rng: np.random.Generator, leg: Leg, index: int, sign: str, station_m: float) -> Board:
    x_m, y_m = leg.point(station_m, -ASIDE_M + float(rng.uniform(-0.03, 0.03)))
    yaw_rad = leg.heading_rad + math.pi + float(rng.uniform(-0.15, 0.15))
    return Board(sign, index, station_m, x_m, y_m, yaw_rad)
