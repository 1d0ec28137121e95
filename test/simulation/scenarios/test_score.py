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

from digiphys_ros.simulation.loop import Unsafe
from digiphys_ros.simulation.scenarios import score
from digiphys_ros.simulation.scenarios.faults import CameraFault, Delayed, Killed
import pytest


def run(count=100, rate_hz=10.0, events=(), **by_time):
    """Return a recording; each keyword is a function of time."""
    def frame(time_s):
        values = {name: value(time_s) for name, value in by_time.items()}
        return SimpleNamespace(
            time_s=time_s, ground_truth=values.pop('ground_truth', 'a'),
            prediction=values.pop('prediction', 'a'),
            gate_states={'base': values.pop('state', 'obeying')}, state=values)
    return SimpleNamespace(frames=[frame(index / rate_hz) for index in range(count)],
                           events=list(events))


def event(time_s, right, detail='stop', kind='sign passed'):
    return SimpleNamespace(time_s=time_s, kind=kind, detail=detail, right=right)


def test_a_fact_above_its_bound_fails_at_the_first_such_frame():
    recording = run(misses=lambda time_s: int(time_s // 3))
    assert score.fact_at_most(recording, 'misses', 3) is None
    failure = score.fact_at_most(recording, 'misses', 1)
    assert failure.time_s == 6.0
    assert failure.sentence == 'misses is 2, more than 1'


def test_a_fact_below_its_bound_fails_at_the_end():
    recording = run(parts=lambda time_s: int(time_s))
    assert score.fact_at_least_at_end(recording, 'parts', 9) is None
    assert score.fact_at_least_at_end(recording, 'parts', 10).time_s == 9.9


def test_no_miss_counts_only_where_a_part_could_be_missed():
    recording = run(misses=lambda _: 0, defective=lambda time_s: int(time_s > 5.0))
    assert score.misses_at_most(recording, 0) is None
    none_came = run(misses=lambda _: 0, defective=lambda _: 0)
    assert 'no defective part came' in score.misses_at_most(none_came, 0).sentence
    missed = run(misses=lambda time_s: int(time_s > 3.0), defective=lambda _: 1)
    assert score.misses_at_most(missed, 0).time_s == 3.1


def test_who_abstains_for_long_has_to_be_slow():
    unsure = {'prediction': lambda time_s: None if 2.0 <= time_s < 6.0 else 'a'}
    slowed = run(belt_mps=lambda time_s: 0.12 if 3.0 <= time_s < 7.0 else 0.3, **unsure)
    assert score.slow_while_abstaining(slowed, 'belt_mps', 0.13) is None
    late = run(belt_mps=lambda time_s: 0.12 if 5.0 <= time_s < 7.0 else 0.3, **unsure)
    assert score.slow_while_abstaining(late, 'belt_mps', 0.13).time_s == 3.5
    sure = score.slow_while_abstaining(run(belt_mps=lambda _: 0.0), 'belt_mps', 0.13)
    assert 'never without an answer' in sure.sentence


def test_who_leaves_the_course_has_not_stayed_on_it():
    recording = run(events=[event(2.0, False, 'stop'), event(4.0, False, 'yield', 'course left')])
    assert score.never_happens(recording, 'course left').time_s == 4.0
    assert score.never_happens(run(events=[event(2.0, False)]), 'course left') is None


@pytest.mark.parametrize(('slowed_at_s', 'failed_at_s'), [(4.9, None), (5.9, None), (7.0, 6.0)])
def test_a_lowered_limit_binds_after_a_second(slowed_at_s, failed_at_s):
    recording = run(limit_mps=lambda time_s: 0.5 if time_s < 5.0 else 0.2,
                    speed_mps=lambda time_s: 0.5 if time_s < slowed_at_s else 0.2)
    failure = score.never_above_limit(recording, 0.05)
    assert (failure.time_s if failure else None) == failed_at_s


def test_a_limit_that_was_never_lowered_has_no_grace():
    recording = run(limit_mps=lambda time_s: 0.5, speed_mps=lambda time_s: 0.6)
    assert score.never_above_limit(recording, 0.05).time_s == 0.0
    assert score.never_above_limit(recording, 0.2) is None


def test_right_events_are_counted_by_detail_and_fail_at_the_one_too_many():
    recording = run(events=[
        event(1.0, False, 'yield'), event(2.0, True), event(3.0, False), event(4.0, True),
        event(5.0, None), event(6.0, False)])
    assert score.events_right(recording, 'sign passed', 0.5, 'stop') is None
    assert score.events_right(recording, 'sign passed', 0.75, 'stop').time_s == 6.0
    assert score.events_right(recording, 'sign passed', 1.0).time_s == 1.0
    assert 'wrong: stop, yield' in score.events_right(recording, 'sign passed', 1.0).sentence


def test_an_event_that_never_came_cannot_have_been_right():
    assert 'there was no' in score.events_right(run(), 'sign passed', 0.0, 'stop').sentence


def test_only_answers_with_a_known_truth_are_judged():
    recording = run(
        ground_truth=lambda time_s: None if time_s < 1.0 else 'a',
        prediction=lambda time_s: 'b' if time_s < 2.0 else None if time_s < 3.0 else 'a')
    assert score.answers_right(recording, 0.8) is None
    assert score.answers_right(recording, 0.9).time_s == 1.0
    assert 'never answered' in score.answers_right(run(prediction=lambda _: None), 0.0).sentence


def test_answers_during_a_fault_are_counted():
    fault = CameraFault(kind='camera_black', from_s=2.0, to_s=4.0)
    recording = run(prediction=lambda time_s: None if 2.0 <= time_s < 3.0 else 'a')
    assert score.answers_at_most(recording, 0.5, [fault]) is None
    assert score.answers_at_most(recording, 0.4, [fault]).time_s == 3.0


@pytest.mark.parametrize('fault', [
    CameraFault(kind='camera_frozen', from_s=2.0, to_s=6.0),
    Killed(kind='node_killed', node='policy', from_s=2.0, to_s=6.0),
    Killed(kind='node_killed', node='classifier', from_s=2.0),
])
def test_the_safe_state_is_due_while_a_blinding_fault_lasts(fault):
    recording = run(state=lambda time_s: 'obeying' if time_s < 2.6 or time_s >= 6.0
                    else 'expired')
    expected = None if fault.to_s else 6.0
    failure = score.safe_state_within(recording, 0.6, [fault])
    assert (failure.time_s if failure else None) == expected
    assert score.safe_state_within(recording, 0.4, [fault]).time_s == 2.5


def test_a_short_delay_or_a_dead_gate_asks_for_no_safe_state():
    faults = [Delayed(kind='command_delayed', from_s=0.0, delay_s=0.1),
              Killed(kind='node_killed', node='gate', from_s=1.0)]
    assert score.safe_state_within(run(), 0.1, faults) is None


def test_recovery_counts_from_the_end_of_the_fault():
    fault = CameraFault(kind='camera_black', from_s=2.0, to_s=4.0)
    recording = run(state=lambda time_s: 'expired' if 2.5 <= time_s < 5.0 else 'obeying')
    assert score.recovers_within(recording, 1.0, [fault]) is None
    assert score.recovers_within(recording, 0.8, [fault]).time_s == 4.8


def test_an_unsafe_command_fails_at_its_moment():
    recording = run()
    recording.unsafe_commands, recording.commands = 0, 50
    assert score.no_unsafe_command(recording) is None
    recording.unsafe_commands, recording.unsafe = 2, [
        Unsafe(3.02, 'at 3.020 s, base: is too fast', {'base': {'linear.x': 9.0}}),
        Unsafe(4.0, 'at 4.000 s, base: is too fast', {'base': {'linear.x': 8.0}})]
    failure = score.no_unsafe_command(recording)
    assert (failure.time_s, failure.command) == (3.02, {'base': {'linear.x': 9.0}})


@pytest.mark.parametrize('judge', [
    lambda recording, faults: score.answers_at_most(recording, 1.0, faults),
    lambda recording, faults: score.safe_state_within(recording, 0.5, faults),
    lambda recording, faults: score.recovers_within(recording, 0.5, faults),
    lambda recording, faults: score.speed_again_within(recording, 'belt_mps', 0.3, 0.5, faults)])
def test_a_run_that_ends_before_its_fault_has_shown_nothing(judge):
    recording = run(belt_mps=lambda _: 0.3)
    failure = judge(recording, [CameraFault(kind='camera_black', from_s=50.0, to_s=60.0)])
    assert failure.time_s == 9.9
    assert failure.sentence.startswith('the run ended at 9.9 s, before')


def advised(prediction, *logged, problems=()):
    """Return a recording in which cases 1, 2, ... were answered, and what its log holds."""
    frames = [SimpleNamespace(time_s=float(number), prediction=label,
                              case='' if label == 'black' else str(number))
              for number, label in enumerate(prediction, 1)]
    for frame in frames:
        frame.prediction = None if frame.prediction == 'black' else frame.prediction
    entries = tuple({'case': case, 'label': label} for case, label in logged)
    return SimpleNamespace(frames=frames, audit=SimpleNamespace(
        advice=entries, finding=SimpleNamespace(problems=problems)))


@pytest.mark.parametrize(('recording', 'sentence'), [
    (advised(['a', None, 'black', 'b'], ('1', 'a'), ('2', None), ('4', 'b')), ''),
    (advised(['a', 'b'], ('1', 'a')), 'the advice b is not in the audit log'),
    (advised(['a', None], ('1', 'a')), 'the advice None is not in the audit log'),
    (advised(['a'], ('1', 'b')), 'the advice a is not in the audit log'),
    (advised(['a'], ('1', 'a'), ('2', 'b')), 'case 2 is in the audit log and was not advised'),
    (advised(['a'], ('1', 'a'), problems=['entry 1 in line 1 was changed']), 'entry 1 in line 1'),
    (advised([None], ('1', None)), 'nothing was advised'),
])
def test_an_audit_log_holds_all_advice_and_no_more(recording, sentence):
    failure = score.audit_log_complete(recording)
    assert (failure is None) is (sentence == '')
    assert sentence in (failure.sentence if failure else '')


def test_a_belt_has_to_be_as_fast_as_before_once_a_fault_is_over():
    fault = CameraFault(kind='camera_frozen', from_s=2.0, to_s=4.0)
    back = run(belt_mps=lambda time_s: 0.12 if 3.0 <= time_s < 5.0 else 0.3)
    assert score.speed_again_within(back, 'belt_mps', 0.3, 1.5, [fault]) is None
    failure = score.speed_again_within(back, 'belt_mps', 0.3, 0.5, [fault])
    assert (failure.time_s, failure.sentence) == (
        4.5, 'belt_mps is 0.12, less than 0.3, 0.5 s after camera_frozen ended')
