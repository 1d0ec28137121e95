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

from digiphys_ros.control.pace import Pace
import pytest

PERIOD_MS = 20


@pytest.mark.parametrize(('every_ms', 'phase_ms'), [
    (33, 0), (33, 7), (20, 5), (25, 1), (10, 3), (3, 0), (1000, 13)])
def test_pace_any_rate_of_commands_keeps_the_output_rate(every_ms, phase_ms):
    sent_ms, pace = [], Pace()
    for now_ms in range(10_000):
        if pace.should_send(new=now_ms % every_ms == phase_ms, due=now_ms % PERIOD_MS == 0):
            sent_ms.append(now_ms)
    assert abs(len(sent_ms) - 500) <= 1
    assert max(after - before for before, after in pairwise(sent_ms)) < 2 * PERIOD_MS


def test_pace_new_command_is_sent_at_once_a_second_one_with_the_period():
    pace = Pace()
    assert pace.should_send(new=True, due=False)
    assert not pace.should_send(new=True, due=False)
    assert not pace.should_send(new=False, due=False)
    assert pace.should_send(new=False, due=True)
    # it replaced the next one
    assert not pace.should_send(new=False, due=True)
    assert pace.should_send(new=False, due=True)
