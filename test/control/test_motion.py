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
import itertools

from digiphys_ros.control import Actuator, DesiredCommand, Gate, GateState, Limits
from digiphys_ros.control.motion import LONGEST_STEP_S
import pytest

LEASE_S = 0.5
PERIOD_S = 0.02
HELD = Limits(-1.0, 2.0, None, 0.5)
HOMED = Limits(-1.0, 2.0, 0.0, 0.5, stop_rate_per_s=0.25)
SLOWED = Limits(-0.5, 1.0, 0.0, 1.0, max_decel_per_s=2.0)
EASED = Limits(-0.5, 1.0, 0.0, 1.0, max_decel_per_s=2.0, max_jerk_per_s2=4.0)


class Guarded:
    """A gate on its own clock; each step first submits the current command."""

    def __init__(self, kind='joint_trajectory', **fields):
        self.gate = Gate(Actuator(kind, 'arm', fields), LEASE_S)
        self.gate.activate()
        self.now_s = 100.0

    def step(self, **values):
        self.now_s += PERIOD_S
        if values:
            assert self.gate.submit(DesiredCommand(values, self.now_s), self.now_s) is None
        return self.gate.step(self.now_s)

    def run(self, seconds, **values):
        return [self.step(**values) for _ in range(round(seconds / PERIOD_S))]


def changes(outputs, name='a'):
    return [after.values[name] - before.values[name]
            for before, after in itertools.pairwise(outputs)]


def test_gate_holding_position_sends_nothing_before_the_first_command():
    guarded = Guarded(a=HELD)
    for output in guarded.run(1.0):
        assert output.values == {}
    guarded.gate.estop(True)
    assert guarded.step().values == {}
    assert guarded.gate.shutdown_output(guarded.now_s).values == {}


@pytest.mark.field(
    'RethinkRobotics/intera_sdk #49',
    'the first position of an arm is reached faster than expected')
def test_gate_first_position_has_the_time_of_the_whole_range():
    guarded = Guarded(a=HELD)
    outputs = guarded.run(8.0, a=1.5)
    range_s = 3.0 / 0.5
    assert outputs[0].values == {'a': 1.5}
    assert outputs[0].reach_s == range_s
    assert outputs[1].reach_s == pytest.approx(range_s - PERIOD_S)
    assert outputs[-1].reach_s == LONGEST_STEP_S


def test_gate_first_position_is_repeated_until_reached():
    guarded = Guarded(a=HELD)
    guarded.step(a=1.5)
    outputs = guarded.run(5.9, a=0.0)
    assert {output.values['a'] for output in outputs} == {1.5}
    outputs = guarded.run(4.0, a=0.0)
    assert max(map(abs, changes(outputs))) <= 0.5 * PERIOD_S + 1e-9
    assert outputs[-1].values == {'a': 0.0}


@pytest.mark.parametrize('stop', [
    lambda gate: gate.estop(True), lambda gate: gate.trip(), lambda gate: gate.deactivate(),
    lambda gate: gate.fault('a stall'), lambda gate: gate.step(5.0),
    lambda gate: gate.step(float('nan')), lambda gate: gate.shutdown_output(200.0),
    lambda gate: gate.submit(DesiredCommand({'a': float('nan')}, 1.0), 1.0), lambda gate: None])
def test_gate_holding_position_is_repeated_in_every_safe_state(stop):
    guarded = Guarded(a=HELD)
    guarded.run(7.0, a=1.5)
    held = guarded.run(1.0, a=0.0)[-1].values['a']
    assert 0.9 < held < 1.1
    stop(guarded.gate)
    outputs = guarded.run(2.0)
    assert outputs[-1].state is not GateState.OBEYING
    # the lease may keep it moving for a while
    assert len({output.values['a'] for output in outputs[30:]}) == 1
    assert abs(outputs[0].values['a'] - held) <= 0.5 * PERIOD_S + 1e-9
    assert max(map(abs, changes(outputs))) <= 0.5 * PERIOD_S + 1e-9


def test_gate_forgotten_position_gets_the_time_of_the_whole_range():
    guarded = Guarded(a=HELD)
    guarded.run(7.0, a=1.5)
    guarded.gate.forget_position()
    output = guarded.step(a=0.0)
    assert (output.values, output.reach_s) == ({'a': 0.0}, 6.0)
    assert {one.values['a'] for one in guarded.run(5.9, a=1.0)} == {0.0}


STOPS = {'estop': lambda gate: gate.estop(True), 'fault': lambda gate: gate.fault('a stall'),
         'deactivate': lambda gate: gate.deactivate(),
         'end': lambda gate: gate.shutdown_output(200.0),
         'lost images': lambda gate: None}


@pytest.mark.parametrize('stop', [stop for stop in STOPS if stop != 'end'])
@pytest.mark.field(
    'ros-controls/ros2_controllers #683',
    'an arm that was stopped on its way goes on, as an empty trajectory stops nothing')
def test_gate_holding_arm_stops_during_its_first_motion(stop):
    guarded = Guarded(a=HELD)
    guarded.run(1.0, a=1.5)
    if stop == 'lost images':
        guarded.run(LEASE_S + PERIOD_S)
    STOPS[stop](guarded.gate)
    outputs = guarded.run(1.0)
    sent = [output for output in outputs if output.values]
    # one message stops the arm at any position; the next ones are for a subscriber that missed it
    assert sent
    assert all(output.values == {'a': 1.5} and output.reach_s >= 86_400.0 for output in sent)
    assert outputs[20:] == [output for output in outputs[20:] if not output.values]


def test_gate_shutdown_output_stops_a_holding_arm():
    guarded = Guarded(a=HELD)
    guarded.run(1.0, a=1.5)
    output = guarded.gate.shutdown_output(guarded.now_s + PERIOD_S)
    assert (output.values, output.reach_s) == ({'a': 1.5}, 86_400.0)


def test_gate_after_a_stopped_first_motion_starts_a_new_one():
    guarded = Guarded(a=HELD)
    guarded.run(1.0, a=1.5)
    guarded.gate.fault('a stall')
    guarded.run(1.0)
    outputs = guarded.run(8.0, a=-0.5)
    assert (outputs[0].values, outputs[0].reach_s) == ({'a': -0.5}, 6.0)
    assert {output.values['a'] for output in outputs} == {-0.5}
    assert outputs[-1].reach_s == LONGEST_STEP_S


def test_gate_forgotten_position_in_safe_state_does_not_move_an_arm():
    guarded = Guarded(a=HELD)
    guarded.run(7.0, a=1.5)
    guarded.gate.estop(True)
    guarded.run(0.1)
    guarded.gate.forget_position()
    assert not any(output.values for output in guarded.run(2.0))
    assert guarded.gate.shutdown_output(guarded.now_s).reach_s >= 86_400.0


@pytest.mark.parametrize('field', [HELD, HOMED])
@pytest.mark.parametrize('kind', ['float64', 'message'])
def test_gate_position_without_time_sends_nothing_before_the_first_command(kind, field):
    guarded = Guarded(kind, a=field)
    guarded.gate.estop(True)
    for output in (*guarded.run(1.0), guarded.gate.shutdown_output(guarded.now_s)):
        assert output.values == {}


@pytest.mark.parametrize('stop', STOPS)
@pytest.mark.parametrize('first_s', [0.1, 20.0])
@pytest.mark.parametrize('kind', ['float64', 'message'])
def test_gate_position_without_time_jumps_only_to_the_first_value(kind, first_s, stop):
    guarded = Guarded(kind, a=HOMED)
    outputs = guarded.run(first_s, a=1.5)
    if stop == 'end':
        outputs.append(guarded.gate.shutdown_output(guarded.now_s + PERIOD_S))
    else:
        STOPS[stop](guarded.gate)
    stopping = guarded.run(10.0)
    assert max(map(abs, changes([*outputs, *stopping]))) <= 0.5 * PERIOD_S + 1e-9
    assert -min(changes(stopping)) == pytest.approx(0.25 * PERIOD_S)
    assert stopping[-1].values == {'a': 0.0}


def test_gate_position_without_time_forgotten_does_not_jump():
    guarded = Guarded('float64', a=HELD)
    guarded.run(7.0, a=1.5)
    guarded.gate.forget_position()
    assert guarded.step(a=0.0).values == {'a': 1.5}
    guarded.gate.estop(True)
    guarded.gate.forget_position()
    assert guarded.step().values == {}
    assert guarded.gate.shutdown_output(guarded.now_s).values == {}
    guarded.gate.estop(False)
    guarded.gate.reset(guarded.now_s)
    guarded.gate.activate()
    assert guarded.step(a=0.0).values == {'a': 1.5}


def test_gate_velocity_has_no_position_to_forget():
    guarded = Guarded(a=SLOWED)
    guarded.run(2.0, a=1.0)
    guarded.gate.forget_position()
    assert guarded.step(a=0.9).values['a'] == pytest.approx(0.96)


def test_gate_safe_position_at_start_has_the_time_of_the_whole_range():
    guarded = Guarded(a=HOMED)
    output = guarded.step()
    assert (output.values, output.reach_s) == ({'a': 0.0}, 12.0)
    assert guarded.step(a=1.0).values == {'a': 0.0}


def test_gate_without_clock_gives_the_first_position_its_time():
    gate = Gate(Actuator('joint_trajectory', 'arm', {'a': HOMED}), LEASE_S)
    assert gate.step(float('nan')).reach_s == 12.0
    assert gate.step(100.0).reach_s == 12.0


def test_gate_safe_position_is_approached_at_the_stop_rate():
    guarded = Guarded(a=HOMED)
    guarded.run(12.5)
    reached = guarded.run(4.0, a=1.5)
    assert max(changes(reached)) == pytest.approx(0.5 * PERIOD_S)
    guarded.gate.estop(True)
    outputs = [reached[-1], *guarded.run(7.0)]
    assert min(changes(outputs)) == pytest.approx(-0.25 * PERIOD_S)
    assert outputs[-1].values == {'a': 0.0}


def test_gate_shutdown_output_gives_a_safe_position_its_time():
    guarded = Guarded(a=HOMED)
    guarded.run(12.5)
    guarded.run(4.0, a=1.5)
    output = guarded.gate.shutdown_output(guarded.now_s)
    assert output.values == {'a': 0.0}
    assert output.reach_s == pytest.approx(1.5 / 0.25, abs=0.2)


def test_gate_shutdown_output_gives_a_nonzero_safe_position_its_time():
    guarded = Guarded(a=Limits(-1.0, 2.0, 1.0, 0.5, stop_rate_per_s=0.25))
    guarded.run(12.5)
    guarded.run(4.0, a=1.5)
    output = guarded.gate.shutdown_output(guarded.now_s)
    assert output.values == {'a': 1.0}
    assert output.reach_s == pytest.approx(0.5 / 0.25, abs=0.2)


def test_gate_velocity_slows_at_max_decel():
    guarded = Guarded(a=SLOWED)
    fast = guarded.run(2.0, a=1.0)
    assert max(changes(fast)) == pytest.approx(1.0 * PERIOD_S)
    slower = [fast[-1], *guarded.run(0.1, a=0.9)]
    assert min(changes(slower)) == pytest.approx(-2.0 * PERIOD_S)
    guarded.gate.estop(True)
    stopping = [slower[-1], *guarded.run(1.0)]
    assert min(changes(stopping)) == pytest.approx(-2.0 * PERIOD_S)
    assert stopping[24].values['a'] == 0.0


def test_gate_velocity_reverses_through_the_safe_value():
    guarded = Guarded(a=SLOWED)
    outputs = [guarded.run(2.0, a=1.0)[-1], *guarded.run(2.0, a=-0.5)]
    values = [output.values['a'] for output in outputs]
    assert 0.0 in values
    assert min(changes(outputs[:values.index(0.0)])) == pytest.approx(-2.0 * PERIOD_S)
    assert min(changes(outputs[values.index(0.0):])) == pytest.approx(-1.0 * PERIOD_S)
    assert values[-1] == -0.5


def test_gate_shutdown_output_stops_a_velocity_with_max_decel():
    guarded = Guarded(a=SLOWED)
    guarded.run(2.0, a=1.0)
    assert guarded.gate.shutdown_output(guarded.now_s).values == {'a': 0.0}


def test_gate_commanded_stop_ignores_the_jerk_limit():
    guarded = Guarded(a=EASED)
    fast = guarded.run(2.0, a=1.0)
    assert min(changes([fast[-1], *guarded.run(0.2, a=0.0)])) == pytest.approx(-2.0 * PERIOD_S)


@pytest.mark.parametrize('wanted', [1.0, 0.3, 0.017, -0.4])
def test_gate_jerk_limit_starts_and_arrives_smoothly(wanted):
    guarded = Guarded(a=EASED)
    outputs = guarded.run(0.1) + guarded.run(3.0, a=wanted)
    rates = [change / PERIOD_S for change in changes(outputs)]
    jerks = [(after - before) / PERIOD_S for before, after in itertools.pairwise(rates)]
    assert outputs[-1].values['a'] == pytest.approx(wanted)
    assert max(map(abs, rates)) <= 1.0 + 1e-9
    assert max(map(abs, jerks)) <= 4.0 * 1.3
    assert all(abs(output.values['a']) <= abs(wanted) + 1e-9 for output in outputs)


def test_gate_jerk_limit_never_moves_away_from_the_command():
    guarded = Guarded(a=EASED)
    rising = guarded.run(0.4, a=1.0)
    assert changes(rising)[-1] > 0.0
    assert max(changes([rising[-1], *guarded.run(1.0, a=0.1)])) <= 0.0


def test_motion_with_only_some_holding_fields_is_refused():
    with pytest.raises(ValueError, match='hold or none does'):
        Guarded(a=HELD, b=HOMED)


def test_gate_position_is_not_stopped_by_a_stale_command():
    guarded = Guarded(a=HELD)
    guarded.run(7.0, a=1.5)
    guarded.gate.submit(DesiredCommand({'a': 0.0}, 1.0), guarded.now_s)
    assert guarded.step().state is GateState.OBEYING
