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
from digiphys_ros.applications import make_application
from digiphys_ros.applications.traffic_signs.route import LIMITS
from digiphys_ros.applications.traffic_signs.specification import SPECIFICATION
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.loop import make_pipeline, run_loop
import numpy as np
import pytest

AHEAD = {'base': {'linear.x': 0.5, 'angular.z': 0.0}}


def run_on_ground_truth(seed):
    """Return a course and its recording, with the policy on ground truth."""
    course = make_application('traffic_signs', seed, camera=False)
    return course, run_loop(
        course, make_pipeline(SPECIFICATION, camera=False), 400.0, camera=False)


@pytest.mark.parametrize('seed', range(20))
def test_run_loop_on_ground_truth_obeys_every_sign(seed):
    course, recording = run_on_ground_truth(seed)
    assert course.ended
    assert course.state()['signs_right'] == course.state()['signs'] == 8
    assert [event.right for event in recording.events] == [True] * 8
    assert recording.unsafe_commands == 0


@pytest.mark.parametrize('broken', [1e12, np.nan])
def test_advance_unstable_physics_raises(broken):
    course = make_application('traffic_signs', camera=False)
    course._physics.data.qvel[:] = broken
    with pytest.raises(SimulationError, match=r'sign_course: the physics is unstable: MuJoCo '
                       'reports BAD'):
        course.advance(0.1, AHEAD)


def test_sign_course_same_seed_gives_the_same_run():
    (first, one), (second, other) = run_on_ground_truth(1), run_on_ground_truth(1)
    assert first.state() == second.state()
    assert [frame.rule for frame in one.frames] == [frame.rule for frame in other.frames]
    assert make_application('traffic_signs', 2, camera=False).route != first.route


def test_advance_without_turning_leaves_the_course():
    course = make_application('traffic_signs', camera=False)
    while not course.ended:
        course.advance(0.5, AHEAD)
        assert course.time_s < 120
    events = course.events()
    assert ('course left', False) in [(event.kind, event.right) for event in events]
    assert course.state()['signs_passed'] == 8
    assert course.state()['signs_right'] < 4


def test_advance_without_turn_command_follows_the_guide_line():
    course = make_application('traffic_signs', camera=False)
    course.advance(1.0, {'base': {'linear.x': 0.3, 'angular.z': 0.5}})
    course.advance(8.0, AHEAD)
    assert abs(course.state()['lane_offset_m']) < 0.05
    assert course.state()['speed_mps'] == pytest.approx(0.5, rel=0.05)


def test_draw_route_has_stop_two_turns_two_limits_and_ends_with_no_entry():
    for seed in range(10):
        boards = make_application('traffic_signs', seed, camera=False).route.boards
        signs = [board.sign for board in boards]
        assert 'stop' in signs
        assert signs[-1] == 'no entry'
        assert sum('turn' in sign for sign in signs) == 2
        assert len(set(signs) & set(LIMITS)) >= 2


def test_image_has_the_camera_size_and_dirt_changes_it():
    try:
        course = make_application('traffic_signs', 3)
    except SimulationError as error:
        pytest.skip(str(error))
    image = course.image()
    assert (image.shape, image.dtype) == ((480, 640, 3), np.uint8)
    np.testing.assert_array_equal(make_application('traffic_signs', 3).image(), image)
    course.advance(8.0, AHEAD)
    clean = course.image().astype(int)
    course.disturb(sign_dirt=0.6)
    assert (np.abs(course.image().astype(int) - clean).max(-1) > 60).sum() > 300
