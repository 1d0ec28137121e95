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
"""What a scenario can expect, and of which application."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from digiphys_ros.applications.sorting.conveyor import RATED_MPS
from digiphys_ros.simulation.scenarios import score
from digiphys_ros.simulation.scenarios.faults import Fault
from digiphys_ros.simulation.scenarios.score import Failure
from pydantic import Field, TypeAdapter, ValidationError

Bound = float
"""What a scenario writes behind an expectation; true and false count as 1 and 0."""

Judge = Callable[[Any, Bound, Sequence[Fault]], Failure | None]
"""Takes a loop.Recording."""

SHARE = Annotated[float, Field(ge=0, le=1)]
COUNT = Annotated[int, Field(ge=0)]
POSITIVE = Annotated[float, Field(gt=0, allow_inf_nan=False)]
MET = Annotated[bool, Field(strict=True)]


@dataclass(frozen=True)
class Expectation:
    """
    One kind of expectation.

    :ivar bound: the type of what a scenario writes behind it.
    :ivar facts: what the application has to tell at every frame.
    :ivar applications: which alone have the events it judges; empty for any.
    :ivar fault: what kind of fault the scenario must hold, as a sentence; empty for none.
    :ivar judge: returns the moment it stopped to hold, or None.
    """

    bound: Any
    judge: Judge
    facts: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    fault: str = ''


ENDING = 'a fault that ends before the scenario does'
NEED_ACTUATORS = ('no_unsafe_command', 'safe_state_within_s', 'recovers_within_s')


MOST_PER_S = {'drives_at_least_m': 0.8, 'parts_at_least': 0.4 / 0.26, 'images_at_least': 2.0,
              'served_at_least': 2 * 14.5 / 5.8}
"""
What can come in a second, and one more: the gate's greatest speeds, a part each 0.26 m at the
closest, the rate of the X-rays, and two lanes of the shortest vehicles at their highest speed.
"""

LEAST_S = {'stopped_before_line': 6.0 / 0.8, 'signs_right_at_least': 6.0 / 0.8,
           'served_at_least': 150.0 / 14.5, 'parts_right_at_least': 0.67 / 0.4,
           'misses_at_most': 0.67 / 0.4}
"""
Before these there is nothing to judge: the way to the first sign, to the stop line and from the
belt's start past the diverter, at the greatest speeds.
"""


def _at_most(fact: str) -> Judge:
    return lambda run, bound, faults: score.fact_at_most(run, fact, bound)


def _at_least(fact: str) -> Judge:
    return lambda run, bound, faults: score.fact_at_least_at_end(run, fact, bound)


def _events(kind: str, detail: str | None = None) -> Judge:
    return lambda run, bound, faults: score.events_right(run, kind, float(bound), detail)


EXPECTATIONS = {
    'stopped_before_line': Expectation(
        MET, _events('sign passed', 'stop'), applications=('traffic',)),
    'signs_right_at_least': Expectation(SHARE, _events('sign passed'), applications=('traffic',)),
    'never_above_limit': Expectation(
        SHARE, lambda run, bound, faults: score.never_above_limit(run, bound),
        ('speed_mps', 'limit_mps')),
    'stays_on_course': Expectation(
        MET, lambda run, bound, faults: score.never_happens(run, 'course left'),
        applications=('traffic',)),
    'speed_at_most_mps': Expectation(POSITIVE, _at_most('speed_mps'), ('speed_mps',)),
    'drives_at_least_m': Expectation(POSITIVE, _at_least('distance_m'), ('distance_m',)),
    'no_conflicting_greens': Expectation(
        MET, lambda run, bound, faults: score.fact_at_most(run, 'head_conflicts', 0),
        ('head_conflicts',)),
    'no_collisions': Expectation(
        MET, lambda run, bound, faults: score.fact_at_most(run, 'conflicts', 0),
        ('conflicts',)),
    'mean_wait_at_most_s': Expectation(POSITIVE, _at_most('mean_wait_s'), ('mean_wait_s',)),
    'wait_saved_at_least': Expectation(SHARE, _at_least('wait_saved'), ('wait_saved',)),
    'served_at_least': Expectation(COUNT, _at_least('served'), ('served',)),
    'misses_at_most': Expectation(
        COUNT, lambda run, bound, faults: score.misses_at_most(run, bound),
        ('misses', 'defective')),
    'unsure_belt_at_most_mps': Expectation(
        POSITIVE, lambda run, bound, faults: score.slow_while_abstaining(run, 'belt_mps', bound),
        ('belt_mps',)),
    'belt_recovers_within_s': Expectation(
        POSITIVE, lambda run, bound, faults: score.speed_again_within(
            run, 'belt_mps', RATED_MPS, bound, faults), ('belt_mps',), fault=ENDING),
    'struck_at_most': Expectation(COUNT, _at_most('struck'), ('struck',)),
    'parts_at_least': Expectation(COUNT, _at_least('parts'), ('parts',)),
    'parts_right_at_least': Expectation(SHARE, _events('part sorted'), applications=('sorting',)),
    'images_at_least': Expectation(COUNT, _at_least('images'), ('images',)),
    'audit_log_complete': Expectation(
        MET, lambda run, bound, faults: score.audit_log_complete(run), applications=('triage',)),
    'no_unsafe_command': Expectation(
        MET, lambda run, bound, faults: score.no_unsafe_command(run)),
    'answers_right_at_least': Expectation(
        SHARE, lambda run, bound, faults: score.answers_right(run, bound)),
    'answered_during_fault_at_most': Expectation(
        SHARE, score.answers_at_most, fault='a fault'),
    'safe_state_within_s': Expectation(
        POSITIVE, score.safe_state_within, fault='a fault that blinds: camera_frozen, '
        'camera_black, or node_killed of classifier or policy'),
    'recovers_within_s': Expectation(
        POSITIVE, score.recovers_within, fault=ENDING),
}


def check_bound(name: str, bound: Any) -> Bound:
    """
    Return a bound as its expectation reads it.

    :raises ValueError: saying what is allowed.
    """
    try:
        value: Bound = TypeAdapter(EXPECTATIONS[name].bound).validate_python(bound)
    except ValidationError as error:
        raise ValueError('; '.join(item['msg'] for item in error.errors())) from error
    if value is False:
        raise ValueError('true is the one bound it takes; leave it out where nothing is expected')
    return value


def impossible(name: str, application: str, faults: Sequence[Fault], seconds: float,
               bound: Any = None) -> str:
    """
    Return why an expectation can never be judged or never hold, empty where it can.

    :param bound: as written, of any type.
    """
    expectation = EXPECTATIONS[name]
    missing = set(expectation.facts) - told_by(application)
    if missing or (expectation.applications and application not in expectation.applications):
        told = ', '.join(possible(application))
        return f'{application} cannot tell, it can be expected: {told}'
    if name in NEED_ACTUATORS and application == 'triage':
        return f'triage has no actuator, it can be expected: {", ".join(possible(application))}'

    def fits(fault: Fault) -> bool:
        if name == 'safe_state_within_s':
            return fault.blinds
        return expectation.fault != ENDING or (fault.to_s is not None and fault.to_s < seconds)

    if expectation.fault and not any(map(fits, faults)):
        return f'the scenario needs {expectation.fault}'
    if seconds < LEAST_S.get(name, 0.0):
        return f'{application} has nothing of it to judge before {LEAST_S[name]:.1f} s'
    number = isinstance(bound, (int, float)) and not isinstance(bound, bool)
    return _out_of_reach(name, bound, faults, seconds) if number else ''


def _out_of_reach(name: str, bound: float, faults: Sequence[Fault], seconds: float) -> str:
    if name in MOST_PER_S and bound > MOST_PER_S[name] * seconds + 1:
        return f'in {seconds:g} s it is at most {MOST_PER_S[name] * seconds + 1:g}'
    if name == 'mean_wait_at_most_s' and bound > seconds:
        return f'the scenario takes {seconds:g} s, nobody waits longer'
    ends_s = []
    if name == 'safe_state_within_s':
        ends_s = [min(seconds, fault.to_s or seconds) - fault.from_s
                  for fault in faults if fault.blinds]
    elif EXPECTATIONS[name].fault == ENDING:
        ends_s = [seconds - fault.to_s for fault in faults if fault.to_s is not None]
    if ends_s and bound >= max(ends_s):
        return f'it could not fail: only {max(ends_s):g} s are left to judge'
    return ''


def possible(application: str) -> list[str]:
    """Return the expectations of which an application can tell."""
    told = told_by(application)
    return [name for name, expectation in EXPECTATIONS.items()
            if told.issuperset(expectation.facts)
            and (not expectation.applications or application in expectation.applications)
            and not (application == 'triage' and name in NEED_ACTUATORS)]


@lru_cache(maxsize=16)
def told_by(application: str) -> frozenset[str]:
    """Return the names of an application's facts."""
    from digiphys_ros.applications import make_application
    return frozenset(make_application(application, camera=False).facts())
