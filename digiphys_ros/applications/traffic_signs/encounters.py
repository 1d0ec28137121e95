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

"""Whether a robot acts on each sign of a route as it should."""

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
From here on what a board says holds, whether it was readable or not.

Before, it holds as soon as geometry lets it be read, which on a straight line is at 4 m: out of a
corner the robot looks aside at first, and cannot obey what its camera does not show.
"""

STOP_M = 4.0
"""
A full stop counts from here on: where a board can be read at the earliest.

Who stops further away has guessed, and is not at the line. The camera loses a board at 2 m, so
that nearer than that nobody can be asked to stop for what he sees.
"""

SEEN_M = 7.0
"""
From here on a board may be seen.

Whoever sees so far may stop, turn or drive faster this early.
"""

EARLY = frozenset({NO_ENTRY, *TURNS})
"""Signs that may be obeyed as soon as they may be seen."""

STANDING_MPS, MOVING_MPS, SLOW_MPS, CRUISE_MPS = 0.02, 0.1, 0.3, 0.6
TOLERANCE = 1.05
GRACE_S = 1.0
STAY_S = 3.0
"""How long a robot has to stand before no entry until that counts as staying."""


@dataclass
class Meeting:
    """
    A sign that is being approached.

    :ivar since_s: when it could first be obeyed; None before.
    :ivar slowest_mps: from when it moved after that; fastest_mps likewise; late_mps: the greatest
        speed after a second of grace.
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
    Follow a robot along a route and judge what it did about each sign.

    - stop: it came to a full stop within 4 m before the board, and went on.
    - a limit: a second after it could be read it never drove faster, and until the board it
      made use of it.
    - yield, general caution: it was slow on the way to the board.
    - a turn: it came to the next leg.
    - no entry: it stood for three seconds before the board.
    - any other: until the board it drove about as fast as it may.

    :ivar limit_mps: the limit that holds, infinity for none.
    :ivar judged_s: when the last sign so far was judged.
    """

    def __init__(self, route: Route) -> None:
        self._route = route
        self._waiting = [Meeting(board) for board in route.boards]
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
        """Return the sign that is met next, empty after the last."""
        return self._waiting[0].board.sign if self._waiting else ''

    def take_events(self) -> list[Event]:
        """Return the signs judged since the last call."""
        events, self._events = self._events, []
        return events

    def leave(self, time_s: float) -> None:
        """Count the sign that is being approached, and all after it, as not obeyed."""
        if self._waiting:
            self._events.append(Event(time_s, 'course left', self.next_sign, False))
        while self._waiting:
            self._judge(time_s, False)

    def update(self, time_s: float, leg: int, pose: tuple[float, float, float],
               speed_mps: float) -> None:
        """Look at the robot now."""
        if not self._waiting:
            return
        meeting = self._waiting[0]
        board = meeting.board
        self.next_distance_m = self._distance_m(board, pose)
        self._take_limit(leg, pose)
        if meeting.since_s is None and leg == board.leg and self._binds(board, pose):
            meeting.since_s = time_s
        if meeting.since_s is None:
            return
        meeting.speed_mps = speed_mps
        meeting.fastest_mps = max(meeting.fastest_mps, speed_mps)
        if meeting.fastest_mps > MOVING_MPS:
            meeting.slowest_mps = min(meeting.slowest_mps, abs(speed_mps))
        if time_s - meeting.since_s > GRACE_S:
            meeting.late_mps = max(meeting.late_mps, speed_mps)
        verdict = self._verdict(meeting, time_s, leg, pose)
        if verdict is not None:
            self._judge(time_s, verdict)

    def _take_limit(self, leg: int, pose: tuple[float, float, float]) -> None:
        """Let the next limit on this leg hold; also while the turn to it is not yet judged."""
        board = next((one.board for one in self._waiting if one.board.leg == leg), None)
        if board is None or board.sign not in LIMITS:
            return
        limit_mps = LIMITS[board.sign]
        may_rise = limit_mps > self.limit_mps and self._distance_m(board, pose) <= SEEN_M
        if may_rise or self._binds(board, pose):
            self.limit_mps = limit_mps

    def _distance_m(self, board: Board, pose: tuple[float, float, float]) -> float:
        along_m, _ = self._route.legs[board.leg].place(pose[0], pose[1])
        return board.station_m - along_m

    def _binds(self, board: Board, pose: tuple[float, float, float]) -> bool:
        """Return whether what a robot does from now on is judged by a board."""
        distance_m = self._distance_m(board, pose)
        if board.sign in EARLY:
            return distance_m <= SEEN_M
        if board.sign == STOP:
            return distance_m <= STOP_M
        return distance_m <= SURE_M or sign_in_view((board,), *pose) == board.sign

    def _judge(self, time_s: float, right: bool) -> None:
        meeting = self._waiting.pop(0)
        self.judged_s = time_s
        self.passed += 1
        self.right += right
        self._events.append(Event(time_s, 'sign passed', meeting.board.sign, right))

    def _verdict(self, meeting: Meeting, time_s: float, leg: int,
                 pose: tuple[float, float, float]) -> bool | None:
        sign = meeting.board.sign
        if sign in TURNS:
            return self._turned(meeting.board, leg, pose)
        if sign == NO_ENTRY:
            if abs(meeting.speed_mps) > STANDING_MPS:
                meeting.standing_s = None
            elif meeting.standing_s is None:
                meeting.standing_s = time_s
            elif time_s - meeting.standing_s >= STAY_S:
                return True
        if self.next_distance_m > 0:
            return None
        return sign != NO_ENTRY and self._drove_well(meeting)

    def _drove_well(self, meeting: Meeting) -> bool:
        sign = meeting.board.sign
        if sign == STOP:
            return meeting.slowest_mps <= STANDING_MPS
        if sign in SLOW:
            return meeting.slowest_mps <= SLOW_MPS * TOLERANCE
        may_mps = min(self.limit_mps, CRUISE_MPS)
        held = sign not in LIMITS or meeting.late_mps <= self.limit_mps * TOLERANCE
        return held and meeting.fastest_mps >= 0.8 * may_mps

    def _turned(self, board: Board, leg: int, pose: tuple[float, float, float]) -> bool | None:
        along_m, left_m = self._route.legs[board.leg + 1].place(pose[0], pose[1])
        if leg == board.leg + 1 and abs(left_m) < 0.25 and along_m > 1.0:
            return True
        return None
