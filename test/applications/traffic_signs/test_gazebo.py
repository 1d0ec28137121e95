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

from digiphys_ros.applications.traffic_signs.gazebo import LineKeeper, OUTPUT
import pytest


def driven(keeper, linear, angular=0.0, now_s=1.0):
    sent = keeper.receive('cmd_vel', {'linear.x': linear, 'angular.z': angular}, now_s)
    return sent[OUTPUT]['linear.x'], sent[OUTPUT]['angular.z']


@pytest.fixture
def keeper():
    """Return an adapter whose base is to the left of its line."""
    one = LineKeeper()
    assert one.receive('odom', {'x_m': 1.0, 'y_m': 0.5, 'heading_rad': 0.0}, 1.0) == {}
    return one


def test_line_keeper_steers_only_commands_without_turning(keeper):
    linear, angular = driven(keeper, 0.3)
    assert (linear, keeper.corrected) == (0.3, 1)
    assert angular < -0.1
    assert driven(keeper, 0.3, 0.5) == (0.3, 0.5)
    assert driven(keeper, 0.0) == (0.0, 0.0)
    assert keeper.corrected == 1


@pytest.mark.parametrize('now_s', [0.9, 1.6])
def test_line_keeper_old_or_future_odometry_passes_commands_unchanged(keeper, now_s):
    assert keeper.problem(1.2) == ''
    assert keeper.problem(now_s).startswith('no odometry')
    assert driven(keeper, 0.3, now_s=now_s) == (0.3, 0.0)


def test_line_keeper_not_finite_odometry_is_ignored(keeper):
    keeper.receive('odom', {'x_m': math.nan, 'y_m': 0.5, 'heading_rad': 0.0}, 1.4)
    assert keeper.problem(1.6).startswith('no odometry')


def test_line_keeper_forget_drops_the_pose_and_safe_state_stops(keeper):
    keeper.forget()
    assert driven(keeper, 0.3) == (0.3, 0.0)
    assert keeper.safe_state(1.0) == {OUTPUT: {'linear.x': 0.0, 'angular.z': 0.0}}
