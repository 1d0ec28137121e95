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


"""Any commands, presses and steps in any order: an independent judge watches."""

import math

from digiphys_ros.control import Actuator, DesiredCommand, Gate, GateState, Limits
from digiphys_ros.control.lease import SETTLE_S
from hypothesis import given, settings, strategies as st

LEASE_S = 0.5
LONGEST_STEP_S = 0.1
BASE = Actuator('twist_stamped', 'cmd_vel', {
    'linear.x': Limits(0.0, 0.6, 0.0, 2.0), 'angular.z': Limits(-1.0, 1.0, 0.25, 4.0)})
SAFE = BASE.safe_values()

ANY = st.floats()
USUAL = st.floats(-2.0, 2.0)
ODD = st.sampled_from([math.nan, math.inf, -math.inf, 1e308, 5e-324])
VALUES = st.one_of(
    st.fixed_dictionaries({'linear.x': USUAL, 'angular.z': USUAL}),
    st.fixed_dictionaries({'linear.x': USUAL | ODD, 'angular.z': USUAL | ODD | ANY}),
    st.fixed_dictionaries({'linear.x': USUAL, 'angular.z': USUAL},
                          optional={'linear.y': USUAL}),
    st.just(SAFE), st.dictionaries(st.sampled_from(['linear.x', 'linear.y']), ANY))
FRESH = st.floats(-0.1, 0.0)
OFFER = st.tuples(
    st.just('submit'), VALUES, FRESH | st.sampled_from([0.0, -0.05]) | st.floats(-0.7, 0.1) | ANY)
STEP = st.tuples(st.just('step'), st.floats(0.0, 0.1) | st.floats(0.0, 0.6) | st.floats(0.0, 9.0))
RARE = st.one_of(
    st.tuples(st.just('estop'), st.booleans()), st.tuples(st.just('jump'), ANY),
    st.tuples(st.sampled_from(['reset', 'activate', 'deactivate', 'trip'])))
EVENTS = st.lists(st.one_of(OFFER, OFFER, STEP, STEP, STEP, RARE), max_size=60)


class Judge:
    """Apply events to a gate and check each output against these events alone."""

    def __init__(self):
        self.gate = Gate(BASE, LEASE_S)
        self.now_s = self.stepped_s = 100.0
        self.gate.step(self.now_s)
        self.last = SAFE
        self.accepted = None
        self.newest_s = -math.inf
        self.active = self.latched = self.pressed = False

    def submit(self, values, offset_s):
        stamp_s = self.now_s + offset_s
        if self.gate.submit(DesiredCommand(values, stamp_s), self.now_s) is None:
            assert self.active
            assert not self.latched
            assert set(values) == set(SAFE)
            assert all(map(math.isfinite, values.values()))
            assert -0.0011 <= self.now_s - stamp_s <= LEASE_S
            assert stamp_s > self.newest_s
            self.accepted, self.newest_s = stamp_s, stamp_s

    def step(self, seconds):
        self.now_s += seconds
        output = self.gate.step(self.now_s)
        elapsed_s = self.now_s - self.stepped_s
        self.stepped_s = self.now_s
        assert set(output.values) == set(SAFE)
        self.within_limits(output.values, min(max(elapsed_s, 0.0), LONGEST_STEP_S))
        if output.values != SAFE or output.obeyed_stamp_s is not None:
            assert output.state is GateState.OBEYING
            assert output.obeyed_stamp_s == self.accepted
            assert self.now_s - self.accepted <= LEASE_S
            assert self.active
            assert not self.latched
        self.last = output.values

    def within_limits(self, values, elapsed_s):
        for name, limits in BASE.fields.items():
            assert math.isfinite(values[name])
            assert limits.min <= values[name] <= limits.max
            reach = limits.max_rate_per_s * elapsed_s + 1e-9
            # a stop and a restart between two steps begin at the safe state
            start = min((self.last[name], limits.safe), key=lambda one: abs(values[name] - one))
            assert values == SAFE or abs(values[name] - start) <= reach

    def estop(self, pressed):
        self.gate.estop(pressed)
        self.pressed = pressed
        self.latched = self.latched or pressed

    def trip(self):
        self.gate.trip()
        self.latched = True

    def reset(self):
        was_latched = self.latched
        assert self.gate.reset(self.now_s) is not self.pressed
        self.latched = self.pressed
        if was_latched and not self.latched:
            self.accepted, self.newest_s = None, self.now_s

    def activate(self):
        self.gate.activate()
        self.active = True

    def deactivate(self):
        self.gate.deactivate()
        self.active = False

    def jump(self, to_s):
        """Set the clock; a NaN lasts for one step only."""
        if math.isfinite(to_s):
            if to_s < self.now_s:
                self.accepted, self.newest_s = None, to_s
            self.now_s = to_s
            self.step(0.0)
            return
        output = self.gate.step(to_s)
        assert output.values == SAFE
        assert output.obeyed_stamp_s is None
        self.last, self.accepted = SAFE, None


@settings(max_examples=200)
@given(EVENTS)
def test_gate_any_events_output_is_safe(events):
    judge = Judge()
    judge.activate()
    for name, *arguments in events:
        getattr(judge, name)(*arguments)


@given(EVENTS)
def test_gate_after_any_events_reset_and_new_commands_move(events):
    judge = Judge()
    for name, *arguments in events:
        if name != 'jump' or abs(arguments[0]) < 1e9:
            getattr(judge, name)(*arguments)
    judge.estop(False)
    judge.activate()
    judge.reset()
    # nothing is obeyed for so long after an image from the future
    judge.step(SETTLE_S)
    for _ in range(40):
        judge.step(0.03)
        judge.submit({'linear.x': 0.5, 'angular.z': -0.5}, -0.01)
    judge.step(0.03)
    assert judge.last == {'linear.x': 0.5, 'angular.z': -0.5}


@given(EVENTS)
def test_gate_same_events_give_same_output(events):
    judges = Judge(), Judge()
    for name, *arguments in events:
        for judge in judges:
            getattr(judge, name)(*arguments)
    assert judges[0].last == judges[1].last
    assert judges[0].gate.refused == judges[1].gate.refused
