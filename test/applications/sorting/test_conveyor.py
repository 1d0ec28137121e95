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

from digiphys_ros.applications.sorting.conveyor import Conveyor, DIVERTER_M, SIDE_M
import numpy as np
import pytest


@pytest.fixture
def conveyor():
    return Conveyor(np.random.default_rng(0))


def test_advance_parts_keep_their_distance_and_all_pass(conveyor):
    passed = []
    for _ in range(600):
        conveyor.advance(0.1, 0.3, reject=True)
        places = [part.position_m for part in conveyor.parts]
        assert all(0.259 <= before - after <= 0.424
                   for before, after in pairwise(places))
        passed += conveyor.take_passed()
    assert [part.number for part in passed] == list(range(1, len(passed) + 1))
    assert conveyor.travel_m == pytest.approx(0.3 * 60, abs=0.1)
    assert len(passed) == pytest.approx(conveyor.travel_m / 0.34, abs=5)


def test_advance_at_zero_speed_moves_nothing(conveyor):
    conveyor.advance(5.0, 0.0, reject=False)
    assert conveyor.travel_m == 0.0
    assert len(conveyor.parts) == 1
    assert not conveyor.take_passed()


@pytest.mark.parametrize('reject', [True, False])
def test_advance_part_takes_the_lane_of_the_blade(conveyor, reject):
    conveyor.advance(60.0, 0.3, reject=reject)
    passed = conveyor.take_passed()
    assert all(part.rejected is reject and not part.struck for part in passed)
    defective = [part for part in passed if part.defect]
    assert 0.05 < len(defective) / len(passed) < 0.4
    assert sum(part.right for part in passed) == (
        len(defective) if reject else len(passed) - len(defective))


def test_advance_blade_moving_during_a_pass_strikes_the_part(conveyor):
    first = conveyor.parts[0]
    while first.position_m < DIVERTER_M:
        conveyor.advance(0.01, 0.3, reject=False)
    assert first.rejected is False
    conveyor.advance(0.02, 0.3, reject=True)
    assert first.struck
    assert not first.right


def test_advance_blade_and_belt_need_time(conveyor):
    conveyor.advance(0.05, 0.3, reject=False)
    assert conveyor.blade == pytest.approx(1 - 0.05 / 0.12)
    assert conveyor.speed_mps == pytest.approx(0.05)
    conveyor.advance(0.3, 0.3, reject=False)
    assert conveyor.blade == 0.0
    assert conveyor.speed_mps == pytest.approx(0.3)


def test_conveyor_same_seed_gives_the_same_parts():
    def run(duration_s, count):
        conveyor = Conveyor(np.random.default_rng(5))
        for _ in range(count):
            conveyor.advance(duration_s, 0.3, reject=True)
        return [(part.number, part.defect, part.lateral_m, round(part.position_m, 6))
                for part in conveyor.parts]
    assert run(0.1, 300) == run(0.05, 600)
    assert SIDE_M < 0.26
