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

"""A conveyor with good and defective parts; commands set belt speed and diverter."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from digiphys_ros.applications.sorting.conveyor import Conveyor, Part, RATED_MPS
from digiphys_ros.simulation.application import Commands, Event, State
import numpy as np
from numpy.typing import NDArray

LABELS = ('good', 'defective', 'no_part')

WHOLE_M, CUT_M = 0.040, 0.055
"""Distance from the image center: a part is complete up to the first, cut off at the second."""


class SortingLine:
    """
    Belt, parts, diverter, and one camera above the belt just before the diverter.

    Commands: ``belt`` (``data``: speed [m/s]) and ``diverter`` (``data``: 1 is the reject lane).

    :param varied: whether belt and camera vary by seed, for training images.
    """

    rate_hz = 30.0

    def __init__(self, seed: int = 0, *, camera: bool = True,
                 defective_fraction: float = 0.2, varied: bool = False) -> None:
        self.time_s = 0.0
        self.ended = False
        # the parts are the same with and without a camera
        lines, looks = np.random.SeedSequence(seed).spawn(2)
        self._conveyor = Conveyor(np.random.default_rng(lines), defective_fraction)
        self._commands = {'belt': 0.0, 'diverter': 1.0}
        self._counts: Counter[str] = Counter()
        self._events: list[Event] = []
        self._knocked_rad = 0.0
        self._scene: Any = None
        if camera:
            from digiphys_ros.applications.sorting.scene import SortingScene, world
            from digiphys_ros.simulation.rendering.renderer import Renderer
            self._scene = SortingScene(
                np.random.default_rng(looks), Renderer(world()), varied)

    @property
    def focal_px(self) -> float:
        """Return the focal length of the camera in pixels."""
        from digiphys_ros.applications.sorting.scene import HEIGHT_M, VIEW_M, WIDTH_PX
        return WIDTH_PX * HEIGHT_M / VIEW_M

    def advance(self, duration_s: float, commands: Commands) -> None:
        """Move belt and diverter; an actuator without a command keeps its last value."""
        for name in self._commands:
            if name in commands:
                self._commands[name] = float(commands[name]['data'])
        self._conveyor.advance(
            duration_s, self._commands['belt'], self._commands['diverter'] >= 0.5)
        self.time_s += duration_s
        for part in self._conveyor.take_passed():
            self._count(part)

    def image(self) -> NDArray[Any]:
        """
        Return the current camera image: (240, 320, 3) uint8, RGB.

        :raises SimulationError: without a camera.
        """
        if self._scene is None:
            from digiphys_ros.errors import SimulationError
            raise SimulationError('the sorting line has no camera: create it with camera=True.')
        image: NDArray[Any] = self._scene.image(self._conveyor, self._knocked_rad)
        return image

    def disturb(self, camera_yaw_rad: float = 0.0) -> None:
        """Rotate the camera about its axis."""
        self._knocked_rad = camera_yaw_rad

    def ground_truth(self) -> str | None:
        """Return good or defective for a complete part, no_part without one, None in between."""
        nearest = self._nearest()
        distance_m = abs(nearest.position_m)
        if distance_m > CUT_M:
            return 'no_part'
        if distance_m > WHOLE_M:
            return None
        return 'defective' if nearest.defect else 'good'

    def state(self) -> State:
        """Return the sorting counts, and the state of belt and blade."""
        nearest = self._nearest()
        return {
            'belt_mps': round(self._conveyor.speed_mps, 4),
            'blade': round(self._conveyor.blade, 3),
            'parts': self._counts['parts'], 'right': self._counts['right'],
            'misses': self._counts['misses'], 'false_rejects': self._counts['false_rejects'],
            'struck': self._counts['struck'], 'defective': self._counts['defective'],
            'part': nearest.number,
            'part_m': round(nearest.position_m, 4), 'defect': nearest.defect or ''}

    def events(self) -> list[Event]:
        """Return the parts sorted since the last call."""
        events, self._events = self._events, []
        return events

    def _nearest(self) -> Part:
        return min(self._conveyor.parts, key=lambda part: abs(part.position_m))

    def _count(self, part: Part) -> None:
        lane = 'reject lane' if part.rejected else 'good lane'
        self._counts['parts'] += 1
        self._counts['right'] += part.right
        self._counts['struck'] += part.struck
        self._counts['defective'] += part.defect is not None
        self._counts['misses'] += part.defect is not None and not part.rejected
        self._counts['false_rejects'] += part.defect is None and bool(part.rejected)
        struck = ', struck by the blade' if part.struck else ''
        self._events.append(Event(
            self.time_s, 'part sorted', f'{part.defect or "good"} to the {lane}{struck}',
            part.right))


def report(frames: Sequence[Any]) -> dict[str, Any]:
    """
    Return the sorting results.

    :param frames: frames of one run, see simulation.loop.FrameRecord.
    """
    last = frames[-1].state
    counts = {name: int(last[name]) for name in
              ('parts', 'right', 'misses', 'false_rejects', 'struck')}
    known = [frame for frame in frames if frame.ground_truth is not None]
    answered = [frame for frame in known if frame.prediction is not None]
    speeds = [float(frame.state['belt_mps']) for frame in frames]
    return {
        **counts, 'right_fraction': round(counts['right'] / counts['parts'], 4) if counts['parts']
        else None,
        'frames': len(frames), 'abstained': sum(frame.prediction is None for frame in known),
        'frame_accuracy': round(sum(frame.prediction == frame.ground_truth for frame in answered)
                                / len(answered), 4) if answered else None,
        'mean_belt_mps': round(sum(speeds) / len(speeds), 4), 'rated_belt_mps': RATED_MPS}
