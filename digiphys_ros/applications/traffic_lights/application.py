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
"""A junction of two roads with commanded signals, and a camera above it."""

from collections.abc import Mapping, Sequence
from typing import Any

from digiphys_ros.applications.traffic_lights.demand import APPROACHES, ROADS
from digiphys_ros.applications.traffic_lights.junction import Junction, RATE_HZ
from digiphys_ros.control.signals import FLASHING, GREEN, RED, YELLOW
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.application import Commands, Event, State
import numpy as np
from numpy.typing import NDArray

LABELS = ('balanced', 'east_west', 'empty', 'north_south')

ZONE_M = 45.0
"""Up to this distance before its stop line a vehicle counts for the label."""

EDGE_M = 1.5
"""This close to an end of the zone it is ambiguous whether a vehicle counts."""

FIXED_GREEN_S, FIXED_YELLOW_S, FIXED_ALL_RED_S = 12.0, 3.0, 2.0
"""
Fixed plan for comparison: yellow and all red as in config/traffic_lights_rules.yaml, and the same
green for both roads, with the shortest mean wait over many hours.
"""


class Intersection:
    """
    Four approaches, and one camera above the center.

    Commands: ``junction`` (one head for each of north, south, east and west, the sides that
    vehicles come from; for the states of a head see control.signals). The same vehicles also
    drive through a twin with a fixed plan, whose wait is reported for comparison.

    :param varied: whether ground and camera vary by seed, for training images.
    """

    rate_hz = RATE_HZ

    def __init__(self, seed: int = 0, *, camera: bool = True, varied: bool = False) -> None:
        self.time_s = 0.0
        self.ended = False
        # the vehicles are the same with and without a camera, and with either plan
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
        """Move the vehicles; a head without a command keeps its state."""
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
        Return the current camera image: (240, 320, 3) uint8, RGB.

        :raises SimulationError: without a camera.
        """
        if self._scene is None:
            raise SimulationError('the intersection has no camera: create it with camera=True.')
        image: NDArray[Any] = self._scene.image(
            self._junction, self._heads, self._knocked_rad)
        return image

    def disturb(self, camera_yaw_rad: float = 0.0) -> None:
        """Rotate the camera about its axis."""
        self._knocked_rad = camera_yaw_rad

    def ground_truth(self) -> str | None:
        """Return the road with clearly more vehicles, ``balanced``, ``empty`` or None."""
        # the label must not depend on a vehicle at an edge of the zone
        labels = {self._label_for_zone(ZONE_M + far_m, near_m)
                  for far_m in (-EDGE_M, EDGE_M) for near_m in (-EDGE_M, EDGE_M)}
        return labels.pop() if len(labels) == 1 else None

    def state(self) -> State:
        """Return queues, counts of vehicles, conflicts, waits and the current phase."""
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
        """Return the conflicts and the greens started since the last call."""
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

    def _label_for_zone(self, far_m: float, near_m: float) -> str | None:
        """Return the label for a zone from ``far_m`` before the line to ``near_m``."""
        counts = [sum(-far_m < one.position_m < near_m for side in sides
                      for one in self._junction.lanes[side]) for sides in ROADS.values()]
        return road_label(*counts)


def road_label(north_south: int, east_west: int) -> str | None:
    """
    Return the label for the numbers of vehicles on two roads, None where it is ambiguous.

    With more vehicles the lead must be larger, as a small lead is neither visible nor relevant.
    """
    total, lead = north_south + east_west, north_south - east_west
    if not total:
        return 'empty'
    if abs(lead) >= total / 6 + 0.8:
        return 'north_south' if lead > 0 else 'east_west'
    return 'balanced' if abs(lead) <= total / 6 else None


def heads_conflict(heads: Mapping[str, float]) -> bool:
    """
    Return whether both roads may enter the box at once.

    It uses the roads, not the conflict matrix of the judged plan, which may be wrong.
    """
    if set(heads.values()) == {FLASHING}:
        return False
    return all(any(heads[side] != RED for side in sides) for sides in ROADS.values())


def fixed_heads(time_s: float) -> dict[str, float]:
    """Return the states of the heads at a time under the fixed plan."""
    half_s = FIXED_GREEN_S + FIXED_YELLOW_S + FIXED_ALL_RED_S
    turn, now_s = divmod(time_s, half_s)
    shown = GREEN if now_s < FIXED_GREEN_S else \
        YELLOW if now_s < FIXED_GREEN_S + FIXED_YELLOW_S else RED
    served = list(ROADS.values())[int(turn) % 2]
    return {side: shown if side in served else RED for side in APPROACHES}


def report(frames: Sequence[Any]) -> dict[str, Any]:
    """
    Return the waits, also with the fixed plan, and the counts.

    :param frames: frames of one run, see simulation.loop.FrameRecord.
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
