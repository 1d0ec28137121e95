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

from types import SimpleNamespace

from digiphys_ros.applications import find_application
from digiphys_ros.simulation import targets as target_module
from digiphys_ros.simulation.targets import merge_targets, Target
import pytest


def run(*events, speed_mps=0.3, limit_mps=0.5, unsafe=0):
    """Return ten seconds of the sign course."""
    frames = [SimpleNamespace(time_s=index / 10, state={
        'speed_mps': speed_mps, 'limit_mps': limit_mps}) for index in range(100)]
    return SimpleNamespace(frames=frames, unsafe_commands=unsafe, commands=500, events=[
        SimpleNamespace(kind='sign passed', detail=detail, right=right)
        for detail, right in events])


def targets(application, recording):
    return target_module.targets(find_application(application).parts().targets, recording)


def failed_targets(recording):
    return [one.name for one in targets('traffic_signs', recording) if not one.passed]


@pytest.mark.parametrize(('recording', 'names'), [
    (run(('stop', True), ('yield', True)), []),
    (run(('stop', False), *[('yield', True)] * 30), ['stops_obeyed']),
    (run(('stop', True), ('yield', False)), ['signs_right']),
    (run(('stop', True), speed_mps=0.52), []),
    (run(('stop', True), speed_mps=0.53), ['above_limit']),
    (run(('stop', True), unsafe=1), ['unsafe_commands']),
])
def test_targets_of_a_run_fail_by_their_limits(recording, names):
    assert failed_targets(recording) == names


def test_targets_not_judged_pass_and_say_so():
    found = targets('traffic_signs', run(limit_mps=float('inf')))
    assert all(one.passed for one in found)
    assert [one.name for one in found if one.value is None] == [
        'stops_obeyed', 'above_limit', 'signs_right']
    assert found[0].summary() == '--   stops_obeyed: nothing was judged'
    assert found[0].as_json() == {
        'name': 'stops_obeyed', 'value': None, 'judged': 0, 'limit': 1.0, 'passed': True}


def test_merge_targets_pools_fractions_adds_counts_and_takes_maxima():
    runs = [run(('yield', True), speed_mps=0.51, unsafe=1),
            run(*[('yield', False)] * 3, speed_mps=0.6, unsafe=2)]
    found = {one.name: one.value for one in merge_targets(
        [targets('traffic_signs', one) for one in runs])}
    assert found == {'stops_obeyed': None, 'above_limit': 0.2, 'signs_right': 0.25,
                     'unsafe_commands': 3}


def test_targets_wait_saved_is_relative_to_the_fixed_plan():
    last = SimpleNamespace(state={'arrived': 50, 'fixed_mean_wait_s': 10.0, 'mean_wait_s': 7.0,
                                  'head_conflicts': 0, 'conflicts': 0})
    found = targets('traffic_lights', SimpleNamespace(
        frames=[last], commands=9, unsafe_commands=0))
    assert found[0] == Target('wait_saved', 0.2, True, 'fraction', 150.0, 500.0,
                              needs_many_runs=True)
    assert found[0].value == 0.3
    assert found[0].summary() == 'ok   wait_saved 0.3 (of 500), at least 0.2'


def test_targets_application_without_actuators_has_none():
    assert targets('triage', run()) == []


@pytest.mark.parametrize(('belt_mps', 'passed'), [(0.3, True), (0.28, True), (0.12, False)])
def test_targets_slow_belt_fails_its_rated_speed(belt_mps, passed):
    frames = [SimpleNamespace(time_s=time_s, state={'belt_mps': belt_mps})
              for time_s in (0.0, 3.0, 4.0, 5.0, 6.0)]
    found = targets('sorting', SimpleNamespace(
        frames=frames, events=[], commands=9, unsafe_commands=0))
    [belt] = [one for one in found if one.name == 'belt_speed_of_rated']
    assert (belt.passed, belt.as_json()['judged']) == (passed, 4)
