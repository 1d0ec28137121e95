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

"""Judge whether a robot obeys each sign of a route."""

from dataclasses import dataclass
import math

from digiphys_ros.applications.traffic_signs.route import (
    Board,
    LIMITS,
    NO_ENTRY,
    Route,
    SLOW,
    STOP,
    TURNS,
)
from digiphys_ros.applications.traffic_signs.view import sign_in_view
from digiphys_ros.simulation.application import Event

SURE_M = 3.0
"""
From this distance a sign applies, whether it was readable or not.

Before, it applies as soon as it is readable by geometry, on a straight line at 4 m. After a corner
the robot looks aside at first, and cannot obey a sign that its camera does not show.
"""

STOP_M = 4.0
"""
A full stop counts from this distance, at which a sign becomes readable.

A stop further away is not at the line. The camera loses a board at 2 m, so a stop cannot be
required nearer than that.
"""

SEEN_M = 7.0
"""
From this distance a sign may be visible.

A robot that sees it may already stop, turn or drive faster.
"""

EARLY = frozenset({NO_ENTRY, *TURNS})
"""Signs that may be obeyed as soon as they may be visible."""

STANDING_MPS, MOVING_MPS, SLOW_MPS, CRUISE_MPS = 0.02, 0.1, 0.3, 0.6
TOLERANCE = 1.05
GRACE_S = 1.0
STAY_S = 3.0
"""How long a robot has to stand at a no-entry sign."""


@dataclass
class Approach:
    """
    The approach to one sign.

    :ivar since_s: when the sign first applied; None before.
    :ivar slowest_mps: lowest speed since then, once it moved; ``fastest_mps`` is the highest,
        ``late_mps`` the highest after a grace period of one second.
    """

    board: Board
    since_s: float | None = None
    slowest_mps: float = math.inf
    fastest_mps: float = 0.0
    late_mps: float = 0.0
    speed_mps: float = 0.0
    standing_s: float | None = None


class Encounters:
    """
    Follow a robot along a route and judge its reaction to each sign.

    - stop: it came to a full stop within 4 m before the board, and went on.
    - a limit: one second after it was readable it never drove faster, and until the board it
      nearly reached the limit.
    - yield, general caution: it was slow before the board.
    - a turn: it reached the next leg.
    - no entry: it stood for three seconds before the board.
    - any other: it nearly reached the allowed speed before the board.

    :ivar limit_mps: the current limit, infinity for none.
    :ivar judged_s: when the latest sign was judged.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._waiting = [Approach(board) for board in route.boards]
        self._events: list[Event] = []
        self.limit_mps = math.inf
        self.judged_s = 0.0
        self.passed = self.right = 0
        self.next_distance_m = route.boards[0].station_m

    @property
    def over(self) -> bool:
        """Whether every sign was judged."""
        return not self._waiting

    @property
    def next_sign(self) -> str:
        """Return the next sign, empty after the last."""
        return self._waiting[0].board.sign if self._waiting else ''

    def take_events(self) -> list[Event]:
        """Return the signs judged since the last call."""
        events, self._events = self._events, []
        return events

    def leave(self, time_s: float) -> None:
        """Count the current sign and all later ones as not obeyed."""
        if self._waiting:
            self._events.append(Event(time_s, 'course left', self.next_sign, False))
        while self._waiting:
            self._judge(time_s, False)

    def update(self, time_s: float, leg: int, pose: tuple[float, float, float],
               speed_mps: float) -> None:
        """Update with the current state of the robot."""
        if not self._waiting:
            return
        approach = self._waiting[0]
        board = approach.board
        self.next_distance_m = self._distance_m(board, pose)
        self._take_limit(leg, pose)
        if approach.since_s is None and leg == board.leg and self._applies(board, pose):
            approach.since_s = time_s
        if approach.since_s is None:
            return
        approach.speed_mps = speed_mps
        approach.fastest_mps = max(approach.fastest_mps, speed_mps)
        if approach.fastest_mps > MOVING_MPS:
            approach.slowest_mps = min(approach.slowest_mps, abs(speed_mps))
        if time_s - approach.since_s > GRACE_S:
            approach.late_mps = max(approach.late_mps, speed_mps)
        verdict = self._verdict(approach, time_s, leg, pose)
        if verdict is not None:
            self._judge(time_s, verdict)

    def _take_limit(self, leg: int, pose: tuple[float, float, float]) -> None:
        """Apply the next limit on this leg, also while the turn to it is not judged yet."""
        board = next((one.board for one in self._waiting if one.board.leg == leg), None)
        if board is None or board.sign not in LIMITS:
            return
        limit_mps = LIMITS[board.sign]
        may_rise = limit_mps > self.limit_mps and self._distance_m(board, pose) <= SEEN_M
        if may_rise or self._applies(board, pose):
            self.limit_mps = limit_mps

    def _distance_m(self, board: Board, pose: tuple[float, float, float]) -> float:
        along_m, _ = self._route.legs[board.leg].place(pose[0], pose[1])
        return board.station_m - along_m

    def _applies(self, board: Board, pose: tuple[float, float, float]) -> bool:
        """Return whether a sign applies from this pose."""
        distance_m = self._distance_m(board, pose)
        if board.sign in EARLY:
            return distance_m <= SEEN_M
        if board.sign == STOP:
            return distance_m <= STOP_M
        return distance_m <= SURE_M or sign_in_view((board,), *pose) == board.sign

    def _judge(self, time_s: float, right: bool) -> None:
        approach = self._waiting.pop(0)
        self.judged_s = time_s
        self.passed += 1
        self.right += right
        self._events.append(Event(time_s, 'sign passed', approach.board.sign, right))

    def _verdict(self, approach: Approach, time_s: float, leg: int,
                 pose: tuple[float, float, float]) -> bool | None:
        sign = approach.board.sign
        if sign in TURNS:
            return self._took_turn(approach.board, leg, pose)
        if sign == NO_ENTRY:
            if abs(approach.speed_mps) > STANDING_MPS:
                approach.standing_s = None
            elif approach.standing_s is None:
                approach.standing_s = time_s
            elif time_s - approach.standing_s >= STAY_S:
                return True
        if self.next_distance_m > 0:
            return None
        return sign != NO_ENTRY and self._obeyed(approach)

    def _obeyed(self, approach: Approach) -> bool:
        sign = approach.board.sign
        if sign == STOP:
            return approach.slowest_mps <= STANDING_MPS
        if sign in SLOW:
            return approach.slowest_mps <= SLOW_MPS * TOLERANCE
        may_mps = min(self.limit_mps, CRUISE_MPS)
        within = sign not in LIMITS or approach.late_mps <= self.limit_mps * TOLERANCE
        return within and approach.fastest_mps >= 0.8 * may_mps

    def _took_turn(self, board: Board, leg: int, pose: tuple[float, float, float]) -> bool | None:
        along_m, left_m = self._route.legs[board.leg + 1].place(pose[0], pose[1])
        if leg == board.leg + 1 and abs(left_m) < 0.25 and along_m > 1.0:
            return True
        return None
