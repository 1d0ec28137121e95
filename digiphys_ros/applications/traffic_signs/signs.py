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

"""Draw traffic signs with the shapes and colors of the Vienna Convention (1968)."""

from collections.abc import Callable
from functools import lru_cache, partial
import math
from typing import Any

import cv2
from digiphys_ros.errors import UsageError
import numpy as np
from numpy.typing import NDArray

CANVAS_PX = 512
"""Signs are drawn at this size and scaled down, which smooths their edges."""

RED, BLUE, YELLOW = (190, 25, 35), (20, 80, 160), (250, 190, 20)
WHITE, BLACK = (245, 245, 245), (25, 25, 25)

Points = list[tuple[float, float]]


class _Canvas:
    """An RGBA canvas with coordinates from -1 to 1."""

    def __init__(self) -> None:
        self.image = np.zeros((CANVAS_PX, CANVAS_PX, 4), np.uint8)

    def _at(self, points: Points) -> NDArray[Any]:
        return np.round((np.asarray(points) + 1) * (CANVAS_PX / 2 - 1)).astype(np.int32)

    def disk(self, radius: float, color: tuple[int, ...], center: tuple[float, float] = (0, 0)
             ) -> None:
        x, y = self._at([center])[0]
        cv2.circle(self.image, (int(x), int(y)), round(radius * CANVAS_PX / 2), (*color, 255), -1)

    def shape(self, points: Points, color: tuple[int, ...]) -> None:
        cv2.fillPoly(self.image, [self._at(points)], (*color, 255))

    def line(self, points: Points, width: float, color: tuple[int, ...]) -> None:
        cv2.polylines(self.image, [self._at(points)], False, (*color, 255),
                      round(width * CANVAS_PX / 2))

    def text(self, text: str, height: float, width: float, color: tuple[int, ...],
             stroke: float = 0.16) -> None:
        """Write ``text`` in the center, stretched to ``width`` by ``height``."""
        thickness = 12
        (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 4, thickness)
        mask: NDArray[Any] = np.zeros((h + 3 * thickness, w + 3 * thickness), np.uint8)
        thickness = round(stroke * h)
        cv2.putText(mask, text, (thickness, h + thickness), cv2.FONT_HERSHEY_SIMPLEX, 4, 255,
                    thickness)
        x, y, w, h = cv2.boundingRect(mask)
        size = round(width * CANVAS_PX / 2), round(height * CANVAS_PX / 2)
        mask = cv2.resize(mask[y:y + h, x:x + w], size, interpolation=cv2.INTER_AREA)
        left, top = (CANVAS_PX - size[0]) // 2, (CANVAS_PX - size[1]) // 2
        region = self.image[top:top + size[1], left:left + size[0], :3]
        alpha = mask[..., None] / 255
        region[:] = region * (1 - alpha) + np.asarray(color) * alpha


def _polygon(corners: int, radius: float, turn: float) -> Points:
    angles = [2 * math.pi * index / corners + turn for index in range(corners)]
    return [(radius * math.sin(angle), -radius * math.cos(angle)) for angle in angles]


def _speed_limit(number: str, canvas: _Canvas) -> None:
    canvas.disk(0.97, RED)
    canvas.disk(0.74, WHITE)
    canvas.text(number, 0.62, 0.86 if len(number) < 3 else 1.08, BLACK)


def _stop(canvas: _Canvas) -> None:
    canvas.shape(_polygon(8, 1.0, math.pi / 8), WHITE)
    canvas.shape(_polygon(8, 0.94, math.pi / 8), RED)
    canvas.text('STOP', 0.58, 1.4, WHITE)


def _triangle(canvas: _Canvas, up: bool) -> None:
    for radius, color in ((1.06, RED), (0.66, WHITE)):
        turned = _polygon(3, radius, 0.0 if up else math.pi)
        shift = 0.22 if up else -0.22
        canvas.shape([(x * 0.98, y + shift) for x, y in turned], color)


def _yield(canvas: _Canvas) -> None:
    _triangle(canvas, up=False)


def _general_caution(canvas: _Canvas) -> None:
    _triangle(canvas, up=True)
    canvas.line([(0, -0.18), (0, 0.22)], 0.15, BLACK)
    canvas.disk(0.085, BLACK, (0, 0.42))


def _no_entry(canvas: _Canvas) -> None:
    canvas.disk(0.97, WHITE)
    canvas.disk(0.93, RED)
    canvas.shape([(-0.68, -0.17), (0.68, -0.17), (0.68, 0.17), (-0.68, 0.17)], WHITE)


def _no_vehicles(canvas: _Canvas) -> None:
    canvas.disk(0.97, RED)
    canvas.disk(0.74, WHITE)


def _priority_road(canvas: _Canvas) -> None:
    canvas.shape(_polygon(4, 1.0, 0.0), WHITE)
    canvas.shape(_polygon(4, 0.72, 0.0), YELLOW)


def _arrow_sign(path: Points, canvas: _Canvas) -> None:
    """Draw a white arrow along ``path`` on a blue disk."""
    canvas.disk(0.97, WHITE)
    canvas.disk(0.92, BLUE)
    canvas.line(path, 0.2, WHITE)
    _arrow_head(canvas, path[-2], path[-1], 0.34)


def _arrow_head(canvas: _Canvas, before: tuple[float, float], end: tuple[float, float],
                size: float) -> None:
    angle = math.atan2(end[1] - before[1], end[0] - before[0])
    along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    tip = (end[0] + size * along[0], end[1] + size * along[1])
    canvas.shape([tip, *((end[0] + side * size * across[0], end[1] + side * size * across[1])
                         for side in (1, -1))], WHITE)


def _roundabout(canvas: _Canvas) -> None:
    canvas.disk(0.97, WHITE)
    canvas.disk(0.92, BLUE)
    for start in (0, 120, 240):
        # clockwise on the sign, opposite to angles in image coordinates
        angles = [math.radians(start - step) for step in range(0, 76, 5)]
        arc = [(0.5 * math.cos(angle), 0.5 * math.sin(angle)) for angle in angles]
        canvas.line(arc, 0.17, WHITE)
        _arrow_head(canvas, arc[-2], arc[-1], 0.25)


_DRAWINGS: dict[str, Callable[[_Canvas], None]] = {
    **{f'speed limit {number}': partial(_speed_limit, str(number))
       for number in (20, 30, 50, 60, 70, 80, 100, 120)},
    'stop': _stop, 'yield': _yield, 'no entry': _no_entry, 'no vehicles': _no_vehicles,
    'priority road': _priority_road, 'general caution': _general_caution,
    'ahead only': partial(_arrow_sign, [(0, 0.62), (0, -0.3)]),
    'turn right ahead': partial(_arrow_sign, [(-0.2, 0.62), (-0.2, -0.1), (0.25, -0.1)]),
    'turn left ahead': partial(_arrow_sign, [(0.2, 0.62), (0.2, -0.1), (-0.25, -0.1)]),
    'keep right': partial(_arrow_sign, [(-0.4, -0.4), (0.22, 0.22)]),
    'keep left': partial(_arrow_sign, [(0.4, -0.4), (-0.22, 0.22)]),
    'roundabout': _roundabout,
}

SIGNS = tuple(_DRAWINGS)
"""Names of the signs, as in the traffic_signs bundle."""


@lru_cache(maxsize=64)
def draw_sign(name: str, size_px: int = 256) -> NDArray[Any]:
    """
    Return a sign, seen from the front.

    :param name: one of ``SIGNS``.
    :return: (size_px, size_px, 4) uint8, RGBA with colors premultiplied by alpha.
    :raises UsageError: for an unknown sign.
    """
    if name not in _DRAWINGS:
        raise UsageError(f'sign "{name}" is unknown, allowed are {", ".join(SIGNS)}.')
    canvas = _Canvas()
    _DRAWINGS[name](canvas)
    # transparent areas are black, so scaling down gives premultiplied colors
    sign = cv2.resize(canvas.image, (size_px, size_px), interpolation=cv2.INTER_AREA)
    sign.flags.writeable = False
    return sign
