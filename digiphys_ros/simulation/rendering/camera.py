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

"""A pinhole camera, and the effects of a real camera on an image."""

from dataclasses import dataclass
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 640, 480
FOCAL_PX = 600.0


def board_corners(distance_m: float, side_m: float, offset_m: tuple[float, float],
                  yaw_rad: float, roll_rad: float) -> NDArray[Any]:
    """
    Return the image positions of the corners of a square board.

    :param offset_m: center of the board, to the right of and below the optical axis.
    :param yaw_rad: rotation about the vertical axis; ``roll_rad`` about the optical axis.
    :return: (4, 2) float32 pixels: upper left, upper right, lower right, lower left.
    """
    half = side_m / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    cos_roll, sin_roll = math.cos(roll_rad), math.sin(roll_rad)
    flat = corners @ np.array([[cos_roll, sin_roll], [-sin_roll, cos_roll]])
    x = flat[:, 0] * math.cos(yaw_rad) + offset_m[0]
    y = flat[:, 1] + offset_m[1]
    z = distance_m + flat[:, 0] * math.sin(yaw_rad)
    pixels = np.stack([x / z * FOCAL_PX + WIDTH_PX / 2, y / z * FOCAL_PX + HEIGHT_PX / 2], axis=1)
    return pixels.astype(np.float32)


def paste(image: NDArray[Any], sign: NDArray[Any], corners: NDArray[Any], light: float) -> None:
    """
    Blend a premultiplied RGBA image into ``image``, in place.

    :param image: (H, W, 3) uint8.
    :param corners: (4, 2) pixels of the corners of ``sign``.
    :param light: brightness factor of ``sign``.
    """
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, image.shape[1::-1])
    if (high <= low).any():
        return
    # shrink first, as a warp alone samples single pixels of a large image
    side = max(int(np.abs(corners[2] - corners[0]).max()), 8)
    if side < sign.shape[0]:
        sign = cv2.resize(sign, (side, side), interpolation=cv2.INTER_AREA)
    edge = sign.shape[0] - 1
    source = np.array([[0, 0], [edge, 0], [edge, edge], [0, edge]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (corners - low).astype(np.float32))
    width, height = (int(size) for size in high - low)
    warped = cv2.warpPerspective(sign, matrix, (width, height), flags=cv2.INTER_LINEAR)
    region = image[low[1]:high[1], low[0]:high[0]]
    alpha = warped[..., 3:].astype(np.float32) / 255
    region[:] = np.clip(region * (1 - alpha) + warped[..., :3] * light, 0, 255)


@dataclass(frozen=True)
class CameraEffects:
    """Light, lens and sensor effects of one scene, which make a drawing look like a photograph."""

    gain: NDArray[Any]
    blur_sigma_px: float
    motion_px: int
    noise: NDArray[Any]

    @classmethod
    def random(cls, rng: np.random.Generator, height: int, width: int) -> 'CameraEffects':
        """Return random effects for images of ``height`` by ``width`` pixels."""
        brightness, warmth = rng.uniform(0.6, 1.15), rng.uniform(-0.08, 0.08)
        rows, columns = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
        vignette = 1 - rng.uniform(0.0, 0.25) * (rows ** 2 + columns ** 2) / 2
        tint = np.array([1 + warmth, 1.0, 1 - warmth])
        noise = rng.normal(0, rng.uniform(1.5, 5.0), (height + 64, width + 64, 3))
        return cls(
            (brightness * vignette[..., None] * tint).astype(np.float32), rng.uniform(0.3, 1.0),
            int(rng.integers(1, 4)), noise.astype(np.float32))

    def apply(self, image: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return (H, W, 3) uint8 with the effects; the noise differs in each image."""
        blurred = cv2.GaussianBlur(image, (0, 0), self.blur_sigma_px)
        if self.motion_px > 1:
            blurred = cv2.blur(blurred, (self.motion_px, 1))
        top, left = rng.integers(0, 64, 2)
        noise = self.noise[top:top + image.shape[0], left:left + image.shape[1]]
        lit = cv2.multiply(blurred, self.gain, dtype=cv2.CV_32F)
        return cv2.add(lit, noise, dtype=cv2.CV_8U)


def add_dirt(image: NDArray[Any], fraction: float) -> NDArray[Any]:
    """
    Return an image taken through a dirty lens; the dirt is always the same.

    :param image: (H, W, 3) or (H, W) uint8.
    :param fraction: fraction of the image behind the dirt, 0 to 1.
    """
    height, width = image.shape[:2]
    grain = np.random.default_rng(0).normal(0, 1, (6, 8)).astype(np.float32)
    depth = cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
    # half of the light passes at the edge of a blotch, almost none at its center
    dense = np.clip(0.5 + np.quantile(depth, fraction) - depth, 0, 0.95)
    if image.ndim == 3:
        dense = dense[..., None]
    seen: NDArray[Any] = (image * (1 - dense) + 60 * dense).astype(np.uint8)
    return seen
