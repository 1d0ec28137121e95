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
"""The scene of the junction, as its camera sees it."""

from collections.abc import Iterator, Mapping, Sequence
import colorsys
import math
from typing import Any

import cv2
from digiphys_ros.applications.traffic_lights.demand import APPROACHES, Vehicle
from digiphys_ros.applications.traffic_lights.junction import (
    HALF_BOX_M,
    Junction,
    LINE_M,
    RATE_HZ,
)
from digiphys_ros.control.signals import FLASHING, GREEN, RED, YELLOW
from digiphys_ros.simulation.physics.description import (
    Body,
    Camera,
    Color,
    Part,
    Shape,
    Vector,
    World,
)
from digiphys_ros.simulation.rendering.camera import CameraEffects
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 320, 240
VIEW_M = (146.0, 109.5)
"""Width and height of the image on the ground."""

HEIGHT_M = 70.0
"""Height of the camera above the ground: a mast, a crane or a roof."""

LANE_M = 1.75
"""From the center of a road to the center of a lane."""

GROUND_M, PIXELS_PER_M = (176.0, 132.0), 4
SLOTS = 56
"""Maximum number of vehicles in the image."""

PARKED: Vector = (0.0, 0.0, -20.0)
CAR_M = (4.5, 1.8)
CAMERA: Vector = (0.0, math.pi / 2, math.pi / 2)
"""Rotation of a camera that looks down, with north at the top."""

HEADINGS_RAD = {'north': -math.pi / 2, 'south': math.pi / 2, 'east': math.pi, 'west': 0.0}
"""Side -> heading of the vehicles that come from it: x is east, y is north."""

LIGHTS: Mapping[float, Color] = {
    RED: (0.9, 0.1, 0.08), YELLOW: (0.95, 0.75, 0.1), GREEN: (0.1, 0.85, 0.3),
    FLASHING: (0.95, 0.75, 0.1)}

GRASS = (88.0, 112.0, 62.0)
GLASS, STEEL = (0.12, 0.14, 0.17), (0.3, 0.31, 0.33)
LAMP_M = 4.2
"""Height of the lamps."""


def world(places: Sequence[tuple[str, float]] = (), lamps: Color = LIGHTS[RED]) -> World:
    """
    Return the two roads, vehicles, signal heads and the camera.

    :param places: side and front position [m from the stop line] of standing vehicles; without
        any the world has as many vehicles as the application moves.
    :param lamps: color of all heads.
    """
    rng = np.random.default_rng(0)
    cars = tuple(_car(index, *_pose(side, front_m, CAR_M[0]), PAINTS[index % len(PAINTS)])
                 for index, (side, front_m) in enumerate(places)) \
        or tuple(_car(index, PARKED, 0.0, PAINTS[0]) for index in range(SLOTS))
    view_rad = 2 * math.atan(VIEW_M[1] / 2 / HEIGHT_M)
    heads = tuple(_head(side, lamps) for side in APPROACHES)
    return World(
        'intersection', (_ground(), *cars, *heads),
        (Camera('mast', (0.0, 0.0, HEIGHT_M), CAMERA, width_px=WIDTH_PX, height_px=HEIGHT_PX,
                field_of_view_y_rad=view_rad, rate_hz=RATE_HZ),),
        {'junction': surface(rng)}, sun=(0.3, 0.2, -1.0))


def _paints() -> Iterator[Color]:
    """Yield colors of cars, frequent ones more than once."""
    yield from ((0.92, 0.92, 0.93), (0.08, 0.08, 0.09), (0.62, 0.64, 0.67), (0.9, 0.9, 0.88),
                (0.13, 0.14, 0.17), (0.78, 0.79, 0.8))
    for hue in (0.0, 0.02, 0.11, 0.33, 0.58, 0.6, 0.64):
        yield colorsys.hsv_to_rgb(hue, 0.8, 0.65)


PAINTS = tuple(_paints())


def _ground() -> Body:
    return Body('roads', (Part('surface', Shape('face', (0.0, GROUND_M[1], GROUND_M[0])),
                               rotation_rad=(0.0, -math.pi / 2, 0.0), texture='junction'),))


def _car(index: int, position_m: Vector, heading_rad: float, paint: Color) -> Body:
    length, width = CAR_M
    return Body(f'car_{index}', (
        Part('body', Shape('box', (length, width, 0.75)), paint, (0.0, 0.0, 0.6)),
        Part('cabin', Shape('box', (0.55 * length, 0.86 * width, 0.6)), GLASS,
             (-0.05 * length, 0.0, 1.2)),
        Part('roof', Shape('box', (0.36 * length, 0.8 * width, 0.06)), paint,
             (-0.08 * length, 0.0, 1.52))), position_m, (0.0, 0.0, heading_rad), motion='moved')


def _head(side: str, light: Color) -> Body:
    """Return a mast at the stop line, with a lamp as large as its glow."""
    (x, y), heading_rad = head_pose(side)
    return Body(f'head_{side}', (
        Part('mast', Shape('cylinder', (0.2, 0.2, 4.0)), STEEL, (0.0, 0.0, 2.0)),
        Part('lamp', Shape('sphere', (1.4, 1.4, 1.4)), light, (0.0, 0.0, LAMP_M))),
        (x, y, 0.0), (0.0, 0.0, heading_rad))


def head_pose(side: str) -> tuple[tuple[float, float], float]:
    """Return the position of a head, and the heading of its vehicles."""
    heading_rad = HEADINGS_RAD[side]
    return _rotate(-LINE_M, -(HALF_BOX_M + 1.5), heading_rad), heading_rad


def _pose(side: str, front_m: float, length_m: float) -> tuple[Vector, float]:
    """Return the center of a vehicle and its heading; it drives on the right."""
    heading_rad = HEADINGS_RAD[side]
    x, y = _rotate(front_m - length_m / 2 - LINE_M, -LANE_M, heading_rad)
    return (x, y, 0.0), heading_rad


def _rotate(along_m: float, left_m: float, heading_rad: float) -> tuple[float, float]:
    cos, sin = round(math.cos(heading_rad)), round(math.sin(heading_rad))
    return along_m * cos - left_m * sin, along_m * sin + left_m * cos


def surface(rng: np.random.Generator, grass: Sequence[float] = GRASS,
            tarmac: float = 92.0, paint: float = 225.0) -> NDArray[Any]:
    """
    Return the ground: (H, W, 3) uint8; east is at the bottom, north at the right.

    :param grass: color of the grass, 0 to 255; ``tarmac`` and ``paint`` are gray levels.
    """
    size = tuple(round(side * PIXELS_PER_M) for side in GROUND_M[::-1])
    growth = cv2.resize(rng.normal(0, 1, (33, 44)).astype(np.float32), size[::-1],
                        interpolation=cv2.INTER_CUBIC)
    image = np.array(grass) + 9 * growth[..., None]
    grain = cv2.resize(rng.normal(0, 1, (132, 176)).astype(np.float32), size[::-1])
    asphalt = tarmac + 3 * grain[..., None] + np.zeros(3)
    for road in (_strip(size, HALF_BOX_M + 1.6, True), _strip(size, HALF_BOX_M + 1.6, False)):
        image[road] = 150
    for road in (_strip(size, HALF_BOX_M, True), _strip(size, HALF_BOX_M, False)):
        image[road] = asphalt[road]
    for across in (True, False):
        # both roads are drawn with their direction to the right
        _mark(image if across else image[:, ::-1].transpose(1, 0, 2), paint)
    # steps of four are invisible to the camera and halve the file size
    stepped: NDArray[Any] = (np.clip(image, 0, 255) / 4).round().clip(0, 63).astype(np.uint8) * 4
    return _as_face(stepped)


def _strip(size: tuple[int, ...], half_m: float, across: bool) -> tuple[slice, slice]:
    middle = size[0 if across else 1] / 2
    cut = slice(round(middle - half_m * PIXELS_PER_M), round(middle + half_m * PIXELS_PER_M))
    return (cut, slice(None)) if across else (slice(None), cut)


def _mark(road: NDArray[Any], shade: float) -> None:
    """Draw the markings of a road along the image rows: lines, dashes and crossings."""
    rows, columns = (side / 2 for side in road.shape[:2])
    scale = PIXELS_PER_M

    def paint(along_m: tuple[float, float], beside_m: tuple[float, float]) -> None:
        for sign in (-1, 1):
            x0, x1 = sorted(round(columns + sign * one * scale) for one in along_m)
            y0, y1 = sorted(round(rows + sign * one * scale) for one in beside_m)
            road[y0:y1, x0:x1] = shade
    # vehicles along +x start at the negative end and drive on the lower side
    paint((-LINE_M - 0.6, -LINE_M), (0.1, HALF_BOX_M - 0.1))
    for start_m in np.arange(LINE_M, 90.0, 6.0):
        paint((start_m, start_m + 3.0), (-0.13, 0.13))
    for beside_m in np.arange(-HALF_BOX_M + 0.3, HALF_BOX_M - 0.3, 1.0):
        paint((HALF_BOX_M + 2.0, HALF_BOX_M + 4.5), (beside_m, beside_m + 0.5))


def _as_face(image: NDArray[Any]) -> NDArray[Any]:
    """Rotate a map with north at the top for a face that looks up."""
    return np.ascontiguousarray(np.rot90(image))


class IntersectionScene:
    """
    Image of a junction: varying daylight, a swaying mast, blur and noise.

    :param rng: draws light, lens and noise.
    :param renderer: renderer of ``world()``.
    :param varied: whether ground and camera vary from those of ``world()``.
    """

    def __init__(self, rng: np.random.Generator, renderer: Any, varied: bool = False) -> None:
        self._rng = rng
        self._renderer = renderer
        self._effects = CameraEffects.random(rng, HEIGHT_PX, WIDTH_PX)
        self._phases = rng.uniform(0, 2 * math.pi, 3)
        self._free = [f'car_{index}' for index in range(SLOTS)]
        self._bodies: dict[int, str] = {}
        self._rotation_rad = np.zeros(3)
        if varied:
            grass = (GRASS + rng.uniform(-25, 25, 3)).tolist()
            renderer.set_texture('junction', surface(
                rng, grass, rng.uniform(70, 130), rng.uniform(170, 240)))
            self._rotation_rad = rng.normal(0.0, (0.004, 0.004, 0.015))

    def image(self, junction: Junction, heads: Mapping[str, float],
              knocked_rad: float = 0.0) -> NDArray[Any]:
        """Return the current image: (240, 320, 3) uint8, RGB."""
        renderer, time_s = self._renderer, junction.time_s
        self._place(junction)
        for side, shown in heads.items():
            dark = shown == FLASHING and time_s % 1.0 >= 0.5
            renderer.set_color(f'head_{side}', 'lamp', STEEL if dark else LIGHTS[shown])
        sun, sway, nod = self._phases
        day = math.sin(sun + 2 * math.pi * time_s / 600.0)
        renderer.set_light(1.15 + 0.3 * day, (math.cos(sun), math.sin(sun), -1.0 - 0.3 * day),
                           (1.0, 1.0 - 0.03 * day, 1.0 - 0.07 * day))
        roll, pitch, yaw = (float(one) for one in CAMERA + self._rotation_rad)
        renderer.turn_camera('mast', (
            roll, pitch + 0.004 * math.sin(nod + 1.3 * time_s),
            yaw + 0.004 * math.sin(sway + 0.9 * time_s) + knocked_rad))
        return self._effects.apply(renderer.image('mast'), self._rng)

    def _place(self, junction: Junction) -> None:
        seen = {one.number: (side, one) for side, lane in junction.lanes.items() for one in lane
                if _in_view(side, one)}
        for number in [one for one in self._bodies if one not in seen]:
            body = self._bodies.pop(number)
            self._renderer.move(body, PARKED)
            self._free.append(body)
        for number, (side, one) in seen.items():
            if number not in self._bodies:
                self._bodies[number] = self._paint_body(one)
            self._renderer.move(self._bodies[number], *_body_pose(side, one))

    def _paint_body(self, one: Vehicle) -> str:
        body = self._free.pop(0)
        paint = PAINTS[int(one.shade * len(PAINTS))]
        for part in ('body', 'roof'):
            self._renderer.set_color(body, part, paint)
        return body


def _body_pose(side: str, one: Vehicle) -> tuple[Vector, Vector]:
    position_m, heading_rad = _pose(side, one.position_m, one.length_m)
    return position_m, (0.0, 0.0, heading_rad)


def _in_view(side: str, one: Vehicle) -> bool:
    (x, y, _), _ = _pose(side, one.position_m, one.length_m)
    return abs(x) < VIEW_M[0] / 2 + 5.0 and abs(y) < VIEW_M[1] / 2 + 5.0
