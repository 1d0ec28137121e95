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

"""The scene of the sign course: robot, boards, houses, trees and guide line."""

import math
from typing import Any

import cv2
from digiphys_ros.applications.traffic_signs.route import (
    Board,
    BOARD_HEIGHT_M,
    BOARD_M,
    draw_route,
    Leg,
    Route,
)
from digiphys_ros.applications.traffic_signs.signs import draw_sign
from digiphys_ros.simulation.physics.description import (
    Body,
    Camera,
    Color,
    Outline,
    Part,
    Shape,
    World,
)
import numpy as np
from numpy.typing import NDArray

CAMERA = 'camera'
CAMERA_M = (0.12, 0.0, 0.65)
"""Camera position on the robot, whose origin is on the ground between the driven wheels."""

FOCAL_PX, RATE_HZ = 600.0, 15.0
GAZEBO_SEED = 0
WHEEL_RADIUS_M, TRACK_M = 0.08, 0.36
GRAY: Color = (0.55, 0.56, 0.58)


def sign_world(route: Route, rng: np.random.Generator, *, scenery: bool = True) -> World:
    """
    Return the world of a route.

    :param scenery: False omits all that only the camera sees.
    """
    camera = Camera(CAMERA, CAMERA_M, body='robot', rate_hz=RATE_HZ,
                    field_of_view_y_rad=2 * math.atan(240 / FOCAL_PX))
    textures = {'earth': _earth(rng)}
    bodies = robot()
    if scenery:
        textures |= {sign: sign_texture(sign) for sign in {one.sign for one in route.boards}}
        textures |= {f'wall {index}': _wall(rng) for index in range(3)}
        bodies += (Body('lane', tuple(_lines(route))),)
        bodies += tuple(board_body(index, board) for index, board in enumerate(route.boards))
        bodies += tuple(_surroundings(route, rng))
    shade = float(rng.uniform(0.55, 1.0))
    sky = (0.62 * shade, 0.76 * shade, 0.92 * shade)
    return World('sign_course', bodies, (camera,), textures, sky=sky, ground='earth')


def gazebo_world() -> World:
    """Return the course that is written for Gazebo."""
    _, looks = np.random.SeedSequence(GAZEBO_SEED).spawn(2)
    return sign_world(gazebo_route(), np.random.default_rng(looks))


def gazebo_route() -> Route:
    """Return the route of the course that is written for Gazebo."""
    routes, _ = np.random.SeedSequence(GAZEBO_SEED).spawn(2)
    return draw_route(np.random.default_rng(routes))


def robot() -> tuple[Body, ...]:
    """Return a base with two driven wheels, a caster and a camera mast."""
    dark: Color = (0.15, 0.16, 0.18)
    # the center of mass is ahead of the wheels, so the base does not rock
    chassis = (
        Part('hull', Shape('box', (0.46, 0.30, 0.12)), (0.85, 0.55, 0.1), (0.08, 0, 0.13),
             solid=True, mass_kg=12.0),
        Part('mast', Shape('cylinder', (0.04, 0.04, 0.45)), dark, (0.06, 0, 0.41), mass_kg=0.5),
        Part('caster', Shape('sphere', (0.08, 0.08, 0.08)), dark, (0.24, 0, 0.04), solid=True,
             mass_kg=0.2, friction=0.01))
    wheels = (
        Body(f'{side} wheel', (
            Part('tyre', Shape('cylinder', (2 * WHEEL_RADIUS_M, 2 * WHEEL_RADIUS_M, 0.04)), dark,
                 rotation_rad=(math.pi / 2, 0, 0), mass_kg=0.6),
            # the contact points of a cylinder change, which would shake the robot
            Part('tread', Shape('sphere', (2 * WHEEL_RADIUS_M,) * 3), solid=True, visible=False)),
            (0, sign * TRACK_M / 2, WHEEL_RADIUS_M), motion='wheel', parent='robot',
            torque_nm=3.0)
        for side, sign in (('left', 1), ('right', -1)))
    return (Body('robot', chassis, motion='free'), *wheels)


def board_body(index: int, board: Board) -> Body:
    """Return a sign on its post; its front faces +x of the body."""
    outline = sign_outline(board.sign)
    size = (0.0, BOARD_M, BOARD_M)
    back = tuple((1 - u, v) for u, v in reversed(outline))
    return Body(f'sign {index}', (
        Part('face', Shape('face', size, outline), texture=board.sign, position_m=(0.02, 0, 0)),
        Part('back', Shape('face', size, back), GRAY, (0.015, 0, 0), (0, 0, math.pi)),
        Part('post', Shape('cylinder', (0.05, 0.05, BOARD_HEIGHT_M)), GRAY,
             (-0.015, 0, -BOARD_HEIGHT_M / 2)),
    ), (board.x_m, board.y_m, BOARD_HEIGHT_M), (0, 0, board.yaw_rad), motion='moved')


def sign_texture(sign: str) -> NDArray[Any]:
    """Return a sign on a white background: (256, 256, 3) uint8, RGB."""
    drawn = draw_sign(sign)
    result: NDArray[Any] = drawn[..., :3] + (255 - drawn[..., 3:])
    return result


def sign_outline(sign: str) -> Outline:
    """Return the outline of a sign's board, clockwise."""
    alpha = np.ascontiguousarray(draw_sign(sign)[..., 3])
    hull = cv2.convexHull(np.argwhere(alpha > 128)[:, ::-1].astype(np.int32), clockwise=False)
    corners = cv2.approxPolyDP(hull, 1.0, closed=True)[:, 0].astype(float) / (len(alpha) - 1)
    # image y points down, so OpenCV's counter-clockwise is clockwise as seen
    (x, y), (next_x, next_y) = corners.T, np.roll(corners, -1, axis=0).T
    area = (x * next_y - y * next_x).sum()
    ordered = corners if area > 0 else corners[::-1]
    return tuple((float(u), float(v)) for u, v in ordered)


def _lines(route: Route) -> list[Part]:
    """Return the guide line as tape on the ground."""
    return [Part(f'leg {index}', Shape('box', (leg.length_m, 0.06, 0.004)), (0.9, 0.85, 0.3),
                 (*leg.point(leg.length_m / 2), 0.003), (0, 0, leg.heading_rad))
            for index, leg in enumerate(route.legs)]


def _surroundings(route: Route, rng: np.random.Generator) -> list[Body]:
    bodies: list[Body] = []
    for leg in route.legs:
        for along_m in np.arange(2.0, leg.length_m + 24.0, 5.0):
            for side in (1, -1):
                bodies += _thing(len(bodies), route, leg, float(along_m), side, rng)
    return bodies


def _thing(index: int, route: Route, leg: Leg, along_m: float, side: int,
           rng: np.random.Generator) -> list[Body]:
    """Return a house, a tree or nothing, away from every lane."""
    aside_m = side * float(rng.uniform(5.0, 10.0))
    along_m += float(rng.uniform(-1.5, 1.5))
    kind, size = rng.random(), rng.uniform(0.0, 1.0, 3)
    wall = f'wall {rng.integers(3)}'
    x_m, y_m = leg.point(along_m, aside_m)
    if any(_near(other, x_m, y_m) for other in route.legs):
        return []
    if kind < 0.55:
        return [_house(index, (x_m, y_m), leg.heading_rad, side, size, wall)]
    if kind < 0.9:
        return [_tree(index, (x_m, y_m), size)]
    return []


def _near(leg: Leg, x_m: float, y_m: float) -> bool:
    along_m, left_m = leg.place(x_m, y_m)
    return -4.0 < along_m < leg.length_m + 6.0 and abs(left_m) < 4.0


def _house(index: int, place: tuple[float, float], heading_rad: float, side: int,
           size: NDArray[Any], wall: str) -> Body:
    long_m, deep_m, high_m = 2.5 + 2.0 * size[0], 2.0 + 1.5 * size[1], 2.0 + 3.0 * size[2]
    color = (0.35 + 0.5 * size[2], 0.4 + 0.3 * size[0], 0.35 + 0.3 * size[1])
    towards = -side * math.pi / 2
    return Body(f'house {index}', (
        Part('walls', Shape('box', (long_m, deep_m, high_m)), color, (0, 0, high_m / 2)),
        Part('front', Shape('face', (0, long_m, high_m)), texture=wall,
             position_m=(0, -side * (deep_m / 2 + 0.02), high_m / 2),
             rotation_rad=(0, 0, towards)),
        Part('gable', Shape('face', (0, deep_m, high_m)), texture=wall,
             position_m=(-long_m / 2 - 0.02, 0, high_m / 2), rotation_rad=(0, 0, math.pi)),
    ), (*place, 0), (0, 0, heading_rad))


def _tree(index: int, place: tuple[float, float], size: NDArray[Any]) -> Body:
    crown_m, trunk_m = 1.2 + 1.5 * size[0], 0.6 + 0.8 * size[1]
    green = (0.12 + 0.2 * size[2], 0.3 + 0.25 * size[0], 0.1 + 0.1 * size[1])
    return Body(f'tree {index}', (
        Part('trunk', Shape('cylinder', (0.2, 0.2, trunk_m)), (0.3, 0.22, 0.15),
             (0, 0, trunk_m / 2)),
        Part('crown', Shape('sphere', (crown_m,) * 3), green, (0, 0, trunk_m + crown_m * 0.4)),
    ), (*place, 0))


def _earth(rng: np.random.Generator) -> NDArray[Any]:
    """Return tarmac: (256, 256, 3) uint8."""
    base = rng.uniform(70, 130) * rng.uniform(0.92, 1.08, 3)
    coarse = cv2.resize(rng.normal(0, 9, (16, 16, 1)).astype(np.float32), (256, 256))
    fine = rng.normal(0, 12, (256, 256))
    return np.clip(base + (coarse + fine)[..., None], 0, 255).astype(np.uint8)


def _wall(rng: np.random.Generator) -> NDArray[Any]:
    """Return a wall with windows and a door: (128, 128, 3) uint8."""
    wall: NDArray[Any] = np.empty((128, 128, 3), np.uint8)
    wall[:] = np.clip(rng.uniform(90, 210) * rng.uniform(0.8, 1.1, 3), 0, 255)
    glass = tuple(float(value) for value in rng.uniform(30, 110, 3))
    for left in range(10, 110, 28):
        for top in range(12, 100, 40):
            cv2.rectangle(wall, (left, top), (left + 16, top + 22), glass, -1)
    cv2.rectangle(wall, (52, 92), (70, 127), (70, 50, 40), -1)
    return wall
