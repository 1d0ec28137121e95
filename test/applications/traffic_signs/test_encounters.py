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

from digiphys_ros.applications.traffic_signs.encounters import Encounters
from digiphys_ros.applications.traffic_signs.route import ASIDE_M, Board, Leg, Route
import pytest

STATION_M = 9.0


def meet(sign, speed_mps, start_m=0.0, before=()):
    """
    Drive past one sign, at ``speed_mps(distance_m, time_s)``, and return the encounters.

    :param before: signs with a limit that the robot has just passed.
    """
    boards = [Board(name, 0, STATION_M * index, STATION_M * index, -ASIDE_M, math.pi)
              for index, name in enumerate([*before, sign], 1)]
    encounters = Encounters(Route((Leg(0.0, 0.0, 0.0, 30.0),), tuple(boards)))
    along_m, time_s, limits = start_m, 0.0, []
    while not encounters.over and time_s < 120.0:
        speed = speed_mps(boards[-1].station_m - along_m, time_s)
        encounters.update(time_s, 0, (along_m, 0.0, 0.0), speed)
        limits.append((boards[-1].station_m - along_m, encounters.limit_mps))
        along_m, time_s = along_m + speed * 0.1, time_s + 0.1
    return encounters, limits


def standing(from_m, to_s):
    """Return a drive that stops at a distance and stands until a time."""
    return lambda distance_m, time_s: 0.0 if distance_m <= from_m and time_s < to_s else 0.5


@pytest.mark.parametrize(('sign', 'speed_mps', 'right'), [
    ('stop', standing(3.0, 30.0), True),
    ('stop', standing(2.0, 30.0), True),
    ('stop', standing(6.0, 30.0), False),
    ('stop', lambda distance_m, time_s: 0.25, False),
    ('no entry', standing(3.0, 90.0), True),
    ('no entry', standing(6.5, 90.0), True),
    ('no entry', standing(3.0, 14.0), False),
    ('yield', lambda distance_m, time_s: 0.3, True),
    ('yield', lambda distance_m, time_s: 0.4, False),
    ('speed limit 30', lambda distance_m, time_s: 0.6 if distance_m > 4.0 else 0.3, True),
    ('speed limit 30', lambda distance_m, time_s: 0.6 if distance_m > 2.0 else 0.3, False),
    ('speed limit 30', lambda distance_m, time_s: 0.2, False),
    ('ahead only', lambda distance_m, time_s: 0.6, True),
    ('ahead only', lambda distance_m, time_s: 0.3, False),
])
def test_update_judges_a_sign_by_the_approach(sign, speed_mps, right):
    encounters, _ = meet(sign, speed_mps)
    assert (encounters.passed, encounters.right) == (1, int(right))


def test_update_robot_that_starts_before_a_stop_sign_did_not_stop():
    encounters, _ = meet('stop', lambda distance_m, time_s: min(0.1 * time_s, 0.5), start_m=4.0)
    assert encounters.right == 0


@pytest.mark.parametrize(('limits', 'from_m'), [
    (('speed limit 60', 'speed limit 30'), 4.0), (('speed limit 30', 'speed limit 60'), 7.0)])
def test_update_lower_limit_applies_when_readable_and_higher_one_when_visible(
        limits, from_m):
    first, last = (int(limit[-2:]) / 100 for limit in limits)
    _, held = meet(limits[1], lambda distance_m, time_s: 0.2, before=limits[:1])
    assert {limit for distance_m, limit in held if 8.9 > distance_m > from_m + 0.05} == {first}
    assert {limit for distance_m, limit in held if distance_m <= from_m} == {last}


def test_leave_counts_all_later_signs_as_not_obeyed():
    boards = tuple(Board(sign, 0, 9.0, 0.0, 0.0, 0.0) for sign in ('stop', 'yield'))
    encounters = Encounters(Route((Leg(0.0, 0.0, 0.0, 30.0),), boards))
    encounters.leave(3.0)
    assert (encounters.passed, encounters.right) == (2, 0)
    assert [(event.kind, event.detail) for event in encounters.take_events()] == [
        ('course left', 'stop'), ('sign passed', 'stop'), ('sign passed', 'yield')]


@pytest.mark.parametrize(('heading_rad', 'from_m'), [(0.0, 4.0), (0.25, 3.0)])
def test_update_limit_applies_at_sure_distance_to_a_robot_that_looks_aside(
        heading_rad, from_m):
    board = Board('speed limit 30', 0, 9.0, 9.0, -ASIDE_M, math.pi)
    encounters = Encounters(Route((Leg(0.0, 0.0, 0.0, 30.0),), (board,)))
    while math.isinf(encounters.limit_mps):
        encounters.update(0.0, 0, (9.0 - encounters.next_distance_m, 0.0, heading_rad), 0.3)
        encounters.next_distance_m -= 0.05
    assert encounters.next_distance_m == pytest.approx(from_m, abs=0.15)
