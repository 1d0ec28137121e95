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
from random import Random

from digiphys_ros.control import Actuator, DesiredCommand, Gate, GateState, Limits, Refusal
from digiphys_ros.control.lease import SETTLE_S
import pytest

LEASE_S = 0.5
BASE = Actuator('twist_stamped', 'cmd_vel', {
    'linear.x': Limits(0.0, 0.6, 0.0, 2.0), 'angular.z': Limits(-1.0, 1.0, 0.0, 4.0)})


def command(stamp_s, linear=0.5, angular=0.0):
    return DesiredCommand({'linear.x': linear, 'angular.z': angular}, stamp_s)


@pytest.fixture
def gate():
    one = Gate(BASE, LEASE_S)
    one.activate()
    return one


def drive(gate, start_s=10.0, seconds=1.0):
    """Submit and step at 50 Hz; return the time at the end."""
    steps = round(seconds * 50)
    for index in range(steps):
        gate.submit(command(start_s + index / 50), start_s + index / 50)
        gate.step(start_s + index / 50)
    return start_s + (steps - 1) / 50


def test_gate_before_the_first_command_does_not_move(gate):
    output = gate.step(10.0)
    assert output.values == {'linear.x': 0.0, 'angular.z': 0.0}
    assert output.state is GateState.WAITING
    assert output.obeyed_stamp_s is None


def test_gate_command_is_obeyed_with_its_image_stamp(gate):
    now_s = drive(gate)
    output = gate.step(now_s)
    assert output.values['linear.x'] == 0.5
    assert output.state is GateState.OBEYING
    assert output.obeyed_stamp_s == now_s


def test_gate_command_is_reached_at_the_rate_limit(gate):
    gate.step(9.99)
    gate.submit(command(10.0), 10.0)
    values = [gate.step(10.0 + index * 0.02).values['linear.x'] for index in range(20)]
    assert values[0] == pytest.approx(0.02)
    assert values[1] == pytest.approx(0.06)
    assert values[-1] == 0.5


def test_gate_after_a_pause_moves_at_most_one_step(gate):
    gate.step(10.0)
    gate.submit(command(99.9), 100.0)
    assert gate.step(100.0).values['linear.x'] == pytest.approx(2.0 * 0.1)


def test_gate_stop_command_passes_at_once(gate):
    now_s = drive(gate)
    gate.submit(command(now_s + 0.01, linear=0.0), now_s + 0.01)
    assert gate.step(now_s + 0.01).values['linear.x'] == 0.0


def test_gate_command_is_clamped_to_the_limits(gate):
    for index in range(100):
        gate.submit(command(10 + index / 50, 99.0, -99.0), 10 + index / 50)
        output = gate.step(10 + index / 50)
    assert output.values == {'linear.x': 0.6, 'angular.z': -1.0}


def test_gate_lease_end_stops_motion(gate):
    now_s = drive(gate)
    assert gate.step(now_s + LEASE_S).values['linear.x'] == 0.5
    output = gate.step(now_s + LEASE_S + 0.001)
    assert output.values['linear.x'] == 0.0
    assert output.state is GateState.EXPIRED
    assert gate.safe_stops == 1


@pytest.mark.parametrize(('offered', 'now_s', 'refusal'), [
    (command(9.4), 10.0, Refusal.STALE),
    (command(10.01), 10.0, Refusal.FUTURE),
    (command(math.nan), 10.0, Refusal.NOT_FINITE),
    (command(10.0, linear=math.inf), 10.0, Refusal.NOT_FINITE),
    (DesiredCommand({'linear.x': 0.1}, 10.0), 10.0, Refusal.MISSING_FIELD),
    (DesiredCommand({'linear.x': 0.1, 'angular.z': 0.0, 'linear.y': 1.0}, 10.0), 10.0,
     Refusal.UNKNOWN_FIELD),
])
def test_gate_invalid_command_is_refused(gate, offered, now_s, refusal):
    assert gate.submit(offered, now_s) is refusal
    assert gate.refused[refusal] == 1
    assert gate.step(now_s).values['linear.x'] == 0.0


def test_gate_repeated_or_late_command_keeps_the_lease(gate):
    now_s = drive(gate)
    assert gate.submit(command(now_s), now_s + 0.1) is Refusal.REPEATED
    assert gate.submit(command(now_s - 0.02), now_s + 0.1) is Refusal.OUT_OF_ORDER
    assert gate.step(now_s + 0.1).values['linear.x'] == 0.5
    assert gate.step(now_s + LEASE_S + 0.01).values['linear.x'] == 0.0


@pytest.mark.field(
    'ros-controls/ros_controllers #283', 'a command with NaN sends the base off at full speed')
def test_gate_faulty_command_stops_at_once(gate):
    now_s = drive(gate)
    gate.submit(command(11.5, math.nan), now_s + 0.02)
    output = gate.step(now_s + 0.02)
    assert output.values['linear.x'] == 0.0
    assert output.state is GateState.FAULT
    gate.submit(command(now_s + 0.04), now_s + 0.04)
    assert gate.step(now_s + 0.06).state is GateState.OBEYING


@pytest.mark.parametrize('ahead_s', [0.012, 88.0])
def test_gate_command_from_the_future_stops_until_settled(gate, ahead_s):
    now_s = drive(gate)
    gate.submit(command(now_s + 0.02 + ahead_s), now_s + 0.02)
    output = gate.step(now_s + 0.02)
    assert (output.state, output.values['linear.x']) == (GateState.FAULT, 0.0)
    assert gate.images_ahead_s(now_s + 0.02) == pytest.approx(ahead_s)
    later_s = drive(gate, now_s + 0.04, SETTLE_S - 0.06)
    assert gate.step(later_s).state is GateState.FAULT
    assert gate.safe_stops == 1
    drive(gate, later_s + 0.05)
    assert gate.state is GateState.OBEYING


def test_gate_clock_sometimes_ahead_does_not_stop_and_go():
    def starts(settle_s):
        random, now_s, moves, count = Random(1), 100.0, False, 0
        guard = Gate(BASE, LEASE_S, settle_s=settle_s)
        guard.activate()
        for _ in range(30 * 300):
            now_s += 1 / 30
            ahead_s = 0.002 if random.random() < 0.01 else -0.01
            guard.submit(command(now_s + ahead_s), now_s)
            moved, moves = moves, guard.step(now_s).obeyed_stamp_s is not None
            count += moves and not moved
        return count
    # docs/reference/failure-behaviour.md gives both, as the reason for 10 s
    assert starts(10.0) < 10 < 60 < starts(1.0)


def test_gate_clock_that_loops_moves_in_each_lap_of_any_length(gate):
    for lap_s in (0.1, 0.3, 3.0, 300.0):
        for _ in range(3):
            gate.step(1000.0)
            assert gate.step(1000.0).values['linear.x'] == 0.0
            # one more image from the end of the previous lap
            gate.submit(command(1000.0 + lap_s), 1000.02)
            drive(gate, 1000.04, min(lap_s, 1.0))
            assert gate.state is GateState.OBEYING
            gate.step(1000.0 + lap_s)


def test_gate_estop_latches_and_reset_alone_does_not_move(gate):
    now_s = drive(gate)
    gate.estop(True)
    assert gate.step(now_s).values['linear.x'] == 0.0
    gate.estop(False)
    assert gate.submit(command(now_s + 0.1), now_s + 0.1) is Refusal.ESTOPPED
    assert gate.step(now_s + 0.1).state is GateState.ESTOPPED
    assert gate.reset(now_s + 0.2)
    assert gate.step(now_s + 0.2).state is GateState.WAITING
    assert gate.submit(command(now_s + 0.15), now_s + 0.25) is Refusal.STALE
    assert gate.submit(command(now_s + 0.24), now_s + 0.25) is None
    assert gate.step(now_s + 0.26).state is GateState.OBEYING


@pytest.mark.field(
    'UbiquityRobotics/magni_robot #81', 'the motors start again as soon as the e-stop is released')
def test_gate_reset_while_estop_is_pressed_is_refused(gate):
    gate.estop(True)
    assert not gate.reset(10.0)
    assert gate.step(10.0).state is GateState.ESTOPPED


def test_gate_estop_survives_deactivation(gate):
    gate.estop(True)
    gate.deactivate()
    gate.activate()
    assert gate.step(10.0).state is GateState.ESTOPPED


def test_gate_shutdown_output_is_safe_and_nothing_is_obeyed_later(gate):
    now_s = drive(gate)
    output = gate.shutdown_output(now_s)
    assert output.values == {'linear.x': 0.0, 'angular.z': 0.0}
    assert (output.state, output.obeyed_stamp_s) == (GateState.INACTIVE, None)
    assert gate.safe_stops == 1
    assert gate.submit(command(now_s + 0.02), now_s + 0.02) is Refusal.INACTIVE
    assert gate.step(now_s + 0.02).values['linear.x'] == 0.0


def test_gate_reason_of_each_state_is_a_sentence_for_people(gate):
    gate.deactivate()
    assert gate.reason == 'deactivated'
    gate.activate()
    assert gate.reason == 'no valid command yet'
    gate.trip()
    assert gate.reason == 'e-stop, waits for reset'
    gate.reset(10.0)
    assert gate.reason == 'reset, waits for a command from a newer image'
    drive(gate)
    assert gate.reason == 'obeying'


def test_gate_shutdown_output_uses_steady_time():
    held = Gate(Actuator('joint_trajectory', 'arm', {
        'a': Limits(-1.0, 2.0, 0.0, 0.5, stop_rate_per_s=0.25)}), LEASE_S)
    held.activate()
    assert held.step(10.0, 100.0).reach_s == 12.0
    # 2 s of the first motion are over, and the clock of the images stood still
    assert held.shutdown_output(10.0, 102.0).reach_s == pytest.approx(10.0)


def test_gate_inactive_is_safe_and_refuses(gate):
    now_s = drive(gate)
    gate.deactivate()
    assert gate.step(now_s).values['linear.x'] == 0.0
    assert gate.submit(command(now_s + 0.1), now_s + 0.1) is Refusal.INACTIVE


def test_gate_clock_jump_back_stops_and_recovers(gate):
    drive(gate, start_s=1000.0)
    output = gate.step(5.0)
    assert output.values['linear.x'] == 0.0
    assert output.state is GateState.WAITING
    assert gate.submit(command(1000.99), 5.01) is Refusal.FUTURE
    now_s = drive(gate, start_s=5.1)
    assert gate.step(now_s).values['linear.x'] == 0.5


def test_gate_safe_state_is_that_of_the_actuator():
    lanes = Actuator('float64', 'diverter', {'data': Limits(0.0, 2.0, 1.0, 10.0)})
    assert Gate(lanes, LEASE_S).step(0.0).values == {'data': 1.0}


@pytest.mark.parametrize('lease_s', [0.0, -1.0, math.nan, math.inf])
def test_gate_invalid_lease_is_refused(lease_s):
    with pytest.raises(ValueError, match='lease_s'):
        Gate(BASE, lease_s)


def test_gate_first_step_has_no_length(gate):
    gate.submit(command(10.0), 10.0)
    assert gate.step(10.0).values['linear.x'] == 0.0
    assert gate.step(10.02).values['linear.x'] == pytest.approx(0.04)


def test_gate_only_the_whole_safe_state_passes_at_once(gate):
    now_s = drive(gate) + 0.02
    gate.submit(command(now_s, linear=0.0, angular=1.0), now_s)
    values = gate.step(now_s).values
    assert values['linear.x'] == pytest.approx(0.46)
    assert values['angular.z'] == pytest.approx(0.08)


@pytest.mark.parametrize(('stamp_s', 'refusal'), [
    (0.0, Refusal.STALE), (10.96, Refusal.OUT_OF_ORDER), (10.98, Refusal.REPEATED)])
def test_gate_stop_command_of_any_age_passes(gate, stamp_s, refusal):
    now_s = drive(gate)
    assert gate.submit(command(stamp_s, linear=0.0), now_s + 0.02) is refusal
    output = gate.step(now_s + 0.02)
    assert output.values['linear.x'] == 0.0
    assert output.state is GateState.WAITING
    assert gate.safe_stops == 1
    gate.submit(command(now_s + 0.04), now_s + 0.04)
    assert gate.step(now_s + 0.04).state is GateState.OBEYING


def test_gate_repeated_stop_changes_nothing(gate):
    gate.submit(command(10.0, linear=0.0), 10.0)
    gate.step(10.0)
    gate.submit(command(10.0, linear=0.0), 10.02)
    assert gate.step(10.02).state is GateState.OBEYING


def test_gate_fault_between_two_steps_is_reported(gate):
    now_s = drive(gate)
    gate.submit(command(now_s + 0.01, math.nan), now_s + 0.01)
    gate.submit(command(now_s + 0.02), now_s + 0.02)
    assert gate.step(now_s + 0.02).values['linear.x'] == pytest.approx(0.04)


def test_gate_trip_latches_without_estop_input(gate):
    now_s = drive(gate)
    gate.trip()
    assert gate.step(now_s).state is GateState.ESTOPPED
    assert gate.reset(now_s + 0.1)
    assert gate.step(now_s + 0.1).state is GateState.WAITING


@pytest.mark.parametrize('activate', [True, False])
def test_gate_reset_does_not_activate(activate):
    gate = Gate(BASE, LEASE_S)
    if activate:
        gate.activate()
    gate.estop(True)
    gate.deactivate()
    gate.estop(False)
    assert gate.reset(10.0)
    assert gate.state is GateState.INACTIVE
    assert gate.submit(command(10.1), 10.1) is Refusal.INACTIVE


def test_gate_reset_without_latch_does_not_stop(gate):
    now_s = drive(gate)
    assert gate.reset(now_s)
    assert gate.step(now_s).values['linear.x'] == 0.5


def test_gate_reactivated_refuses_an_old_image(gate):
    now_s = drive(gate)
    gate.deactivate()
    gate.activate()
    assert gate.submit(command(now_s), now_s) is Refusal.REPEATED


@pytest.mark.parametrize('broken_s', [math.nan, math.inf, -math.inf])
def test_gate_clock_not_a_number_is_a_fault_until_it_returns(gate, broken_s):
    now_s = drive(gate)
    assert gate.submit(command(now_s + 0.01), broken_s) is not None
    output = gate.step(broken_s)
    assert output.values['linear.x'] == 0.0
    assert output.state is GateState.FAULT
    gate.estop(True)
    gate.estop(False)
    assert not gate.reset(broken_s)
    assert gate.reset(now_s)
    gate.submit(command(now_s + 0.02), now_s + 0.02)
    assert gate.step(now_s + 0.02).state is GateState.OBEYING


def test_gate_command_changed_by_its_sender_has_no_effect(gate):
    values = {'linear.x': 0.1, 'angular.z': 0.0}
    gate.submit(DesiredCommand(values, 10.0), 10.0)
    values['linear.x'] = math.nan
    gate.step(10.0)
    assert gate.step(10.1).values['linear.x'] == 0.1


def test_gate_waiting_reports_the_reason(gate):
    gate.submit(command(1.0), 10.0)
    assert gate.step(10.0).reason == \
        'refused a command: stale (its image is 9 s old; lease_s is 500 ms)'


def test_gate_bool_switches_at_once_without_values_between():
    gate = Gate(Actuator('bool', 'brake', {'data': Limits(0.0, 1.0, 1.0)}), LEASE_S)
    gate.activate()
    assert gate.submit(DesiredCommand({'data': 0.0}, 10.0), 10.0) is None
    assert gate.step(10.0).values == {'data': 0.0}
    assert gate.submit(DesiredCommand({'data': 0.5}, 10.1), 10.1) is Refusal.NOT_BOOL
    assert gate.step(10.1).values == {'data': 1.0}


def test_gate_with_a_stepped_clock_ends_the_lease_by_steady_time(gate):
    gate.submit(command(10.0), 10.2, 100.0)
    assert gate.step(10.2, 100.0).state is GateState.OBEYING
    # the clock that stamps images stands still
    assert gate.step(10.2, 100.29).state is GateState.OBEYING
    assert gate.step(10.2, 100.31).state is GateState.EXPIRED


def test_gate_with_a_stepped_clock_ends_the_lease_by_the_stamps_age(gate):
    gate.submit(command(10.0), 10.2, 100.0)
    assert gate.step(10.5, 100.0).state is GateState.OBEYING
    assert gate.step(10.51, 100.0).state is GateState.EXPIRED


def test_gate_with_a_stepped_clock_ramps_by_steady_time(gate):
    gate.submit(command(10.0), 10.0, 100.0)
    gate.step(10.0, 100.0)
    assert gate.step(10.4, 100.02).values['linear.x'] == pytest.approx(0.04)
    assert gate.step(10.4, 100.04).values['linear.x'] == pytest.approx(0.08)


@pytest.mark.parametrize('broken_s', [math.nan, math.inf, -math.inf])
def test_gate_without_steady_time_is_in_fault_and_recovers(gate, broken_s):
    now_s = drive(gate)
    output = gate.step(now_s, broken_s)
    assert (output.state, output.values['linear.x']) == (GateState.FAULT, 0.0)
    assert not gate.reset(now_s, broken_s)
    gate.submit(command(now_s + 0.02), now_s + 0.02)
    assert gate.step(now_s + 0.02).state is GateState.OBEYING


def test_gate_lease_ends_in_s_is_the_time_left(gate):
    assert gate.lease_ends_in_s(10.0) is None
    gate.submit(command(10.0), 10.25, 100.0)
    assert gate.lease_ends_in_s(10.25, 100.0) == 0.25
    assert gate.lease_ends_in_s(10.25, 100.125) == 0.125
    assert gate.lease_ends_in_s(10.375, 100.0) == 0.125
    assert gate.lease_ends_in_s(11.0, 101.0) == 0.0
    gate.step(11.0, 101.0)
    assert gate.lease_ends_in_s(11.0, 101.0) is None


def test_gate_lease_ends_in_s_with_one_clock(gate):
    gate.submit(command(10.0), 10.25)
    assert gate.lease_ends_in_s(10.375) == 0.125


def test_gate_fault_stops_at_once_and_recovers_with_the_next_command(gate):
    now_s = drive(gate)
    gate.fault('the node stalled')
    gate.fault('the node stalled')
    output = gate.step(now_s)
    assert output.values['linear.x'] == 0.0
    assert (output.state, output.reason) == (GateState.FAULT, 'the node stalled')
    assert gate.safe_stops == 1
    gate.submit(command(now_s + 0.02), now_s + 0.02)
    assert gate.step(now_s + 0.02).state is GateState.OBEYING


def test_gate_fault_without_command_changes_the_reason(gate):
    gate.fault('one')
    gate.fault('two')
    assert (gate.state, gate.reason, gate.safe_stops) == (GateState.FAULT, 'two', 0)


def test_gate_fault_is_outranked_by_an_estop_and_by_inactivity(gate):
    gate.trip()
    gate.fault('the node stalled')
    assert gate.state is GateState.ESTOPPED
    gate = Gate(BASE, LEASE_S)
    gate.fault('the node stalled')
    assert gate.state is GateState.INACTIVE
