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

from itertools import pairwise

from digiphys_ros.applications.traffic_lights.demand import APPROACHES, Demand, ROADS
from digiphys_ros.applications.traffic_lights.junction import HARDEST_MPS2, Junction, STEP_S
from digiphys_ros.control.signals import FLASHING, GREEN, RED, YELLOW
import numpy as np
import pytest


@pytest.fixture
def junction():
    return Junction(np.random.default_rng(2))


def heads(north_south, east_west):
    return {'north': north_south, 'south': north_south, 'east': east_west, 'west': east_west}


def drive(junction, shown, seconds):
    """Advance step by step; check that no vehicles touch and none brakes too hard."""
    for _ in range(round(seconds / STEP_S)):
        before = {one.number: one.speed_mps for lane in junction.lanes.values() for one in lane}
        junction.advance(STEP_S, shown)
        for lane in junction.lanes.values():
            for ahead, behind in pairwise(lane):
                assert behind.position_m < ahead.rear_m
            for one in lane:
                assert one.speed_mps >= 0.0
                slower = before.get(one.number, one.speed_mps) - one.speed_mps
                assert slower <= HARDEST_MPS2 * STEP_S + 1e-9


def test_advance_at_red_no_vehicle_crosses(junction):
    drive(junction, heads(RED, RED), 90.0)
    assert junction.served == junction.red_runs == junction.conflicts == 0
    assert junction.arrived > 20
    assert all(junction.standing(side) for side in APPROACHES)
    assert all(one.position_m < 0.0 for lane in junction.lanes.values() for one in lane)


def test_advance_green_serves_its_own_road(junction):
    drive(junction, heads(RED, RED), 60.0)
    waiting = {side: junction.standing(side) for side in APPROACHES}
    drive(junction, heads(GREEN, RED), 40.0)
    assert junction.standing('north') == junction.standing('south') == 0
    assert junction.standing('east') >= waiting['east'] > 0
    assert junction.served >= waiting['north'] + waiting['south']
    assert junction.conflicts == 0


def test_advance_at_yellow_vehicle_that_cannot_stop_continues(junction):
    drive(junction, heads(GREEN, RED), 60.0)
    for _ in range(40):
        drive(junction, heads(GREEN, RED), 7.0)
        drive(junction, heads(YELLOW, RED), 3.0)
        served = junction.served
        drive(junction, heads(RED, RED), 4.0)
        assert junction.served == served
    assert junction.red_runs == 0


def test_advance_two_greens_count_as_conflicts(junction):
    drive(junction, heads(GREEN, GREEN), 300.0)
    assert junction.conflicts > 3


def test_advance_at_flashing_vehicles_cross_one_by_one(junction):
    drive(junction, heads(FLASHING, FLASHING), 120.0)
    assert junction.served > 15
    assert junction.conflicts == junction.red_runs == 0


def test_standing_counts_only_vehicles_before_the_line(junction):
    drive(junction, heads(RED, RED), 60.0)
    stood_s = sum(one.waited_s for lane in junction.lanes.values() for one in lane)
    assert junction.mean_wait_s == pytest.approx(stood_s / junction.arrived)
    assert stood_s > 60.0


def test_junction_same_seed_gives_the_same_vehicles_with_any_signals():
    runs = [Junction(np.random.default_rng(5)) for _ in range(2)]
    for one, shown in zip(runs, (heads(GREEN, RED), heads(RED, GREEN)), strict=True):
        one.advance(200.0, shown)
    assert runs[0].arrived == runs[1].arrived
    assert runs[0].served != runs[1].served


def test_busy_road_has_more_vehicles_and_changes():
    demand = Demand(np.random.default_rng(1))
    counts = dict.fromkeys(APPROACHES, 0)
    for side in APPROACHES:
        time_s = 0.0
        while (time_s := demand.next_vehicle(side, time_s).arrived_s) < 280.0:
            counts[side] += 1
    busy = ROADS[demand.busy_road(0.0)]
    quiet = set(APPROACHES) - set(busy)
    assert sum(counts[side] for side in busy) > 2 * sum(counts[side] for side in quiet)
    assert {demand.busy_road(time_s) for time_s in np.arange(0.0, 1300.0, 50.0)} == set(ROADS)
