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

from digiphys_ros.applications.traffic_lights.gazebo import Lamps
import pytest


def test_lamps_rotate_for_known_heads_and_are_red_in_the_safe_state():
    sent = Lamps().receive('signal_heads', {'north': 2.0, 'east': 1.0, 'tram': 2.0}, 0.0)
    assert sent == {'lamps_north_rad': {'data': pytest.approx(math.pi)},
                    'lamps_east_rad': {'data': pytest.approx(math.pi / 2)}}
    assert Lamps().safe_state(0.0) == {name: {'data': 0.0} for name in Lamps.outputs}
