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
"""Labeled images of random courses of signs."""

from collections.abc import Iterator
from dataclasses import replace

from digiphys_ros.applications.traffic_signs.camera import SignCamera
from digiphys_ros.applications.traffic_signs.route import draw_route
from digiphys_ros.applications.traffic_signs.scene import sign_world
from digiphys_ros.applications.traffic_signs.signs import SIGNS
from digiphys_ros.applications.traffic_signs.view import sign_in_view
from digiphys_ros.simulation.application import LabeledImage, Needed
from digiphys_ros.simulation.collect import PER_RUN
from digiphys_ros.simulation.physics.physics import Physics
import numpy as np


DISTANCES_M = ((2.35, 4.0), (6.4, 12.0), (-1.0, 1.5))
"""To a board that can be read, that is too far away, and that has just been passed."""


def collect(rng: np.random.Generator, needed: Needed) -> Iterator[LabeledImage]:
    """Take images of boards with random signs, before and behind them."""
    route = draw_route(rng)
    missing = [sign for sign in SIGNS if needed(sign)] or list(SIGNS)
    boards = [replace(board, sign=str(rng.choice(missing))) for board in route.boards]
    world = sign_world(replace(route, boards=tuple(boards)), rng)
    physics = Physics(world)
    camera = SignCamera(world, physics, rng)
    for board in boards:
        leg = route.legs[board.leg]
        for _ in range(PER_RUN):
            before_m = float(rng.uniform(*DISTANCES_M[rng.choice(3, p=(0.8, 0.1, 0.1))]))
            x_m, y_m = leg.point(board.station_m - before_m, float(rng.normal(0, 0.05)))
            pose = (x_m, y_m, leg.heading_rad + float(rng.normal(0, 0.03)))
            label = sign_in_view(boards, *pose)
            if label is not None and needed(label):
                physics.place('robot', *pose)
                yield label, camera.image(float(rng.uniform(0, 600)))
