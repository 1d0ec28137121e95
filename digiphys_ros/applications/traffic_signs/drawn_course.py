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

"""The drawn course: a camera approaches one drawn sign after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
from digiphys_ros.applications.traffic_signs.signs import draw_sign, SIGNS
from digiphys_ros.simulation.rendering.camera import (
    board_corners,
    CameraEffects,
    FOCAL_PX,
    HEIGHT_PX,
    paste,
    WIDTH_PX,
)
import numpy as np
from numpy.typing import NDArray

ROI_PX = 256
ROI = ((WIDTH_PX - ROI_PX) / 2 / WIDTH_PX, (HEIGHT_PX - ROI_PX) / 2 / HEIGHT_PX,
       ROI_PX / WIDTH_PX, ROI_PX / HEIGHT_PX)
"""Region of a readable sign: the central square, as fractions of the frame."""

BACKGROUND = 'no_sign'
BOARD_M = 0.6
FAR_M, NEAR_M = 6.0, 1.45
SPEED_MPS = 1.5
GAP_S = 0.8
READABLE_FILL, UNREADABLE_FILL = 0.45, 0.1

DEFAULT_SIGNS = ('stop', 'speed limit 30', 'keep right', 'priority road', 'yield', 'no entry',
                 'roundabout', 'keep left', 'speed limit 80', 'ahead only')


@dataclass(frozen=True)
class CourseFrame:
    """
    One image of the course.

    :ivar pixels: (480, 640, 3) uint8, RGB.
    :ivar label: correct class of the region of interest: the sign while it fills 0.45 to 1 of the
        region's side, ``no_sign`` without a sign, None in between.
    :ivar sign: the sign in the scene, readable or not.
    :ivar sign_size_px: side of its board in the image, 0 without a sign.
    :ivar time_s: time since the start of the course.
    """

    pixels: NDArray[Any]
    label: str | None
    sign: str | None
    sign_size_px: float
    time_s: float


class Course:
    """
    Approaches to signs, each in its own scene; the same seed gives the same pixels.

    :param signs: the signs in order.
    """

    def __init__(self, seed: int = 0, signs: Sequence[str] = DEFAULT_SIGNS,
                 rate_hz: float = 30.0) -> None:
        self._seed = seed
        self._signs = signs
        self._rate_hz = rate_hz

    def frames(self, *, loop: bool = False) -> Iterator[CourseFrame]:
        """Yield the images of the course, once or forever; every round has new scenes."""
        rng = np.random.default_rng(self._seed)
        index = 0
        while index == 0 or loop:
            for sign in self._signs:
                for frame in self._encounter(rng, sign):
                    yield CourseFrame(*frame, index / self._rate_hz)
                    index += 1

    def _encounter(self, rng: np.random.Generator, sign: str
                   ) -> Iterator[tuple[NDArray[Any], str | None, str | None, float]]:
        scene = draw_scene(rng, HEIGHT_PX, WIDTH_PX)
        effects = CameraEffects.random(rng, HEIGHT_PX, WIDTH_PX)
        offset_m = tuple(rng.uniform(-0.03, 0.03, 2))
        yaw_rad, roll_rad = rng.uniform(-0.3, 0.3), rng.uniform(-0.06, 0.06)
        board = draw_sign(sign)
        approach = np.arange(FAR_M, NEAR_M, -SPEED_MPS / self._rate_hz)
        for distance_m in approach:
            image = _zoom(scene, 1 + 0.25 * (FAR_M - distance_m) / FAR_M)
            corners = board_corners(distance_m, BOARD_M, offset_m, yaw_rad, roll_rad)
            _draw_post(image, corners)
            paste(image, board, corners, 1.0)
            size_px = BOARD_M * FOCAL_PX / distance_m
            yield effects.apply(image, rng), _label(sign, size_px), sign, size_px
        passed = _zoom(scene, 1.25)
        for _ in range(round(GAP_S * self._rate_hz)):
            yield effects.apply(passed, rng), BACKGROUND, None, 0.0


def _label(sign: str, size_px: float) -> str | None:
    fill = size_px / ROI_PX
    if fill < UNREADABLE_FILL:
        return BACKGROUND
    return sign if READABLE_FILL <= fill <= 1.0 else None


def _zoom(scene: NDArray[Any], factor: float) -> NDArray[Any]:
    height, width = scene.shape[:2]
    matrix = np.array([[factor, 0, (1 - factor) * width / 2],
                       [0, factor, (1 - factor) * height / 2]])
    return cv2.warpAffine(scene, matrix, (width, height))


def _draw_post(image: NDArray[Any], corners: NDArray[Any]) -> None:
    center = corners.mean(axis=0)
    width = max(1, round(0.06 * float(corners[1][0] - corners[0][0])))
    x, y = _pixel(center)
    cv2.line(image, (x, y), (x, HEIGHT_PX), (120, 122, 125), width)


def draw_scene(rng: np.random.Generator, height: int, width: int) -> NDArray[Any]:
    """Return a road with sky, houses and trees: (height, width, 3) uint8, RGB."""
    horizon = round(height * rng.uniform(0.42, 0.58))
    sky = rng.uniform((110, 140, 170), (210, 225, 245))
    ground = rng.uniform(60, 120) * rng.uniform(0.9, 1.1, 3)
    scene = np.empty((height, width, 3), np.float32)
    scene[:horizon] = sky * np.linspace(0.8, 1.1, horizon)[:, None, None]
    scene[horizon:] = ground * np.linspace(1.1, 0.8, height - horizon)[:, None, None]
    scene = np.clip(scene, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(4, 12))):
        _draw_thing(rng, scene, horizon)
    _draw_road(rng, scene, horizon)
    grain = cv2.resize(rng.normal(0, 14, (height // 8, width // 8, 3)).astype(np.float32),
                       (width, height))
    return cv2.add(scene, grain, dtype=cv2.CV_8U)


def _draw_thing(rng: np.random.Generator, scene: NDArray[Any], horizon: int) -> None:
    """Draw a house with windows, or a tree."""
    height, width = scene.shape[:2]
    x, w = int(rng.integers(-width // 8, width)), int(rng.integers(width // 16, width // 4))
    h = int(rng.integers(height // 16, height // 2))
    color = tuple(float(value) for value in rng.uniform(40, 210, 3))
    if rng.random() < 0.5:
        cv2.rectangle(scene, (x, horizon - h), (x + w, horizon + 2), color, -1)
        step = max(6, w // 4)
        dark = tuple(value * 0.5 for value in color)
        for left in range(x + step // 3, x + w - step // 2, step):
            for top in range(horizon - h + step // 3, horizon - step, step):
                cv2.rectangle(scene, (left, top), (left + step // 2, top + step // 2), dark, -1)
    else:
        green = (color[0] * 0.4, color[1] * 0.7, color[2] * 0.3)
        cv2.ellipse(scene, (x, horizon - h // 2), (w // 2, h // 2), 0, 0, 360, green, -1)


def _draw_road(rng: np.random.Generator, scene: NDArray[Any], horizon: int) -> None:
    height, width = scene.shape[:2]
    vanishing = np.array([width / 2 + rng.uniform(-0.05, 0.05) * width, horizon])
    for bottom, dashed in ((-0.2, False), (1.2, False), (0.5, True)):
        end = np.array([bottom * width, height])
        for step in range(10):
            if dashed and step % 2:
                continue
            near, far = (0.1 + 0.09 * step) ** 2, (0.1 + 0.09 * (step + 1)) ** 2
            first, last = (vanishing + fraction * (end - vanishing) for fraction in (near, far))
            cv2.line(scene, _pixel(first), _pixel(last), (225, 225, 220), max(1, round(8 * far)))


def _pixel(point: NDArray[Any]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def sample_crop(rng: np.random.Generator, sign: str | None, size_px: int = 64) -> NDArray[Any]:
    """
    Return a training image, as cropped to the region of interest.

    :param sign: sign at a random size, position and pose; None for a scene without a sign.
    :return: (size_px, size_px, 3) uint8, RGB.
    """
    scene = draw_scene(rng, 2 * size_px, 2 * size_px)
    top, left = rng.integers(0, size_px + 1, 2)
    image = np.ascontiguousarray(scene[top:top + size_px, left:left + size_px])
    if sign is not None:
        side = rng.uniform(0.4, 1.0) * size_px
        # a board at that distance, moved from the center of the full image to that of the crop
        distance_m = BOARD_M * FOCAL_PX / side
        corners = board_corners(distance_m, BOARD_M, (0.0, 0.0), rng.uniform(-0.45, 0.45),
                                rng.uniform(-0.12, 0.12))
        room = max(size_px - side, 0.15 * size_px) / 2
        center = np.array([size_px, size_px]) / 2 + rng.uniform(-room, room, 2) * 0.8
        corners += (center - (WIDTH_PX / 2, HEIGHT_PX / 2)).astype(np.float32)
        paste(image, draw_sign(sign), corners, 1.0)
    return CameraEffects.random(rng, size_px, size_px).apply(image, rng)


__all__ = ['ROI', 'SIGNS', 'Course', 'CourseFrame', 'draw_scene', 'sample_crop']
