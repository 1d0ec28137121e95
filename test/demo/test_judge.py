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

from digiphys_ros.demo import judge
import pytest


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


def test_accuracy_leaves_out_abstentions_and_unlabeled_frames():
    seen = [Seen(1.0, (('a', 0.9),)), Seen(2.0, (('a', 0.9),)), Seen(3.0, ()),
            Seen(4.0, (('b', 0.9),))]
    assert judge.accuracy(seen, {1.0: 'a', 2.0: 'b', 3.0: 'a'}) == 0.5
    assert judge.accuracy(seen, {}) is None


@pytest.mark.parametrize(('linear', 'angular', 'name'), [
    (0.0, 0.0, 'stop'), (0.2, 0.0, 'slow'), (0.2, 0.1, 'slow'), (0.5, 0.0, 'cruise'),
    (0.25, -0.5, 'turn right'), (0.0, 0.5, 'turn left')])
def test_reaction_names_the_motion(linear, angular, name):
    assert judge.reaction(linear, angular) == name


def test_encounters_compare_the_reaction_near_the_sign():
    labels = {index / 10: 'stop' if index < 10 else 'no_sign' for index in range(20)}
    commands = [Command(index / 10, 0.5 if index < 5 else 0.0) for index in range(20)]
    met = judge.encounters(labels, commands, lambda sign: 'stop', 'no_sign')
    assert [(one.sign, one.observed, one.right) for one in met] == [('stop', 'stop', True)]


def test_values_of_command_are_named_by_actuator_field():
    assert judge.values_of(Command(1.0, 0.3, -0.2)) == {'linear.x': 0.3, 'angular.z': -0.2}
