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
"""A junction of two roads whose signals commands drive; a camera above it sees who waits."""

from collections.abc import Mapping, Sequence
from typing import Any

from digiphys_ros.applications.traffic_lights.demand import APPROACHES, ROADS
from digiphys_ros.applications.traffic_lights.junction import Junction
from digiphys_ros.control.signals import FLASHING, GREEN, RED, YELLOW
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.application import Commands, Event, State
import numpy as np
from numpy.typing import NDArray

LABELS = ('balanced', 'east_west', 'empty', 'north_south')

ZONE_M = 45.0
"""Up to here before its stop line a vehicle counts for what the camera should say."""

EDGE_M = 1.5
"""This near to an end of the zone it is open whether a vehicle counts."""

FIXED_GREEN_S, FIXED_YELLOW_S, FIXED_ALL_RED_S = 12.0, 3.0, 2.0
"""
Of the plan to compare with: yellow and all red as in config/traffic_lights_rules.yaml, and the
green, alike for both roads, with which one waits least in the mean of many hours.
"""


class Intersection:
    """
    Four approaches, and one camera above their middle.

    Commands: ``junction`` (one head for each of north, south, east and west, which are the sides
    that vehicles come from; what heads show: see control.signals). The same vehicles come once
    more to a twin that keeps to a fixed plan: what its drivers wait is told for comparison.

    :param varied: ground and camera differ from seed to seed, for images to train on.
    """

    rate_hz = 4.0

    def __init__(self, seed: int = 0, *, camera: bool = True, varied: bool = False) -> None:
        self.time_s = 0.0
        self.ended = False
        # who comes is the same with and without a camera, and with either plan
        demand, looks = np.random.SeedSequence(seed).spawn(2)
        self._junction, self._twin = (Junction(np.random.default_rng(demand)) for _ in range(2))
        self._heads = dict.fromkeys(APPROACHES, RED)
        self._head_conflicts = 0
        self._heads_conflict = False
        self._events: list[Event] = []
        self._knocked_rad = 0.0
        self._scene: Any = None
        if camera:
            from digiphys_ros.applications.traffic_lights.scene import IntersectionScene, world
            from digiphys_ros.simulation.rendering.renderer import Renderer
            self._scene = IntersectionScene(
                np.random.default_rng(looks), Renderer(world()), varied)

    @property
    def focal_px(self) -> float:
        """Return the focal length of the camera in pixels."""
        from digiphys_ros.applications.traffic_lights import scene as scene
        return scene.WIDTH_PX * scene.HEIGHT_M / scene.VIEW_M[0]

    def advance(self, duration_s: float, commands: Commands) -> None:
        """Let the vehicles drive; heads that a command leaves out go on as they are."""
        for side, shown in commands.get('junction', {}).items():
            self._show(side, float(shown))
        self._judge_heads()
        conflicts = self._junction.conflicts
        self._junction.advance(duration_s, self._heads)
        self._twin.advance(duration_s, fixed_heads(self.time_s))
        self.time_s += duration_s
        if self._junction.conflicts > conflicts:
            self._events.append(Event(self.time_s, 'conflict', 'both roads in the box', False))

    def image(self) -> NDArray[Any]:
        """
        Return what the camera sees now: (240, 320, 3) uint8, RGB.

        :raises SimulationError: without a camera.
        """
        if self._scene is None:
            raise SimulationError('this intersection was made without a camera.')
        image: NDArray[Any] = self._scene.image(
            self._junction, self._heads, self._knocked_rad)
        return image

    def disturb(self, camera_yaw_rad: float = 0.0) -> None:
        """Turn the camera about its axis, as a storm does."""
        self._knocked_rad = camera_yaw_rad

    def ground_truth(self) -> str | None:
        """Return the road with clearly more vehicles before its lines, ``balanced``, ``empty``."""
        # a vehicle at an edge may count or not: what is said must not depend on it
        told = {self._told(ZONE_M + far_m, near_m)
                for far_m in (-EDGE_M, EDGE_M) for near_m in (-EDGE_M, EDGE_M)}
        return told.pop() if len(told) == 1 else None

    def state(self) -> State:
        """Return who waits, who was served, and what the heads show."""
        junction, fixed_s = self._junction, self._twin.mean_wait_s
        standing = {side: junction.standing(side) for side in APPROACHES}
        return {
            **{f'queue_{side}': count for side, count in standing.items()},
            'waiting': sum(standing.values()), 'arrived': junction.arrived,
            'served': junction.served, 'conflicts': junction.conflicts,
            'head_conflicts': self._head_conflicts, 'red_runs': junction.red_runs,
            'phase': self._phase(), 'busy_road': junction.busy_road,
            'mean_wait_s': round(junction.mean_wait_s, 3),
            'fixed_mean_wait_s': round(fixed_s, 3),
            'wait_saved': round(1 - junction.mean_wait_s / fixed_s, 4) if fixed_s else 0.0}

    def events(self) -> list[Event]:
        """Return the conflicts and the phases begun since the last call."""
        events, self._events = self._events, []
        return events

    def _show(self, side: str, shown: float) -> None:
        if shown == GREEN and self._heads[side] != GREEN:
            self._events.append(Event(self.time_s, 'green', side))
        self._heads[side] = shown

    def _judge_heads(self) -> None:
        before, self._heads_conflict = self._heads_conflict, heads_conflict(self._heads)
        self._head_conflicts += self._heads_conflict
        if self._heads_conflict and not before:
            self._events.append(Event(self.time_s, 'conflicting heads', self._phase(), False))

    def _phase(self) -> str:
        lit = {side: {GREEN: 'green', YELLOW: 'yellow', RED: ''}.get(shown, 'flashing')
               for side, shown in self._heads.items()}
        return ', '.join(f'{side} {light}' for side, light in lit.items() if light) or 'all red'

    def _told(self, far_m: float, near_m: float) -> str | None:
        """Return what to say if the zone reached from ``far_m`` before the line to ``near_m``."""
        counts = [sum(-far_m < one.position_m < near_m for side in sides
                      for one in self._junction.lanes[side]) for sides in ROADS.values()]
        return verdict(*counts)


def verdict(north_south: int, east_west: int) -> str | None:
    """
    Return what to say of two roads with so many vehicles, None where it is open.

    Where many are, a lead has to be greater: neither is it seen nor does it matter otherwise.
    """
    total, lead = north_south + east_west, north_south - east_west
    if not total:
        return 'empty'
    if abs(lead) >= total / 6 + 0.8:
        return 'north_south' if lead > 0 else 'east_west'
    return 'balanced' if abs(lead) <= total / 6 else None


def heads_conflict(heads: Mapping[str, float]) -> bool:
    """
    Return whether both roads are let into the box at once.

    By the roads themselves, not by the matrix of the plan that is judged: that one may be wrong.
    """
    if set(heads.values()) == {FLASHING}:
        return False
    return all(any(heads[side] != RED for side in sides) for sides in ROADS.values())


def fixed_heads(time_s: float) -> dict[str, float]:
    """Return what the heads show at a time under the fixed plan."""
    half_s = FIXED_GREEN_S + FIXED_YELLOW_S + FIXED_ALL_RED_S
    turn, now_s = divmod(time_s, half_s)
    shown = GREEN if now_s < FIXED_GREEN_S else \
        YELLOW if now_s < FIXED_GREEN_S + FIXED_YELLOW_S else RED
    served = list(ROADS.values())[int(turn) % 2]
    return {side: shown if side in served else RED for side in APPROACHES}


def report(frames: Sequence[Any]) -> dict[str, Any]:
    """
    Return how long one waited, and how long with the fixed plan.

    :param frames: of one run, see simulation.loop.FrameRecord.
    """
    last = frames[-1].state
    known = [frame for frame in frames if frame.ground_truth is not None]
    answered = [frame for frame in known if frame.prediction is not None]
    return {
        'arrived': last['arrived'], 'served': last['served'], 'conflicts': last['conflicts'],
        'head_conflicts': last['head_conflicts'], 'red_runs': last['red_runs'],
        'mean_wait_s': last['mean_wait_s'], 'fixed_mean_wait_s': last['fixed_mean_wait_s'],
        'wait_saved': last['wait_saved'],
        'most_waiting': max(int(frame.state['waiting']) for frame in frames),
        'frames': len(frames), 'abstained': sum(frame.prediction is None for frame in known),
        'frame_accuracy': round(sum(frame.prediction == frame.ground_truth for frame in answered)
                                / len(answered), 4) if answered else None}
