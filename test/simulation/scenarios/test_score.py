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


def test_state_at_most_exceeded_fails_at_the_first_such_frame():
    recording = run(misses=lambda time_s: int(time_s // 3))
    assert score.state_at_most(recording, 'misses', 3) is None
    failure = score.state_at_most(recording, 'misses', 1)
    assert failure.time_s == 6.0
    assert failure.reason == 'misses is 2, more than 1'


def test_state_at_least_at_end_below_bound_fails_at_the_end():
    recording = run(parts=lambda time_s: int(time_s))
    assert score.state_at_least_at_end(recording, 'parts', 9) is None
    assert score.state_at_least_at_end(recording, 'parts', 10).time_s == 9.9


def test_misses_at_most_without_defective_part_fails():
    recording = run(misses=lambda _: 0, defective=lambda time_s: int(time_s > 5.0))
    assert score.misses_at_most(recording, 0) is None
    no_defective = run(misses=lambda _: 0, defective=lambda _: 0)
    assert 'no defective part' in score.misses_at_most(no_defective, 0).reason
    missed = run(misses=lambda time_s: int(time_s > 3.0), defective=lambda _: 1)
    assert score.misses_at_most(missed, 0).time_s == 3.1


def test_slow_while_abstaining_fast_belt_fails_after_the_grace_period():
    unsure = {'prediction': lambda time_s: None if 2.0 <= time_s < 6.0 else 'a'}
    slowed = run(belt_mps=lambda time_s: 0.12 if 3.0 <= time_s < 7.0 else 0.3, **unsure)
    assert score.slow_while_abstaining(slowed, 'belt_mps', 0.13) is None
    late = run(belt_mps=lambda time_s: 0.12 if 5.0 <= time_s < 7.0 else 0.3, **unsure)
    assert score.slow_while_abstaining(late, 'belt_mps', 0.13).time_s == 3.5
    sure = score.slow_while_abstaining(run(belt_mps=lambda _: 0.0), 'belt_mps', 0.13)
    assert 'never abstained' in sure.reason


def test_never_happens_event_of_that_kind_fails():
    recording = run(events=[event(2.0, False, 'stop'), event(4.0, False, 'yield', 'course left')])
    assert score.never_happens(recording, 'course left').time_s == 4.0
    assert score.never_happens(run(events=[event(2.0, False)]), 'course left') is None


@pytest.mark.parametrize(('slowed_at_s', 'failed_at_s'), [(4.9, None), (5.9, None), (7.0, 6.0)])
def test_never_above_limit_lowered_limit_applies_after_a_second(slowed_at_s, failed_at_s):
    recording = run(limit_mps=lambda time_s: 0.5 if time_s < 5.0 else 0.2,
                    speed_mps=lambda time_s: 0.5 if time_s < slowed_at_s else 0.2)
    failure = score.never_above_limit(recording, 0.05)
    assert (failure.time_s if failure else None) == failed_at_s


def test_never_above_limit_constant_limit_has_no_grace_period():
    recording = run(limit_mps=lambda time_s: 0.5, speed_mps=lambda time_s: 0.6)
    assert score.never_above_limit(recording, 0.05).time_s == 0.0
    assert score.never_above_limit(recording, 0.2) is None


def test_events_right_by_detail_fails_at_the_event_that_exceeds_the_bound():
    recording = run(events=[
        event(1.0, False, 'yield'), event(2.0, True), event(3.0, False), event(4.0, True),
        event(5.0, None), event(6.0, False)])
    assert score.events_right(recording, 'sign passed', 0.5, 'stop') is None
    assert score.events_right(recording, 'sign passed', 0.75, 'stop').time_s == 6.0
    assert score.events_right(recording, 'sign passed', 1.0).time_s == 1.0
    assert 'wrong: stop, yield' in score.events_right(recording, 'sign passed', 1.0).reason


def test_events_right_without_events_fails():
    assert 'there was no' in score.events_right(run(), 'sign passed', 0.0, 'stop').reason


def test_answers_right_judges_only_frames_with_ground_truth():
    recording = run(
        ground_truth=lambda time_s: None if time_s < 1.0 else 'a',
        prediction=lambda time_s: 'b' if time_s < 2.0 else None if time_s < 3.0 else 'a')
    assert score.answers_right(recording, 0.8) is None
    assert score.answers_right(recording, 0.9).time_s == 1.0
    assert 'never answered' in score.answers_right(run(prediction=lambda _: None), 0.0).reason


def test_answers_at_most_counts_answers_during_the_fault():
    fault = CameraFault(kind='camera_black', from_s=2.0, to_s=4.0)
    recording = run(prediction=lambda time_s: None if 2.0 <= time_s < 3.0 else 'a')
    assert score.answers_at_most(recording, 0.5, [fault]) is None
    assert score.answers_at_most(recording, 0.4, [fault]).time_s == 3.0


@pytest.mark.parametrize('fault', [
    CameraFault(kind='camera_frozen', from_s=2.0, to_s=6.0),
    Killed(kind='node_killed', node='policy', from_s=2.0, to_s=6.0),
    Killed(kind='node_killed', node='classifier', from_s=2.0),
])
def test_safe_state_within_fault_without_fresh_images_requires_safe_state(fault):
    recording = run(state=lambda time_s: 'obeying' if time_s < 2.6 or time_s >= 6.0
                    else 'expired')
    expected = None if fault.to_s else 6.0
    failure = score.safe_state_within(recording, 0.6, [fault])
    assert (failure.time_s if failure else None) == expected
    assert score.safe_state_within(recording, 0.4, [fault]).time_s == 2.5


def test_safe_state_within_short_delay_or_dead_gate_passes():
    faults = [Delayed(kind='command_delayed', from_s=0.0, delay_s=0.1),
              Killed(kind='node_killed', node='gate', from_s=1.0)]
    assert score.safe_state_within(run(), 0.1, faults) is None


def test_recovers_within_counts_from_the_end_of_the_fault():
    fault = CameraFault(kind='camera_black', from_s=2.0, to_s=4.0)
    recording = run(state=lambda time_s: 'expired' if 2.5 <= time_s < 5.0 else 'obeying')
    assert score.recovers_within(recording, 1.0, [fault]) is None
    assert score.recovers_within(recording, 0.8, [fault]).time_s == 4.8


def test_no_unsafe_command_fails_at_the_first_unsafe_command():
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
    lambda recording, faults: score.speed_recovers_within(
        recording, 'belt_mps', 0.3, 0.5, faults)])
def test_judges_of_a_run_that_ends_before_the_fault_fail(judge):
    recording = run(belt_mps=lambda _: 0.3)
    failure = judge(recording, [CameraFault(kind='camera_black', from_s=50.0, to_s=60.0)])
    assert failure.time_s == 9.9
    assert failure.reason.startswith('the run ended at 9.9 s, before')


def advice_run(prediction, *logged, problems=()):
    """Return a recording with answers to cases 1, 2, ..., and with these log entries."""
    frames = [SimpleNamespace(time_s=float(number), prediction=label,
                              case='' if label == 'black' else str(number))
              for number, label in enumerate(prediction, 1)]
    for frame in frames:
        frame.prediction = None if frame.prediction == 'black' else frame.prediction
    entries = tuple({'case': case, 'label': label} for case, label in logged)
    return SimpleNamespace(frames=frames, audit=SimpleNamespace(
        advice=entries, finding=SimpleNamespace(problems=problems)))


@pytest.mark.parametrize(('recording', 'reason'), [
    (advice_run(['a', None, 'black', 'b'], ('1', 'a'), ('2', None), ('4', 'b')), ''),
    (advice_run(['a', 'b'], ('1', 'a')), 'the advice b is not in the audit log'),
    (advice_run(['a', None], ('1', 'a')), 'the advice None is not in the audit log'),
    (advice_run(['a'], ('1', 'b')), 'the advice a is not in the audit log'),
    (advice_run(['a'], ('1', 'a'), ('2', 'b')), 'case 2 in the audit log was not advised'),
    (advice_run(['a'], ('1', 'a'), problems=['entry 1 in line 1 was changed']),
     'entry 1 in line 1'),
    (advice_run([None], ('1', None)), 'nothing was advised'),
])
def test_audit_log_complete_missing_changed_or_extra_entries_fail(recording, reason):
    failure = score.audit_log_complete(recording)
    assert (failure is None) is (reason == '')
    assert reason in (failure.reason if failure else '')


def test_speed_recovers_within_slow_belt_after_the_fault_fails():
    fault = CameraFault(kind='camera_frozen', from_s=2.0, to_s=4.0)
    back = run(belt_mps=lambda time_s: 0.12 if 3.0 <= time_s < 5.0 else 0.3)
    assert score.speed_recovers_within(back, 'belt_mps', 0.3, 1.5, [fault]) is None
    failure = score.speed_recovers_within(back, 'belt_mps', 0.3, 0.5, [fault])
    assert (failure.time_s, failure.reason) == (
        4.5, 'belt_mps is 0.12, less than 0.3, 0.5 s after camera_frozen ended')
