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

"""Which sign the region of interest shows, by geometry."""

from digiphys_ros.applications.traffic_signs.route import draw_route
from digiphys_ros.applications.traffic_signs.view import FAR_FILL, project, sign_in_view
import numpy as np
import pytest


@pytest.fixture
def board():
    return draw_route(np.random.default_rng(0)).boards[0]


@pytest.fixture
def leg(board):
    return draw_route(np.random.default_rng(0)).legs[board.leg]


@pytest.mark.parametrize(('before_m', 'readable'), [
    (2.5, True), (3.9, True), (6.6, False), (9.0, False), (12.0, False), (-1.0, False)])
def test_sign_in_view_near_board_is_its_sign_and_far_board_is_no_sign(
        board, leg, before_m, readable):
    pose = (*leg.point(board.station_m - before_m, 0.0), leg.heading_rad)
    assert sign_in_view([board], *pose) == (board.sign if readable else 'no_sign')


def test_sign_in_view_between_far_and_readable_is_open(board, leg):
    pose = (*leg.point(board.station_m - 5.0, 0.0), leg.heading_rad)
    assert project(board, *pose).fill > FAR_FILL
    assert sign_in_view([board], *pose) is None
