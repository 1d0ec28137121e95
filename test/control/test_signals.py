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
"""Any requests at any time: an independent judge watches the heads."""

from itertools import combinations
from pathlib import Path

from digiphys_ros.control import DesiredCommand, GateState, load_actuators, make_gate
from digiphys_ros.control.config import load_control
from digiphys_ros.control.signals import (
    FLASHING,
    GREEN,
    RED,
    SignalInterlock,
    SignalPlan,
    YELLOW,
)
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import share_dir
from hypothesis import given, settings, strategies as st
import pytest

PHASES = {'through': ('north', 'south'), 'cross': ('east',), 'turn': ('north', 'left')}
CONFLICTS = {'north': ('east',), 'south': ('east', 'left'), 'east': ('north', 'south', 'left'),
             'left': ('south', 'east')}
HEADS = ('north', 'south', 'east', 'left')
STEP_S = 0.1


def plan(safe='all_red', **changes):
    return SignalPlan(**{
        'heads': HEADS, 'conflicts': CONFLICTS, 'phases': PHASES, 'min_green_s': 3.0,
        'max_green_s': 8.0, 'yellow_s': 2.0, 'all_red_s': 1.0, 'safe': safe, **changes})


class Street:
    """Heads that an interlock drives, and how long each has shown its light."""

    def __init__(self, one):
        self.plan = one
        self.interlock = SignalInterlock(one)
        self.heads = dict.fromkeys(HEADS, RED)
        self.for_s = dict.fromkeys(HEADS, 0.0)
        self.wanted_s = 0.0

    def show(self, requests, seconds=STEP_S):
        """Check every change against the previous heads alone."""
        before, self.heads = self.heads, self.interlock.step(requests, seconds)
        assert self.heads.keys() == before.keys()
        self.for_s = {head: time_s + seconds for head, time_s in self.for_s.items()}
        self.nobody_meets()
        for head, shown in self.heads.items():
            if shown != before[head]:
                self.may_change(head, before[head], shown)
        self.for_s = {head: time_s if self.heads[head] == before[head] else 0.0
                      for head, time_s in self.for_s.items()}
        self.waits(requests, seconds)
        return self.heads

    def nobody_meets(self):
        for one, other in combinations(HEADS, 2):
            if other in CONFLICTS[one] and FLASHING not in self.heads.values():
                assert RED in (self.heads[one], self.heads[other])
        assert FLASHING not in self.heads.values() or self.heads == self.plan.safe_heads()

    def may_change(self, head, was, shown):
        least_s = {(GREEN, YELLOW): self.plan.min_green_s, (YELLOW, RED): self.plan.yellow_s,
                   (RED, GREEN): self.plan.all_red_s, (RED, FLASHING): 0.0, (FLASHING, RED): 0.0}
        assert self.for_s[head] >= least_s[was, shown] - 1e-6
        if shown == GREEN:
            for other in CONFLICTS[head]:
                assert self.for_s[other] >= self.plan.all_red_s - 1e-6

    def waits(self, requests, seconds):
        """Check that no green outlasts the maximum while another phase is requested."""
        green = {head for head, shown in self.heads.items() if shown == GREEN}
        others = [phase for phase, request in requests.items()
                  if request > 0 and set(PHASES[phase]) != green]
        if green and others:
            assert max(self.for_s[head] for head in green) < self.plan.max_green_s + seconds


REQUEST = st.fixed_dictionaries({phase: st.sampled_from([0.0, 0.5, 1.0]) for phase in PHASES})
NONE = st.just(dict.fromkeys(PHASES, 0.0))
STEPS = st.lists(st.tuples(REQUEST | REQUEST | NONE | st.just({}), st.integers(1, 60),
                           st.sampled_from([0.0, 0.01, 0.1])), max_size=40)


@settings(max_examples=150)
@given(STEPS, st.sampled_from(['all_red', 'flashing']))
def test_interlock_any_requests_keep_every_invariant(steps, safe):
    street = Street(plan(safe))
    for requests, times, seconds in steps:
        for _ in range(times):
            street.show(requests, seconds)


@given(STEPS, st.sampled_from(['all_red', 'flashing']))
def test_interlock_after_any_requests_reaches_safe_state_without_and_green_with_one(steps, safe):
    street = Street(plan(safe))
    for requests, times, seconds in steps:
        for _ in range(times):
            street.show(requests, seconds)
    for _ in range(80):
        street.show({})
    assert street.heads == street.plan.safe_heads()
    for _ in range(40):
        street.show({'cross': 1.0})
    assert street.heads == {'north': RED, 'south': RED, 'east': GREEN, 'left': RED}


@given(st.lists(REQUEST, min_size=1, max_size=10))
def test_interlock_phase_always_requested_gets_its_green(requests):
    street = Street(plan())
    served = set()
    # the longest green and the times between two greens, three times over
    for index in range(600):
        requested = {phase: max(request, 0.1)
                     for phase, request in requests[index % len(requests)].items()}
        heads = street.show(requested)
        served |= {phase for phase, lit in PHASES.items()
                   if {head for head in HEADS if heads[head] == GREEN} == set(lit)}
    assert served == set(PHASES)


def shown_over(one, requests, seconds):
    """Return each change as a pair of its time in seconds and all heads."""
    changes, last = [], None
    for index in range(round(seconds / STEP_S)):
        heads = one.step(requests, STEP_S)
        if heads != last:
            changes.append((pytest.approx((index + 1) * STEP_S, abs=0.11), heads))
        last = heads
    return changes


def test_interlock_at_start_shows_long_red_then_the_greatest_request():
    lit = dict.fromkeys(HEADS, RED)
    assert shown_over(SignalInterlock(plan()), {'through': 0.5, 'cross': 1.0}, 7.0) == [
        (0.1, lit), (3.0, {**lit, 'east': GREEN})]


def test_interlock_request_that_changes_keeps_minimum_green_yellow_and_all_red():
    interlock, lit = SignalInterlock(plan()), dict.fromkeys(HEADS, RED)
    shown_over(interlock, {'cross': 1.0}, 3.1)
    assert shown_over(interlock, {'through': 1.0}, 7.0) == [
        (0.1, {**lit, 'east': GREEN}), (3.0, {**lit, 'east': YELLOW}), (5.0, lit),
        (6.0, {**lit, 'north': GREEN, 'south': GREEN})]


def test_interlock_single_request_keeps_its_green():
    interlock = SignalInterlock(plan())
    shown_over(interlock, {'cross': 1.0}, 3.1)
    assert len(shown_over(interlock, {'cross': 0.1}, 100.0)) == 1


WRITTEN = """\
actuators:
  junction:
    kind: signals
    topic: signal_heads
    plan:
      heads: [north, south, east]
      conflicts: {east: [north, south]}
      phases:
        through: [north, south]
        cross: [east]
      min_green_s: 5.0
      max_green_s: 30.0
      yellow_s: 3.0
      all_red_s: 2.0
      safe: flashing
rules:
  - {name: go, when: [cars], command: {junction: {through: 1.0}}}
  - {name: unsure, when: [abstain], command: {junction: {cross: 0.5}}}
  - {name: rest, default: true, command: {}}
"""


def written(tmp_path, old='', new=''):
    path = tmp_path / 'rules.yaml'
    assert old in WRITTEN
    path.write_text(WRITTEN.replace(old, new))
    return path


def test_load_actuators_of_signals_equals_load_control(tmp_path):
    path = written(tmp_path)
    actuator = load_control(path).actuator('junction')
    assert actuator.safe_values() == {'through': 0.0, 'cross': 0.0}
    assert actuator.plan.conflicts['north'] == ('east',)
    other = load_actuators(path)['junction']
    for loaded in (actuator, other):
        assert shown_over(SignalInterlock(loaded.plan), {}, 6.0)[-1][1] == dict.fromkeys(
            ('north', 'south', 'east'), FLASHING)


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ('cross: [east]', 'cross: [east, south]',
     r'yaml:10: field `actuators.junction.plan.phases.cross`: east and south conflict'),
    ('{east: [north, south]}', '{east: [north]}',
     r'yaml:7: field `actuators.junction.plan.conflicts`: south and east share no phase'),
    ('{east: [north, south]}', '{east: [north, west]}', 'yaml:7: .*no such head'),
    ('{east: [north, south]}', '{west: [north]}', 'yaml:7: .*no such head'),
    ('{east: [north, south]}', '{east: [east]}', 'cannot conflict with itself'),
    ('[north, south, east]', '[north, south, east, west]', 'yaml:6: .*is green in no phase'),
    ('[north, south, east]', '[north, south, east, east]', 'yaml:6: .*is named twice'),
    ('max_green_s: 30.0', 'max_green_s: 3.0', 'yaml:12: .*must not be below min_green_s'),
    ('yellow_s: 3.0', 'yellow_s: 0.0', 'yaml:13: .*greater than 0'),
    ('safe: flashing', 'safe: green', 'yaml:15: .*all_red'),
    ('through: 1.0}', 'left: 1.0}', 'yaml:17: .*no such field, allowed are through, cross'),
    ('through: 1.0}', 'through: 2.0}', 'yaml:17: .*from 0.0 to 1.0'),
    ('kind: signals', 'kind: float64', 'and by no other'),
    ('    topic: signal_heads\n', '    topic: signal_heads\n    fields: {through: {min: 0, max: 1,'
     ' safe: 0}}\n', 'takes the phases of its plan'),
])
def test_load_control_invalid_plan_is_refused_at_its_line(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=message):
        load_control(written(tmp_path, old, new))


def test_load_actuators_loads_the_shipped_plan():
    junction = load_actuators(share_dir() / 'config' / 'traffic_lights_rules.yaml')['junction']
    assert list(junction.plan.heads) == ['north', 'south', 'east', 'west']
    assert list(junction.plan.conflicts['east']) == ['north', 'south']


class Guarded:
    """A gate of signals that takes one request after another, on its own clock."""

    def __init__(self, tmp_path):
        self.now_s = self.steady_s = 10.0
        self.gate = make_gate(load_control(written(tmp_path)).actuator('junction'), 1.0)
        self.gate.activate()

    def run(self, seconds, request=None):
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.steady_s += STEP_S
            if request:
                self.gate.submit(
                    DesiredCommand({'through': 0.0, 'cross': 0.0, request: 1.0},
                                   self.now_s - 0.05),
                    self.now_s, self.steady_s)
            output = self.gate.step(self.now_s, self.steady_s)
        return output


def test_signal_gate_without_images_goes_through_yellow_to_its_safe_state(tmp_path):
    guarded = Guarded(tmp_path)
    output = guarded.run(12.0, 'through')
    assert output.state is GateState.OBEYING
    assert output.values == {'north': GREEN, 'south': GREEN, 'east': RED}
    output = guarded.run(1.2)
    assert output.state is GateState.EXPIRED
    assert output.obeyed_stamp_s is None
    assert output.values == {'north': YELLOW, 'south': YELLOW, 'east': RED}
    assert set(guarded.run(3.0).values.values()) == {RED}
    assert set(guarded.run(2.2).values.values()) == {FLASHING}
    assert guarded.run(12.0, 'cross').values == {'north': RED, 'south': RED, 'east': GREEN}


def test_signal_gate_clock_jump_shortens_no_time(tmp_path):
    guarded = Guarded(tmp_path)
    guarded.run(12.0, 'through')
    assert guarded.run(0.2, 'cross').values['north'] == YELLOW
    guarded.now_s += 3600.0
    assert guarded.run(2.5, 'cross').values['north'] == YELLOW
    guarded.now_s -= 7200.0
    assert set(guarded.run(0.8, 'cross').values.values()) == {RED}


@pytest.mark.parametrize('period_s', [0.02, 0.1, 1.0])
def test_signal_gate_at_any_rate_keeps_the_times_of_its_plan(tmp_path, period_s):
    guarded = Guarded(tmp_path)
    guarded.run(12.0, 'through')
    guarded.gate.estop(True)
    shown = []
    for _ in range(round(8.0 / period_s)):
        guarded.steady_s += period_s
        shown.append(guarded.gate.step(guarded.now_s, guarded.steady_s).values['north'])
    assert shown.count(YELLOW) * period_s == pytest.approx(3.0, abs=1.01 * period_s)
    assert shown.count(RED) * period_s == pytest.approx(2.0, abs=1.01 * period_s)


def test_signal_gate_started_without_a_clock_keeps_its_first_red(tmp_path):
    guarded = Guarded(tmp_path)
    guarded.gate.step(float('nan'))
    assert set(guarded.run(4.8, 'through').values.values()) == {RED}


def test_signal_gate_estop_at_a_new_green_is_red_within_the_documented_time(tmp_path):
    guarded = Guarded(tmp_path)
    while guarded.run(STEP_S, 'through').values['north'] != GREEN:
        pass
    guarded.gate.estop(True)
    longest_s = guarded.gate.plan.longest_to_red_s()
    assert GREEN in guarded.run(4.8).values.values()
    assert set(guarded.run(longest_s - 4.8 + 3 * STEP_S).values.values()) == {RED}


def test_signal_gate_shutdown_output_is_the_safe_state_at_once(tmp_path):
    guarded = Guarded(tmp_path)
    assert GREEN in guarded.run(12.0, 'through').values.values()
    output = guarded.gate.shutdown_output(guarded.now_s, guarded.steady_s)
    assert output.values == guarded.gate.plan.safe_heads()
    assert set(output.values.values()) == {FLASHING}
    assert (output.state, output.obeyed_stamp_s) == (GateState.INACTIVE, None)


def test_docs_state_the_longest_time_to_red_of_the_shipped_signals():
    rules = share_dir() / 'config' / 'traffic_lights_rules.yaml'
    junction = load_actuators(rules)['junction'].plan
    page = Path(__file__).parents[2] / 'docs' / 'reference' / 'failure-behaviour.md'
    table = page.read_text()
    assert f'up to {junction.longest_to_red_s():g} s: the rest of {junction.min_green_s:g} s ' \
           f'minimum green, then {junction.yellow_s:g} s yellow' in ' '.join(table.split())


def test_signal_gate_estop_gives_no_green(tmp_path):
    guarded = Guarded(tmp_path)
    guarded.run(12.0, 'through')
    guarded.gate.estop(True)
    assert guarded.run(0.1, 'through').values['north'] == YELLOW
    assert set(guarded.run(20.0, 'cross').values.values()) == {FLASHING}


@pytest.mark.parametrize('values', [
    {'through': float('nan'), 'cross': 0.0}, {'through': 1.0}, {'north': 2.0, 'south': 2.0},
    {'through': 1.0, 'cross': 0.0, 'north': 2.0}])
def test_signal_gate_command_without_every_phase_is_refused(tmp_path, values):
    guarded = Guarded(tmp_path)
    assert guarded.gate.submit(DesiredCommand(values, guarded.now_s), guarded.now_s) is not None
    assert set(guarded.run(6.0).values.values()) == {FLASHING}
