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
from digiphys_ros.applications.traffic_signs.guide import nearest_leg, offset_m, steering_radps
from digiphys_ros.applications.traffic_signs.route import Leg
from digiphys_ros.simulation.physics.robot import DifferentialDrive
import pytest

LEGS = (Leg(0.0, 0.0, 0.0, 10.0), Leg(10.0, 0.0, 1.5707963, 10.0))


def test_steering_leads_back_to_the_line():
    base = DifferentialDrive(1.0, 0.4, 0.3)
    for _ in range(500):
        pose = (base.x_m, base.y_m, base.heading_rad)
        base.step(0.3, steering_radps(LEGS[0], pose, 0.3), 0.02)
    assert base.y_m == pytest.approx(0.0, abs=0.02)
    assert base.heading_rad == pytest.approx(0.0, abs=0.03)


def test_steering_of_a_standing_base_is_zero():
    assert steering_radps(LEGS[0], (1.0, 0.4, 0.3), 0.0) == 0.0


def test_nearest_leg_after_a_turn_is_the_next_leg():
    assert nearest_leg(LEGS, (9.5, 0.1, 0.0)) == 0
    assert nearest_leg(LEGS, (10.2, 0.8, 1.3)) == 1
    assert offset_m(LEGS[0], 13.0, 4.0) == pytest.approx(5.0)
