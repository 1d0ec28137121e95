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

from dataclasses import dataclass

from digiphys_ros.control import Actuator, Limits
from digiphys_ros.demo import judge
import numpy as np
import pytest

BASE = Actuator('twist_stamped', 'cmd_vel', {
    'linear.x': Limits(0.0, 0.6, 0.0, 2.0), 'angular.z': Limits(-1.0, 1.0, 0.0, 4.0)})


@dataclass
class Seen:
    stamp_s: float
    scores: tuple
    arrival_s: float = 0.0


@dataclass
class Command:
    stamp_s: float
    linear_mps: float
    angular_radps: float = 0.0


def test_accuracy_leaves_out_abstentions_and_unlabelled_frames():
    seen = [Seen(1.0, (('a', 0.9),)), Seen(2.0, (('a', 0.9),)), Seen(3.0, ()),
            Seen(4.0, (('b', 0.9),))]
    assert judge.accuracy(seen, {1.0: 'a', 2.0: 'b', 3.0: 'a'}) == 0.5
    assert judge.accuracy(seen, {}) is None


@pytest.mark.parametrize(('linear', 'angular', 'name'), [
    (0.0, 0.0, 'stop'), (0.2, 0.0, 'slow'), (0.2, 0.1, 'slow'), (0.5, 0.0, 'cruise'),
    (0.25, -0.5, 'turn right'), (0.0, 0.5, 'turn left')])
def test_reactions(linear, angular, name):
    assert judge.reaction(linear, angular) == name


def test_encounters_compare_what_was_done_near_the_sign():
    labels = {index / 10: 'stop' if index < 10 else 'no_sign' for index in range(20)}
    commands = [Command(index / 10, 0.5 if index < 5 else 0.0) for index in range(20)]
    met = judge.encounters(labels, commands, lambda sign: 'stop', 'no_sign')
    assert [(one.sign, one.observed, one.right) for one in met] == [('stop', 'stop', True)]


@pytest.mark.parametrize(('commands', 'words'), [
    ([Command(1.0, 0.0), Command(1.1, 0.1)], None),
    ([Command(1.0, 0.7)], 'outside 0.0 to 0.6'),
    ([Command(1.0, float('nan'))], 'nan'),
    ([Command(1.0, 0.0), Command(1.1, 0.5)], 'too fast'),
    ([Command(1.0, 0.5), Command(1.01, 0.0)], None),
    ([Command(1.6, 0.1)], 'younger than the lease'),
    ([Command(1.6, 0.0)], None),
    ([Command(0.9, 0.1)], 'younger than the lease'),
])
def test_unsafe_commands_are_found_by_their_stamps(commands, words):
    problems = judge.unsafe_commands(commands, [1.0], BASE, 0.5, 0.02)
    assert bool(problems) == (words is not None)
    if words:
        assert words in problems[0]


def test_a_ramp_of_the_gates_own_making_is_not_too_fast():
    rng, now_s, value, commands = np.random.default_rng(0), 1.8e9, 0.5, []
    for _ in range(4_000):
        # as a message carries it
        seconds, nanoseconds = divmod(round(now_s * 1e9), 10**9)
        commands.append(Command(seconds + nanoseconds * 1e-9, 0.3, value))
        later_s = now_s + rng.uniform(0.001, 0.02)
        value += 4.0 * (later_s - now_s) * (-1 if value > 0 else 1)
        now_s = later_s
    captured = [command.stamp_s for command in commands]
    assert judge.unsafe_commands(commands, captured, BASE, 0.5, 0.02) == []


SLOWED = Actuator('twist_stamped', 'cmd_vel', {
    'linear.x': Limits(0.0, 0.6, 0.0, 2.0, max_decel_per_s=1.0),
    'angular.z': Limits(-1.0, 1.0, 0.0, 4.0)})


@pytest.mark.parametrize(('step', 'first', 'words'), [
    (0.02, 0.5, None), (0.05, 0.5, 'too fast'), (0.0, 0.5, 'younger than the lease'),
    (0.02, 0.0, None)])
def test_unsafe_commands_allow_a_deceleration_after_the_lease(step, first, words):
    commands = [Command(1.5 + 0.02 * index, max(0.0, first - step * index))
                for index in range(40)]
    problems = judge.unsafe_commands(commands, [1.0], SLOWED, 0.5, 0.02)
    assert bool(problems) == (words is not None)
    if words:
        assert words in problems[0]


def test_unsafe_commands_allow_stamps_that_jitter_by_a_period_and_no_more_speed():
    rng = np.random.default_rng(0)
    jitter_s = rng.uniform(0.0, 0.02, 1000)
    for rate, words in ((2.0, False), (2.2, True)):
        values = [0.6 * abs(((rate * 0.02 * index / 0.6) % 2.0) - 1.0) for index in range(1000)]
        commands = [Command(10.0 + 0.02 * index + jitter_s[index], value)
                    for index, value in enumerate(values)]
        captured = [command.stamp_s for command in commands]
        assert bool(judge.unsafe_commands(commands, captured, BASE, 0.5, 0.02)) is words
