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

from digiphys_ros.control import RunningClock
import pytest


def test_running_clock_moving_source_is_followed():
    clock = RunningClock(1.0)
    assert [clock.now_s(time_s, 100.0 + step) for step, time_s in enumerate((5.0, 5.02, 2.0, 9.0))
            ] == [5.0, 5.02, 2.0, 9.0]


def test_running_clock_stopped_source_continues_with_steady_time():
    clock = RunningClock(1.0)
    assert clock.now_s(5.0, 100.0) == 5.0
    assert clock.now_s(5.0, 101.0) == 5.0
    assert clock.now_s(5.0, 101.5) == pytest.approx(6.5)
    assert clock.now_s(5.0, 103.0) == pytest.approx(8.0)
    assert clock.now_s(5.1, 103.1) == 5.1
