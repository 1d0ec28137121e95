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

"""The scene of the sorting line, as its camera sees it."""

from collections import deque
from dataclasses import replace
import math
from typing import Any

import cv2
from digiphys_ros.applications.sorting.conveyor import Conveyor, DIVERTER_M, Part, SIDE_M
from digiphys_ros.applications.sorting.surfaces import DEFECTS, draw_surface
from digiphys_ros.simulation.physics.description import (
    Body,
    Camera,
    Part as Piece,
    Shape,
    Vector,
    World,
)
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 320, 240
VIEW_M = 0.24
"""Width of the image on the belt."""

HEIGHT_M = 0.5
"""Height of the camera above the parts."""

EXPOSURE_S = 0.006
SLOTS = 2
"""Maximum number of parts in the image."""

PARKED: Vector = (-5.0, 0.0, 0.0)
THICKNESS_M = 0.012
REJECT_RAD = -0.9
"""Blade angle in the reject position; at 0 it is parallel to the belt."""

BLADE_M = 0.13
BELT_M, BELT_WIDTH_M, BELT_PERIOD_M = 3.84, 0.24, 0.16
UPWARDS: Vector = (0.0, -math.pi / 2, 0.0)
"""Rotation of a face that is visible from above."""

GRAY, STEEL = (0.35, 0.36, 0.38), (0.62, 0.63, 0.65)


def world(positions_m: tuple[float, ...] = (PARKED[0],) * SLOTS,
          defects: tuple[str | None, ...] = (None,) * SLOTS) -> World:
    """
    Return belt, parts, rails, diverter and the camera.

    :param positions_m: positions of the parts along the belt; the application moves them.
    :param defects: defect of each part, None for a good one.
    """
    rng = np.random.default_rng(0)
    names = [f'part_{index}' for index in range(len(positions_m))]
    surfaces = {name: draw_surface(rng, defect)
                for name, defect in zip(names, defects, strict=True)}
    view_rad = 2 * math.atan(VIEW_M * HEIGHT_PX / WIDTH_PX / 2 / HEIGHT_M)
    return World(
        'sorting_line',
        (_bed(), _belt(), *map(_part, names, positions_m), *(_rail(side) for side in (-1, 1)),
         _blade()),
        (Camera('line', (0.0, 0.0, THICKNESS_M + HEIGHT_M), (0.0, math.pi / 2, math.pi / 2),
                width_px=WIDTH_PX, height_px=HEIGHT_PX, field_of_view_y_rad=view_rad),),
        {'belt': rubber(rng), **surfaces}, sun=(0.25, 0.15, -1.0))


def gazebo_world() -> World:
    """
    Return the line with one good part and one of each defect, all before the camera.

    Each has left the blade when the next one is classified.
    """
    defects = (DEFECTS[0], None, *DEFECTS[1:])
    line = world(tuple(-0.1 - 0.44 * index for index in range(len(defects))), defects)
    return replace(line, bodies=(_floor(), *line.bodies))


def _floor() -> Body:
    """Return a floor that catches the parts behind the belt."""
    return Body('floor', (
        Piece('slab', Shape('box', (2 * BELT_M, 2.0, 0.02)), GRAY, (BELT_M / 2, 0.0, -0.5),
              solid=True),))


def _bed() -> Body:
    """
    Return the bed that supports the belt, just below its surface.

    Gazebo runs before the machine with the belt is added: without a bed the parts would fall.
    """
    return Body('bed', (
        Piece('plate', Shape('box', (BELT_M, BELT_WIDTH_M, 0.02)), position_m=(0.0, 0.0, -0.0104),
              solid=True, friction=0.0, visible=False),))


def _belt() -> Body:
    return Body('belt', (
        Piece('rubber', Shape('box', (BELT_M, BELT_WIDTH_M, 0.02)), GRAY, (0.0, 0.0, -0.0102),
              solid=True, mass_kg=5.0),
        Piece('surface', Shape('face', (0.0, BELT_WIDTH_M, BELT_M)), rotation_rad=UPWARDS,
              texture='belt')), motion='moved')


def _part(name: str, position_m: float) -> Body:
    return Body(name, (
        Piece('block', Shape('box', (SIDE_M, SIDE_M, THICKNESS_M)), STEEL,
              (0.0, 0.0, THICKNESS_M / 2), solid=True, mass_kg=0.3),
        Piece('surface', Shape('face', (0.0, SIDE_M, SIDE_M)), rotation_rad=UPWARDS,
              position_m=(0.0, 0.0, THICKNESS_M + 0.0002), texture=name)),
        (position_m, 0.0, 0.0), motion='moved')


def _rail(side: int) -> Body:
    return Body(f'rail_{"left" if side > 0 else "right"}', (
        Piece('profile', Shape('box', (BELT_M, 0.02, 0.05)), STEEL, solid=True),),
        (0.0, side * (BELT_WIDTH_M / 2 + 0.015), 0.0))


def _blade() -> Body:
    return Body('diverter', (
        # short and slippery, so a part has passed it 0.8 s after the image
        Piece('blade', Shape('box', (BLADE_M, 0.008, 0.03)), (0.85, 0.65, 0.1),
              (BLADE_M / 2, 0.0, 0.02), solid=True, mass_kg=0.4, friction=0.02),),
        (DIVERTER_M, BELT_WIDTH_M / 2, 0.0), (0.0, 0.0, REJECT_RAD), motion='moved')


def rubber(rng: np.random.Generator, gray: float = 42.0, marks: int = 6) -> NDArray[Any]:
    """
    Return worn rubber, with a period of ``BELT_PERIOD_M``.

    :param gray: gray level, 0 to 255.
    :param marks: number of scratches in each period.
    """
    per_m = 1000
    period = rng.normal(0.0, 1.0, (round(BELT_PERIOD_M * per_m), round(BELT_WIDTH_M * per_m)))
    soft = cv2.GaussianBlur(np.tile(period, (3, 1)), (0, 0), 2.0)[len(period):2 * len(period)]
    surface = gray + 4 * soft / soft.std() + 2 * period
    for _ in range(marks):
        row, column = (int(rng.integers(20, size - 20)) for size in surface.shape)
        cv2.line(surface, (column, row), (column + int(rng.integers(-18, 18)), row + 5),
                 gray + float(rng.uniform(10, 33)), 1, cv2.LINE_AA)
    tiled = np.tile(surface, (round(BELT_M / BELT_PERIOD_M), 1))
    return np.repeat(np.clip(tiled, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


class SortingScene:
    """
    Image of a conveyor: drawn surfaces, a varying lamp, blur and noise.

    :param rng: draws surfaces, lamp and noise.
    :param renderer: renderer of ``world()``.
    :param varied: whether belt and camera vary from those of ``world()``.
    """

    def __init__(self, rng: np.random.Generator, renderer: Any, varied: bool = False) -> None:
        self._rng = rng
        self._renderer = renderer
        self._slots: deque[tuple[int, str]] = deque(
            (0, f'part_{index}') for index in range(SLOTS))
        self._lamp = rng.uniform(0.75, 1.3)
        self._tint = rng.uniform(0.95, 1.05, 3)
        self._from = (*rng.uniform(-0.5, 0.5, 2), -1.0)
        self._noise = rng.normal(0.0, rng.uniform(1.5, 3.5), (2 * HEIGHT_PX, 2 * WIDTH_PX, 1)
                                 ).astype(np.float32)
        self._rotation_rad = self._position_m = np.zeros(3)
        if varied:
            renderer.set_texture('belt', rubber(rng, rng.uniform(25, 65), int(rng.integers(20))))
            self._rotation_rad = rng.normal(0.0, (0.01, 0.004, 0.02))
            self._position_m = rng.uniform(-1, 1, 3) * (0.003, 0.006, 0.02)

    def image(self, conveyor: Conveyor, knocked_rad: float = 0.0) -> NDArray[Any]:
        """Return the current image: (240, 320, 3) uint8, RGB."""
        renderer, rng = self._renderer, self._rng
        renderer.move('belt', (conveyor.travel_m % BELT_PERIOD_M - BELT_PERIOD_M / 2, 0.0, 0.0))
        seen = {self._slot(part): part for part in conveyor.parts
                if abs(part.position_m) < (VIEW_M + SIDE_M) / 2 + 0.02}
        for _, body in self._slots:
            if body not in seen:
                renderer.move(body, PARKED)
        for body, part in seen.items():
            renderer.move(body, (part.position_m, part.lateral_m, 0.0), (0.0, 0.0, part.yaw_rad))
        # the lamp ages and flickers
        self._lamp = float(np.clip(self._lamp + rng.normal(0.0, 0.004), 0.7, 1.35))
        renderer.set_light(self._lamp, self._from, tuple(self._tint))
        roll, pitch, yaw = self._rotation_rad
        x_m, y_m, z_m = self._position_m
        renderer.turn_camera(
            'line', (roll, math.pi / 2 + pitch, math.pi / 2 + yaw + knocked_rad),
            (x_m, y_m, THICKNESS_M + HEIGHT_M + z_m))
        image = renderer.image('line').astype(np.float32)
        image = _blur_motion(image, conveyor.speed_mps * EXPOSURE_S / VIEW_M * WIDTH_PX)
        top, left = rng.integers(0, (HEIGHT_PX, WIDTH_PX))
        image += self._noise[top:top + HEIGHT_PX, left:left + WIDTH_PX]
        result: NDArray[Any] = np.clip(image, 0, 255).astype(np.uint8)
        return result

    def _slot(self, part: Part) -> str:
        """Return the body of a part; draw the surface of a new one."""
        for number, body in self._slots:
            if number == part.number:
                return body
        _, body = self._slots.popleft()
        self._renderer.set_texture(body, draw_surface(self._rng, part.defect))
        self._slots.append((part.number, body))
        return body


def _blur_motion(image: NDArray[Any], length_px: float) -> NDArray[Any]:
    """Return an image with the motion blur of a belt that moved ``length_px`` along the rows."""
    if length_px < 0.2:
        return image
    half = int(np.ceil(length_px / 2))
    places = np.abs(np.arange(-half, half + 1))
    weights = np.clip(length_px / 2 + 0.5 - places, 0.0, 1.0)
    blurred: NDArray[Any] = cv2.filter2D(
        image, -1, (weights / weights.sum())[None], borderType=cv2.BORDER_REPLICATE)
    return blurred
