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

"""A differential-drive robot on a course of signs; commands set its speed and turn rate."""

from collections.abc import Mapping, Sequence
import math
from typing import Any

from digiphys_ros.applications.traffic_signs.encounters import Encounters
from digiphys_ros.applications.traffic_signs.guide import nearest_leg, offset_m, steering_radps
from digiphys_ros.applications.traffic_signs.route import draw_route
from digiphys_ros.applications.traffic_signs.scene import (
    FOCAL_PX,
    RATE_HZ,
    sign_world,
    TRACK_M,
    WHEEL_RADIUS_M,
)
from digiphys_ros.applications.traffic_signs.view import sign_in_view
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.application import Event
from digiphys_ros.simulation.physics.physics import Physics
import numpy as np
from numpy.typing import NDArray

CONTROL_S = 0.02
LOST_M = 1.5
"""Distance to every guide line at which a robot has left the course."""


class SignCourse:
    """
    A course of signs. Commands: ``base`` (``linear.x`` [m/s], ``angular.z`` [rad/s]).

    While the commanded ``angular.z`` is 0 the base follows its guide line on its own, like an
    automated guided vehicle. Turning at a junction needs a command: a robot without one goes
    straight on and leaves the course.
    """

    rate_hz = RATE_HZ
    focal_px = FOCAL_PX

    def __init__(self, seed: int = 0, *, camera: bool = True) -> None:
        self.time_s = 0.0
        self.ended = False
        # the course is the same with and without a camera
        routes, looks = (np.random.default_rng(one)
                         for one in np.random.SeedSequence(seed).spawn(2))
        self.route = draw_route(routes)
        world = sign_world(self.route, looks, scenery=camera)
        self._physics = Physics(world)
        self._signs = Encounters(self.route)
        self._command = (0.0, 0.0)
        self._leg = 0
        self._distance_m = 0.0
        self._observe()
        self._camera: Any = None
        if camera:
            from digiphys_ros.applications.traffic_signs.camera import SignCamera
            self._camera = SignCamera(world, self._physics, looks)

    def advance(self, duration_s: float, commands: Mapping[str, Mapping[str, float]]) -> None:
        """Drive; without a command the last one is repeated."""
        if 'base' in commands:
            base = commands['base']
            self._command = (float(base['linear.x']), float(base.get('angular.z', 0.0)))
        while duration_s > 1e-9:
            step_s = min(CONTROL_S, duration_s)
            duration_s -= step_s
            self._step(step_s)

    def image(self) -> NDArray[Any]:
        """
        Return the current camera image: (480, 640, 3) uint8, RGB.

        :raises SimulationError: without a camera.
        """
        if self._camera is None:
            raise SimulationError('the sign course has no camera: create it with camera=True.')
        image: NDArray[Any] = self._camera.image(self.time_s)
        return image

    def disturb(self, camera_yaw_rad: float = 0.0, sign_dirt: float = 0.0,
                sign_hidden: float = 0.0) -> None:
        """Rotate the camera; cover a fraction of each sign with dirt or leaves."""
        if self._camera is not None:
            self._camera.disturb(camera_yaw_rad, sign_dirt, sign_hidden)

    def ground_truth(self) -> str | None:
        """Return the sign in the region of interest, ``no_sign``, or None in between."""
        return sign_in_view(self.route.boards, *self._pose)

    def state(self) -> Mapping[str, float | str | bool]:
        """Return pose, motion, next sign and counts."""
        (x_m, y_m, heading_rad), signs = self._pose, self._signs
        return {
            'speed_mps': self._speed_mps, 'turn_radps': self._turn_radps,
            'limit_mps': signs.limit_mps, 'x_m': x_m, 'y_m': y_m, 'heading_rad': heading_rad,
            'leg': self._leg, 'lane_offset_m': self.route.legs[self._leg].place(x_m, y_m)[1],
            'distance_m': self._distance_m, 'sign': signs.next_sign,
            'sign_distance_m': signs.next_distance_m, 'signs': len(self.route.boards),
            'signs_passed': signs.passed, 'signs_right': signs.right}

    def events(self) -> list[Event]:
        """Return the signs passed since the last call."""
        return self._signs.take_events()

    def _step(self, step_s: float) -> None:
        linear_mps, angular_radps = self._command
        if angular_radps == 0.0:
            angular_radps = steering_radps(
                self.route.legs[self._leg], self._pose, linear_mps)
        for side, sign in (('left', -1), ('right', 1)):
            self._physics.drive(f'{side} wheel', (linear_mps + sign * angular_radps * TRACK_M / 2)
                                / WHEEL_RADIUS_M)
        self._physics.step(step_s)
        self.time_s += step_s
        self._observe()
        self._distance_m += abs(self._speed_mps) * step_s
        self._signs.update(self.time_s, self._leg, self._pose, self._speed_mps)
        lost = min(offset_m(leg, *self._pose[:2]) for leg in self.route.legs) > LOST_M
        if lost:
            self._signs.leave(self.time_s)
        # a moment later, so that an image shows the end
        self.ended = self._signs.over and self.time_s > self._signs.judged_s + 0.5

    def _observe(self) -> None:
        x_m, y_m, _ = (float(value) for value in self._physics.position_m('robot'))
        heading_rad = self._physics.yaw_rad('robot')
        velocity = self._physics.velocity('robot')
        self._pose = (x_m, y_m, heading_rad)
        self._speed_mps = float(velocity[0] * math.cos(heading_rad)
                                + velocity[1] * math.sin(heading_rad))
        self._turn_radps = float(velocity[5])
        self._leg = nearest_leg(self.route.legs, self._pose)


def report(frames: Sequence[Any]) -> dict[str, Any]:
    """
    Return how many signs were obeyed, and the accuracy.

    :param frames: frames of one run, see simulation.loop.FrameRecord.
    """
    last = frames[-1].state
    known = [frame for frame in frames if frame.ground_truth is not None]
    answered = [frame for frame in known if frame.prediction is not None]
    return {
        'signs': last['signs'], 'signs_passed': last['signs_passed'],
        'signs_right': last['signs_right'], 'distance_m': round(last['distance_m'], 2),
        'frames': len(frames), 'abstained': sum(frame.prediction is None for frame in known),
        'frame_accuracy': round(sum(frame.prediction == frame.ground_truth for frame in answered)
                                / len(answered), 4) if answered else None}
