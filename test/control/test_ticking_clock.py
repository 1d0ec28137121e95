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

from digiphys_ros.control.ticking_clock import MOST_S, TickingClock, WINDOW_S
import pytest


def ticked(*times_s, period_s=0.025):
    clock = TickingClock()
    for index, time_s in enumerate(times_s):
        clock.tick(time_s, index * period_s)
    return clock


def test_ticking_clock_before_a_step_is_behind_by_the_maximum():
    assert ticked().behind_s == MOST_S
    assert ticked(9.0).behind_s == MOST_S


def test_ticking_clock_is_behind_by_two_longest_steps():
    assert ticked(9.0, 9.025, 9.075, 9.1).behind_s == pytest.approx(0.1)


def test_ticking_clock_jump_is_not_a_step():
    assert ticked(9.0, 9.025, 99.0, 3.0, 3.025).behind_s == pytest.approx(0.05)
    assert ticked(9.0, 9.4).behind_s == MOST_S


def test_ticking_clock_long_step_is_forgotten_after_a_while():
    clock = ticked(9.0, 9.1)
    for index in range(1, 900):
        clock.tick(9.1 + 0.025 * index, 0.025 * (index + 1))
        if index * 0.025 < WINDOW_S:
            assert clock.behind_s == pytest.approx(0.2)
    assert clock.behind_s == pytest.approx(0.05)
