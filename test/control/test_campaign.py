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

"""Random faults at gates, and at deliberately broken gates."""

from dataclasses import replace
from importlib import import_module
import json
from pathlib import Path
from random import Random
import subprocess
import sys
from types import SimpleNamespace

from digiphys_ros.control import make_gate, Refusal
from digiphys_ros.control.signals import GREEN, SignalInterlock
import pytest

HERE = Path(__file__).parent
EVENTS_OF_A_SEED = 50_000


@pytest.fixture
def campaign(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    return import_module('campaign')


@pytest.mark.parametrize('seed', [1, 2, 3, 4])
def test_gate_under_random_faults_follows_its_specification(campaign, seed):
    found = campaign.run_cases(seed, 0, EVENTS_OF_A_SEED // campaign.EVENTS_OF_A_CASE)
    assert not found, str(found[0])


def _lease_that_never_ends(gate):
    gate._lease.is_valid = lambda now_s, steady_s: True


def _lease_by_stamp_only(gate):
    lease = gate._lease
    lease.is_valid = lambda now_s, steady_s: 0.0 <= now_s - lease._from_s <= lease.lease_s


def _lease_by_steady_time_only(gate):
    lease = gate._lease
    lease.is_valid = lambda now_s, steady_s: steady_s - lease._steady_from_s <= lease.lease_s


def _lease_from_the_arrival(gate):
    lease, grant = gate._lease, gate._lease.grant

    def late(stamp_s, now_s, steady_s):
        grant(stamp_s, now_s, steady_s)
        lease._steady_from_s = steady_s
    lease.grant = late


def _no_clamp(gate):
    gate._clamp = lambda command: dict(command.values)


def _no_ramp(gate):
    gate._motion._approach = lambda name, wanted, elapsed_s: wanted


def _no_jerk_limit(gate):
    gate._motion._ease = lambda name, way, rate_per_s, elapsed_s: rate_per_s


def _no_deceleration(gate):
    gate._motion._ramped = False


def _estop_that_does_not_latch(gate):
    def estop(pressed):
        gate._estop_pressed = gate._latched = pressed
        if pressed:
            gate.trip()
    gate.estop = estop


def _reset_that_restarts_motion(gate):
    trip, reset, kept = gate.trip, gate.reset, []

    def trip_and_keep():
        kept[:] = [gate._wanted, gate._lease._from_s, gate._lease._steady_from_s]
        trip()

    def reset_and_restart(*clocks):
        released = reset(*clocks)
        if released and kept and gate._active:
            gate._wanted, gate._lease._from_s, gate._lease._steady_from_s = kept
            kept.clear()
        return released
    gate.trip, gate.reset = trip_and_keep, reset_and_restart


def _reset_while_the_estop_is_pressed(gate):
    reset = gate.reset

    def always(*clocks):
        gate._estop_pressed = False
        return reset(*clocks)
    gate.reset = always


def _old_images_after_a_reset(gate):
    gate._lease.restart = lambda now_s: None


def _hold_that_leaps(gate):
    fields = gate._actuator.fields
    if gate._actuator.holds_position():
        gate._motion.drop_command = lambda: setattr(
            gate._motion, 'values', {name: one.min for name, one in fields.items()})


def _first_position_in_a_hurry(gate):
    gate._motion._range_s = 0.0


def _first_position_for_a_moment(gate):
    move = gate._motion.move

    def move_early(wanted, elapsed_s):
        gate._motion._left_s = gate._motion._left_s and gate._motion._left_s - 100.0 * elapsed_s
        return move(wanted, elapsed_s)
    gate._motion.move = move_early


def _first_way_that_no_stop_ends(gate):
    gate._motion._end_way = lambda: None


def _safe_position_before_the_first_command(gate):
    if gate._motion._leaps and gate._motion.safe:
        gate._motion.values, gate._motion._left_s = gate._motion.safe, 0.0


def _last_position_that_leaps(gate):
    gate._motion._leaps = False


def _safe_position_at_once(gate):
    gate._motion._stop_rates = dict.fromkeys(gate._motion._stop_rates)


def _interlock(gate, **changes):
    if hasattr(gate, 'plan'):
        gate._interlock = SignalInterlock(replace(gate.plan, **changes))


def _no_yellow(gate):
    _interlock(gate, yellow_s=1e-9)


def _no_all_red(gate):
    _interlock(gate, all_red_s=1e-9)


def _no_minimum_green(gate):
    _interlock(gate, min_green_s=1e-9)


def _green_for_all(gate):
    if hasattr(gate, 'plan'):
        gate._interlock = SimpleNamespace(
            step=lambda requests, elapsed_s: dict.fromkeys(gate.plan.heads, GREEN))


def _signals_stretched_by_a_slow_rate(gate):
    if hasattr(gate, 'plan'):
        step = gate._interlock.step
        gate._interlock.step = lambda requests, elapsed_s: step(requests, min(elapsed_s, 0.1))


def _future_accepted(gate):
    gate._lease._future_tolerance_s = 60.0


def _obeyed_between_images_from_the_future(gate):
    gate._lease._settle_s = 0.0


def _clock_that_is_ahead_for_good(gate):
    gate._lease._settle_s = 1e9


def _future_of_a_clock_that_jumped_back_remembered(gate):
    restart = gate._lease.restart

    def forgets_less(now_s):
        kept = gate._lease._settled_s
        restart(now_s)
        gate._lease._settled_s = kept
    gate._lease.restart = forgets_less


def _accepts(gate, *wrong):
    refusal = gate._refusal

    def lenient(command, *clocks):
        answer = refusal(command, *clocks)
        return None if answer in wrong else answer
    gate._refusal = lenient


def _nan_passes(gate):
    _accepts(gate, Refusal.NOT_FINITE)


def _half_a_bool_passes(gate):
    _accepts(gate, Refusal.NOT_BOOL)


def _repeated_prolongs_the_lease(gate):
    _accepts(gate, Refusal.REPEATED)


def _stale_accepted(gate):
    _accepts(gate, Refusal.STALE)


def _clock_that_jumps_back_unseen(gate):
    def notice(now_s, steady_s):
        gate._steady_s = steady_s
    gate._notice_clock = notice


def _stop_that_is_refused(gate):
    submit = gate.submit

    def refuses(command, *clocks):
        is_stop, gate._motion.is_stop = gate._motion.is_stop, lambda values: False
        try:
            return submit(command, *clocks)
        finally:
            gate._motion.is_stop = is_stop
    gate.submit = refuses


def _fault_that_does_nothing(gate):
    gate.fault = lambda reason: None


def _guard_that_is_ignored(gate):
    gate.start_over = gate.fault


def _deactivation_that_goes_on(gate):
    gate.deactivate = lambda: setattr(gate, '_active', False)


def _broken_command_that_is_ignored(gate):
    enter = gate._enter_safe_state
    gate._enter_safe_state = lambda state, reason: (
        None if 'refused' in reason else enter(state, reason))


MUTATIONS = [value for name, value in list(globals().items())
             if name.startswith('_') and getattr(value, '__module__', '') == __name__
             and name not in ('_interlock', '_accepts', '_cases')]


@pytest.mark.parametrize('mutate', MUTATIONS, ids=lambda mutate: mutate.__name__.strip('_'))
def test_campaign_detects_a_broken_gate(campaign, mutate):
    def make(*arguments):
        gate = make_gate(*arguments)
        mutate(gate)
        return gate
    assert any(campaign.play(case, events, make) for case, events in _cases(campaign, 400))


def _cases(campaign, count):
    for number in range(count):
        random = Random(f'mutants/{number}')
        case = campaign.draw_case(random)
        yield case, campaign.draw_events(random, case, campaign.EVENTS_OF_A_CASE)


def test_campaign_reports_a_violation_with_seed_and_few_events(campaign):
    def make(*arguments):
        gate = make_gate(*arguments)
        _lease_that_never_ends(gate)
        return gate
    found = next(filter(None, (campaign.run_case(1, number, make) for number in range(400))))
    assert len(found.events) <= 20
    assert campaign.play(found.case, found.events, make)
    assert f'seed 1, case {found.case_number}' in str(found)


def test_campaign_writes_its_report_as_json(tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / 'campaign.py'), '--events', '800', '--seed', '5', '--json',
         '-'], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert (report['seed'], report['events'], report['violations']) == (5, 800, 0)
    assert '800 events, seed 5: 0 violations' in done.stderr
