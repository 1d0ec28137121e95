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
"""Steering along a guide line, like an automated guided vehicle."""

from collections.abc import Sequence
import math

from digiphys_ros.applications.traffic_signs.route import Leg

Pose = tuple[float, float, float]
"""x [m], y [m] and heading [rad] in the world."""

SLOWEST_MPS = 0.02
"""A slower base counts as standing, and is not steered."""


def nearest_leg(legs: Sequence[Leg], pose: Pose) -> int:
    """Return the index of the leg that a base follows, by position and heading."""
    x_m, y_m, heading_rad = pose
    return min(range(len(legs)), key=lambda index: (
        offset_m(legs[index], x_m, y_m) + abs(_wrap_angle(heading_rad - legs[index].heading_rad))))


def offset_m(leg: Leg, x_m: float, y_m: float) -> float:
    """Return the distance to a leg, including its ends."""
    along_m, left_m = leg.place(x_m, y_m)
    beyond_m = max(-along_m, 0.0, along_m - leg.length_m)
    return math.hypot(beyond_m, left_m)


def steering_radps(leg: Leg, pose: Pose, speed_mps: float) -> float:
    """Return the turn rate that leads back to the guide line, clamped."""
    if abs(speed_mps) < SLOWEST_MPS:
        return 0.0
    x_m, y_m, heading_rad = pose
    _, left_m = leg.place(x_m, y_m)
    wanted_rad = leg.heading_rad - math.atan(1.5 * left_m)
    return max(-0.8, min(0.8, 2.0 * _wrap_angle(wanted_rad - heading_rad)))


def _wrap_angle(angle_rad: float) -> float:
    return math.atan2(math.sin(angle_rad), math.cos(angle_rad))
