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


from digiphys_ros.control import GateState
from digiphys_ros.control.gate import GateOutput
from digiphys_ros.control.signals import FLASHING, GREEN, RED, SignalPlan, YELLOW
from digiphys_ros.simulation.safety import SignalJudge
import pytest

PERIOD_S, LEASE_S = 0.5, 1.0
PLAN = SignalPlan(
    ('north', 'east'), {'north': ('east',), 'east': ('north',)},
    {'north': ('north',), 'east': ('east',)}, min_green_s=2.0, max_green_s=9.0, yellow_s=1.0,
    all_red_s=1.0)


def problems(*shown, blind_from=99):
    """Return what is wrong with pairs of heads, one each period, the first at 0 s."""
    judge = SignalJudge(PLAN, LEASE_S, PERIOD_S)
    told = []
    for index, (north, east) in enumerate(shown):
        time_s = index * PERIOD_S
        output = GateOutput({'north': north, 'east': east}, GateState.OBEYING, '',
                            None if index >= blind_from else time_s - 0.1)
        told.append(judge.judge(time_s, output))
    return told


CYCLE = [(RED, RED)] * 4 + [(GREEN, RED)] * 4 + [(YELLOW, RED)] * 2 + [(RED, RED)] * 2 \
    + [(RED, GREEN)] * 4 + [(RED, YELLOW)] * 2 + [(RED, RED)] * 2


def test_a_cycle_in_order_is_safe():
    assert not any(problems(*CYCLE))


@pytest.mark.parametrize(('shown', 'problem'), [
    ([*CYCLE[:5], (GREEN, GREEN)], 'neither is red'),
    ([*CYCLE[:5], (GREEN, YELLOW)], 'neither is red'),
    ([*CYCLE[:6], (YELLOW, RED)], 'north goes from 2.0 to 1.0 after 1.000 s'),
    ([*CYCLE[:8], (RED, RED)], 'north goes from 2.0 to 0.0'),
    ([*CYCLE[:9], (RED, RED)], 'north goes from 1.0 to 0.0 after 0.500 s'),
    ([*CYCLE[:11], (RED, GREEN)], 'east turns green too early after north'),
    ([*CYCLE[:4], (RED, YELLOW)], 'east goes from 0.0 to 1.0'),
    ([*CYCLE[:4], (FLASHING, FLASHING)], 'flashing and not'),
    ([*CYCLE[:4], (7.0, RED)], 'shows'),
])
def test_what_breaks_the_plan_is_told(shown, problem):
    *before, last = problems(*shown)
    assert not any(before)
    assert problem in last


def test_without_images_a_green_ends_and_none_begins():
    assert problems(*CYCLE[:5], blind_from=4)[-1] == 'north turns green without an image'
    told = problems(*CYCLE[:5], *[(GREEN, RED)] * 6, blind_from=5)
    assert told[-1] == 'stays green without an image'
    assert not any(told[:8])
