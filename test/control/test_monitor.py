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

from digiphys_ros.control import Actuator, DesiredCommand, Gate, GateState, Limits
from digiphys_ros.control.gate import GateOutput
from digiphys_ros.control.monitor import SafetyJudge, SignalJudge, unsafe_commands
from digiphys_ros.control.signals import FLASHING, GREEN, RED, SignalPlan, YELLOW
import numpy as np
import pytest

PERIOD_S, LEASE_S = 0.5, 1.0
PLAN = SignalPlan(
    ('north', 'east'), {'north': ('east',), 'east': ('north',)},
    {'north': ('north',), 'east': ('east',)}, min_green_s=2.0, max_green_s=9.0, yellow_s=1.0,
    all_red_s=1.0)


def problems(*shown, blind_from=99):
    """Return the problems of pairs of heads, one per period, the first at 0 s."""
    judge = SignalJudge(PLAN, LEASE_S, PERIOD_S)
    found = []
    for index, (north, east) in enumerate(shown):
        time_s = index * PERIOD_S
        output = GateOutput({'north': north, 'east': east}, GateState.OBEYING, '',
                            None if index >= blind_from else time_s - 0.1)
        found.append(judge.judge(time_s, output))
    return found


CYCLE = [(RED, RED)] * 4 + [(GREEN, RED)] * 4 + [(YELLOW, RED)] * 2 + [(RED, RED)] * 2 \
    + [(RED, GREEN)] * 4 + [(RED, YELLOW)] * 2 + [(RED, RED)] * 2


def test_signal_judge_cycle_in_order_is_safe():
    assert not any(problems(*CYCLE))


@pytest.mark.parametrize(('shown', 'problem'), [
    ([*CYCLE[:5], (GREEN, GREEN)], 'neither is red'),
    ([*CYCLE[:5], (GREEN, YELLOW)], 'neither is red'),
    ([*CYCLE[:6], (YELLOW, RED)], 'north goes from 2.0 to 1.0 after 1.000 s'),
    ([*CYCLE[:8], (RED, RED)], 'north goes from 2.0 to 0.0'),
    ([*CYCLE[:9], (RED, RED)], 'north goes from 1.0 to 0.0 after 0.500 s'),
    ([*CYCLE[:11], (RED, GREEN)], 'east turns green too early after north'),
    ([*CYCLE[:4], (RED, YELLOW)], 'east goes from 0.0 to 1.0'),
    ([*CYCLE[:4], (FLASHING, FLASHING)], 'not as the safe state'),
    ([*CYCLE[:4], (7.0, RED)], 'shows'),
])
def test_signal_judge_violation_of_the_plan_is_reported(shown, problem):
    *before, last = problems(*shown)
    assert not any(before)
    assert problem in last


def test_signal_judge_without_images_a_green_ends_and_none_begins():
    assert problems(*CYCLE[:5], blind_from=4)[-1] == 'north turns green without an image'
    found = problems(*CYCLE[:5], *[(GREEN, RED)] * 6, blind_from=5)
    assert found[-1] == 'stays green without an image'
    assert not any(found[:8])


SENT_S = 0.02
FIELDS = {
    'immediate': Limits(-1.0, 1.0, 0.0, 2.0),
    'slowed': Limits(-1.0, 1.0, 0.0, 2.0, max_decel_per_s=4.0),
    'eased': Limits(-1.0, 1.0, 0.0, 2.0, max_decel_per_s=4.0, max_jerk_per_s2=8.0),
    'held': Limits(-1.0, 1.0, None, 2.0),
    'homed': Limits(-1.0, 1.0, 0.0, 2.0, stop_rate_per_s=1.0)}


class Watched:
    """A gate with one field, and a judge of its outputs or of others in their place."""

    def __init__(self, name):
        actuator = Actuator('joint_trajectory', 'arm', {'a': FIELDS[name]})
        self.gate = Gate(actuator, 0.5)
        self.gate.activate()
        self.judge = SafetyJudge(actuator, 0.5, SENT_S)
        self.now_s = 10.0

    def run(self, seconds, value=None):
        found = []
        for _ in range(round(seconds / SENT_S)):
            self.now_s += SENT_S
            if value is not None:
                self.gate.submit(DesiredCommand({'a': value}, self.now_s), self.now_s)
            self.output = self.gate.step(self.now_s)
            found.append(self.judge.judge(self.now_s, self.output))
        return found

    def send(self, value, obeyed=False):
        self.now_s += SENT_S
        stamp_s = self.now_s if obeyed else None
        values = {} if value is None else {'a': value}
        return self.judge.judge(
            self.now_s, GateOutput(values, GateState.FAULT, '', stamp_s))


@pytest.mark.parametrize('name', FIELDS)
def test_safety_judge_output_of_a_gate_is_safe(name):
    watched = Watched(name)
    for value in (None, 0.8, 0.9, -0.7, 0.0, 0.5, None):
        assert not any(watched.run(3.0, value))
    watched.run(1.0, 0.9)
    watched.gate.estop(True)
    assert not any(watched.run(3.0))


@pytest.mark.parametrize(('name', 'value', 'obeyed', 'problem'), [
    ('immediate', 0.79, False, 'is not the safe state'),
    ('slowed', 0.8, False, 'is not the safe state'),
    ('slowed', 0.6, False, 'too fast'),
    ('slowed', 0.0, True, 'too fast'),
    ('slowed', 0.85, True, 'too fast'),
    ('eased', 0.84, True, 'too fast'),
    ('held', 0.79, False, 'is not the safe state'),
    ('held', 0.0, False, 'too fast'),
    ('held', None, True, 'is nothing'),
    ('held', math.nan, True, 'nan'),
    ('homed', 0.0, False, 'too fast'),
    ('homed', 0.77, False, 'too fast'),
    ('homed', 0.8, False, 'is not the safe state')])
def test_safety_judge_jump_and_missing_stop_are_unsafe(name, value, obeyed, problem):
    watched = Watched(name)
    watched.run(5.0, 0.8)
    assert watched.output.values['a'] == pytest.approx(0.8)
    assert problem in watched.send(value, obeyed)


BASE = Actuator('twist_stamped', 'cmd_vel', {
    'linear.x': Limits(0.0, 0.6, 0.0, 2.0), 'angular.z': Limits(-1.0, 1.0, 0.0, 4.0)})


def sent(stamp_s, linear_mps, angular_radps=0.0):
    return stamp_s, {'linear.x': linear_mps, 'angular.z': angular_radps}


@pytest.mark.parametrize(('commands', 'words'), [
    ([sent(1.0, 0.0), sent(1.1, 0.1)], None),
    ([sent(1.0, 0.7)], 'outside 0.0 to 0.6'),
    ([sent(1.0, float('nan'))], 'nan'),
    ([sent(1.0, 0.0), sent(1.1, 0.5)], 'too fast'),
    ([sent(1.0, 0.5), sent(1.01, 0.0)], None),
    ([sent(1.6, 0.1)], 'younger than the lease'),
    ([sent(1.6, 0.0)], None),
    ([sent(0.9, 0.1)], 'younger than the lease'),
])
def test_unsafe_commands_are_reported_with_their_stamps(commands, words):
    problems = unsafe_commands(BASE, commands, [1.0], 0.5, 0.02)
    assert bool(problems) == (words is not None)
    if words:
        assert words in problems[0]


def test_unsafe_commands_ramp_of_a_gate_is_safe():
    rng, now_s, value, commands = np.random.default_rng(0), 1.8e9, 0.5, []
    for _ in range(4_000):
        # as in a message
        seconds, nanoseconds = divmod(round(now_s * 1e9), 10**9)
        commands.append(sent(seconds + nanoseconds * 1e-9, 0.3, value))
        later_s = now_s + rng.uniform(0.001, 0.02)
        value += 4.0 * (later_s - now_s) * (-1 if value > 0 else 1)
        now_s = later_s
    captured = [stamp_s for stamp_s, _ in commands]
    assert unsafe_commands(BASE, commands, captured, 0.5, 0.02) == []


SLOWED = Actuator('twist_stamped', 'cmd_vel', {
    'linear.x': Limits(0.0, 0.6, 0.0, 2.0, max_decel_per_s=1.0),
    'angular.z': Limits(-1.0, 1.0, 0.0, 4.0)})


@pytest.mark.parametrize(('step', 'first', 'words'), [
    (0.02, 0.5, None), (0.05, 0.5, 'too fast'), (0.0, 0.5, 'younger than the lease'),
    (0.02, 0.0, None)])
def test_unsafe_commands_allow_a_deceleration_after_the_lease(step, first, words):
    commands = [sent(1.5 + 0.02 * index, max(0.0, first - step * index))
                for index in range(40)]
    problems = unsafe_commands(SLOWED, commands, [1.0], 0.5, 0.02)
    assert bool(problems) == (words is not None)
    if words:
        assert words in problems[0]


def test_unsafe_commands_allow_stamps_that_jitter_by_a_period_and_no_more_speed():
    rng = np.random.default_rng(0)
    jitter_s = rng.uniform(0.0, 0.02, 1000)
    for rate, words in ((2.0, False), (2.2, True)):
        values = [0.6 * abs(((rate * 0.02 * index / 0.6) % 2.0) - 1.0) for index in range(1000)]
        commands = [sent(10.0 + 0.02 * index + jitter_s[index], value)
                    for index, value in enumerate(values)]
        captured = [stamp_s for stamp_s, _ in commands]
        assert bool(unsafe_commands(BASE, commands, captured, 0.5, 0.02)) is words
