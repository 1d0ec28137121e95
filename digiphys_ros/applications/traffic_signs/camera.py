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

"""The camera of the sign course: varying light, lens, noise and dirty signs."""

import math
from typing import Any

import cv2
from digiphys_ros.applications.traffic_signs.scene import CAMERA, sign_texture
from digiphys_ros.applications.traffic_signs.signs import SIGNS
from digiphys_ros.simulation.physics.description import World
from digiphys_ros.simulation.physics.physics import Physics
from digiphys_ros.simulation.rendering.camera import CameraEffects
from digiphys_ros.simulation.rendering.renderer import Renderer
import numpy as np
from numpy.typing import NDArray

PERIOD_S = 45.0
"""Period of the light between bright and dim."""


class SignCamera:
    """Take images of a sign course; the noise differs in each image."""

    def __init__(self, world: World, physics: Physics, rng: np.random.Generator) -> None:
        camera = world.cameras[0]
        self._rng = rng
        self._renderer = Renderer(world, physics)
        self._effects = CameraEffects.random(rng, camera.height_px, camera.width_px)
        self._phase, self._sun = rng.uniform(0, 2 * math.pi, 2)
        self._signs = [name for name in world.textures if name in SIGNS]
        self._disturbed = (0.0, 0.0, 0.0)

    def image(self, time_s: float) -> NDArray[Any]:
        """Return (H, W, 3) uint8, RGB."""
        wave = math.sin(2 * math.pi * time_s / PERIOD_S + self._phase)
        sun = self._sun + time_s / 60
        self._renderer.set_light(1.3 + 0.3 * wave, (math.cos(sun), math.sin(sun), -0.8),
                                 (1.0, 1 - 0.03 * wave, 1 - 0.08 * wave))
        return self._effects.apply(self._renderer.image(CAMERA), self._rng)

    def disturb(self, camera_yaw_rad: float, dirt: float, hidden: float) -> None:
        """Apply faults; do nothing if they are unchanged."""
        if self._disturbed == (camera_yaw_rad, dirt, hidden):
            return
        self._disturbed = (camera_yaw_rad, dirt, hidden)
        self._renderer.turn_camera(CAMERA, (0.0, 0.0, camera_yaw_rad))
        for sign in self._signs:
            self._renderer.set_texture(sign, corrupt_sign(sign_texture(sign), dirt, hidden))


def corrupt_sign(texture: NDArray[Any], dirt: float, hidden: float) -> NDArray[Any]:
    """
    Return a sign with mud on it and leaves in front of its left side.

    :param texture: (H, W, 3) uint8.
    :param dirt: fraction of the sign covered with mud.
    :param hidden: fraction of the sign behind leaves.
    """
    result: NDArray[Any] = texture.copy()
    height, width = texture.shape[:2]
    if dirt:
        grain = np.random.default_rng(1).normal(0, 1, (10, 10)).astype(np.float32)
        depth = cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
        muddy = depth < np.quantile(depth, dirt)
        result[muddy] = (0.25 * result[muddy] + 0.75 * np.array((88, 72, 55))).astype(np.uint8)
    if hidden:
        edge = round(hidden * width)
        leaves = np.random.default_rng(2).integers(-25, 25, (height // 8, width // 8, 3))
        pattern = cv2.resize(leaves.astype(np.float32), (width, height))
        result[:, :edge] = np.clip(pattern[:, :edge] + (45, 85, 35), 0, 255).astype(np.uint8)
    return result
