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

"""Compute the sign in the region of interest from geometry, without an image."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

from digiphys_ros.applications.traffic_signs.route import Board, BOARD_HEIGHT_M, BOARD_M
from digiphys_ros.applications.traffic_signs.scene import CAMERA_M, FOCAL_PX

ROI_PX = (388.0, 118.0, 592.0, 322.0)
"""Left, top, right, bottom of 640x480 pixels, as in config/traffic_signs_sim.yaml."""

READABLE_FILL = 0.45
FAR_FILL = 0.28
"""A board that appears no larger is too far away to be obeyed: 6.4 m and more."""

VISIBLE_FRACTION = 0.004
"""Fraction of the region's area below which a board is not visible."""


@dataclass(frozen=True)
class Projection:
    """
    A board in the image.

    :ivar fill: its side relative to that of the region of interest.
    :ivar inside: whether it is completely in the region.
    :ivar fraction: fraction of the region's area that it covers.
    """

    board: Board
    fill: float
    inside: bool
    fraction: float


def project(board: Board, x_m: float, y_m: float, heading_rad: float) -> Projection | None:
    """
    Return the projection of a board for a robot at a pose, None if it is not visible.

    :param x_m: position of the robot; ``y_m`` and ``heading_rad`` likewise.
    """
    cos, sin = math.cos(heading_rad), math.sin(heading_rad)
    dx, dy = board.x_m - x_m, board.y_m - y_m
    ahead_m, left_m = dx * cos + dy * sin - CAMERA_M[0], dy * cos - dx * sin
    facing = -math.cos(board.yaw_rad - heading_rad)
    if ahead_m < 0.5 or facing < 0.3:
        return None
    half_px = FOCAL_PX * BOARD_M / 2 / ahead_m
    u = 320 - FOCAL_PX * left_m / ahead_m
    v = 240 - FOCAL_PX * (BOARD_HEIGHT_M - CAMERA_M[2]) / ahead_m
    left, top, right, bottom = ROI_PX
    width = min(u + half_px * facing, right) - max(u - half_px * facing, left)
    height = min(v + half_px, bottom) - max(v - half_px, top)
    side = right - left
    inside = width > 1.98 * half_px * facing and height > 1.98 * half_px
    return Projection(board, 2 * half_px / side, inside,
                      max(width, 0) * max(height, 0) / side ** 2)


def sign_in_view(boards: Sequence[Board], x_m: float, y_m: float, heading_rad: float
                 ) -> str | None:
    """
    Return the readable sign.

    :return: its name; ``no_sign`` without a board or with a far one; None in between.
    """
    visible = [one for one in (project(board, x_m, y_m, heading_rad) for board in boards)
               if one is not None and one.fraction > VISIBLE_FRACTION]
    nearest = max(visible, key=lambda one: one.fill, default=None)
    if nearest is None or nearest.fill <= FAR_FILL:
        return 'no_sign'
    return nearest.board.sign if nearest.inside and nearest.fill >= READABLE_FILL else None
