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

import math

from digiphys_ros.applications.traffic_signs.drawn_course import (
    BACKGROUND,
    BOARD_M,
    Course,
    ROI,
    sample_crop,
)
from digiphys_ros.applications.traffic_signs.signs import draw_sign, SIGNS
from digiphys_ros.errors import UsageError
from digiphys_ros.simulation.physics.robot import DifferentialDrive
from digiphys_ros.simulation.rendering.camera import board_corners, FOCAL_PX, HEIGHT_PX, WIDTH_PX
import numpy as np
import pytest


@pytest.fixture(scope='module')
def approach():
    return list(Course(seed=3, signs=['stop']).frames())


def test_course_same_seed_gives_the_same_pixels(approach):
    again = next(Course(seed=3, signs=['stop']).frames())
    other = next(Course(seed=4, signs=['stop']).frames())
    np.testing.assert_array_equal(again.pixels, approach[0].pixels)
    assert (other.pixels != approach[0].pixels).any()


def test_course_frames_never_repeat(approach):
    assert len({frame.pixels.tobytes() for frame in approach}) == len(approach)


def test_course_time_follows_the_frame_rate(approach):
    assert [frame.time_s for frame in approach[:3]] == pytest.approx([0, 1 / 30, 2 / 30])


def test_course_sign_grows_and_is_labeled_while_readable(approach):
    sizes = [frame.sign_size_px for frame in approach if frame.sign]
    assert sizes == sorted(sizes)
    labels = [frame.label for frame in approach]
    assert labels.index('stop') > 0
    assert labels[-1] == BACKGROUND
    assert {None, 'stop', BACKGROUND} == set(labels)


def test_course_sign_is_in_the_image_center(approach):
    near = [frame for frame in approach if frame.label == 'stop'][-1]
    x, y, w, h = ROI
    roi = near.pixels[int(y * 480):int((y + h) * 480), int(x * 640):int((x + w) * 640)]
    red, green = roi[..., 0].astype(int), roi[..., 1].astype(int)
    assert (red > 1.8 * green).mean() > 0.25


def test_board_corners_follow_the_pinhole_model():
    corners = board_corners(3.0, BOARD_M, (0.0, 0.0), 0.0, 0.0)
    assert corners[2] - corners[0] == pytest.approx(BOARD_M * FOCAL_PX / 3.0)
    assert corners.mean(axis=0) == pytest.approx((WIDTH_PX / 2, HEIGHT_PX / 2))


def test_board_corners_rotated_board_is_narrower_with_a_taller_near_edge():
    left, right = board_corners(3.0, BOARD_M, (0.0, 0.0), 0.6, 0.0)[[0, 1]]
    assert right[0] - left[0] < BOARD_M * FOCAL_PX / 3.0
    assert abs(left[1] - HEIGHT_PX / 2) > abs(right[1] - HEIGHT_PX / 2)


def test_draw_sign_small_signs_all_differ():
    small = {name: draw_sign(name, 32).astype(float) for name in SIGNS}
    for name, pixels in small.items():
        assert pixels[..., 3].mean() > 90
        for other in SIGNS:
            if other != name:
                assert np.abs(pixels - small[other]).mean() > 1.0, (name, other)


def test_draw_sign_unknown_name_is_refused():
    with pytest.raises(UsageError, match=r'"elephants crossing".*stop'):
        draw_sign('elephants crossing')


@pytest.mark.parametrize('sign', [None, 'stop', 'yield'])
def test_sample_crop_differs_in_every_draw(sign):
    rng = np.random.default_rng(0)
    crops = [sample_crop(rng, sign, 48) for _ in range(3)]
    assert all(crop.shape == (48, 48, 3) and crop.dtype == np.uint8 for crop in crops)
    assert (crops[0] != crops[1]).any()


def test_robot_step_drives_straight():
    robot = DifferentialDrive(heading_rad=math.pi / 2)
    robot.step(0.5, 0.0, 4.0)
    assert (robot.x_m, robot.y_m) == pytest.approx((0.0, 2.0))


def test_robot_step_full_circle_returns_to_the_start():
    robot = DifferentialDrive()
    for _ in range(8):
        robot.step(1.0, math.pi / 4, 1.0)
    assert (robot.x_m, robot.y_m) == pytest.approx((0.0, 0.0), abs=1e-9)
    robot.step(1.0, math.pi / 4, 2.0)
    assert (robot.x_m, robot.y_m) == pytest.approx((4 / math.pi, 4 / math.pi))
