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
"""Expectations of a scenario: how they are judged, and when they can be judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from digiphys_ros.simulation.scenarios import score
from digiphys_ros.simulation.scenarios.faults import Fault
from digiphys_ros.simulation.scenarios.score import Failure
from pydantic import Field, TypeAdapter, ValidationError

Bound = float
"""The value of an expectation in a scenario; true and false count as 1 and 0."""

Judge = Callable[[Any, Bound, Sequence[Fault]], Failure | None]
"""Judges a loop.Recording by a bound and the faults of the scenario."""

FRACTION = Annotated[float, Field(ge=0, le=1)]
COUNT = Annotated[int, Field(ge=0)]
POSITIVE = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FLAG = Annotated[bool, Field(strict=True)]

ANY = 'a fault'
BLINDING = 'a fault that stops fresh images: camera_frozen, camera_black, or node_killed of ' \
    'classifier or policy'
ENDING = 'a fault that ends before the scenario does'


@dataclass(frozen=True)
class Expectation:
    """
    One type of expectation.

    :ivar bound: type of its value in a scenario.
    :ivar judge: returns the first failure, or None.
    :ivar fault: fault that the scenario must have: ANY, BLINDING or ENDING; empty for none.
    :ivar min_duration_s: a shorter scenario has nothing to judge.
    :ivar max_bound: returns the largest possible value in a duration [s], None for no limit.
    """

    bound: Any
    judge: Judge
    fault: str = ''
    min_duration_s: float = 0.0
    max_bound: Callable[[float], float] | None = None

    def check_bound(self, bound: Any) -> Bound:
        """
        Return a bound as a number.

        :raises ValueError: with what is allowed.
        """
        try:
            value: Bound = TypeAdapter(self.bound).validate_python(bound)
        except ValidationError as error:
            raise ValueError('; '.join(item['msg'] for item in error.errors())) from error
        if value is False:
            raise ValueError('must be true; remove it if nothing is expected')
        return value

    def reason_impossible(self, faults: Sequence[Fault], seconds: float, bound: Any) -> str:
        """
        Return why it can never be judged, pass or fail; empty if it can.

        :param seconds: duration of the scenario.
        :param bound: value as written, of any type.
        """
        if self.fault and not any(self._fits(fault, seconds) for fault in faults):
            return f'the scenario needs {self.fault}'
        if seconds < self.min_duration_s:
            return f'needs a scenario of at least {self.min_duration_s:.1f} s'
        if isinstance(bound, bool) or not isinstance(bound, (int, float)):
            return ''
        if self.max_bound is not None and bound > self.max_bound(seconds):
            return f'can be at most {self.max_bound(seconds):g} in {seconds:g} s'
        left_s = max(self._left_s(faults, seconds), default=None)
        return f'could not fail: only {left_s:g} s are left to judge' \
            if left_s is not None and bound >= left_s else ''

    def _fits(self, fault: Fault, seconds: float) -> bool:
        if self.fault == BLINDING:
            return fault.blinds
        return self.fault != ENDING or (fault.to_s is not None and fault.to_s < seconds)

    def _left_s(self, faults: Sequence[Fault], seconds: float) -> list[float]:
        """Return how long each fault of the required type can be judged."""
        if self.fault == BLINDING:
            return [min(seconds, fault.to_s or seconds) - fault.from_s
                    for fault in faults if fault.blinds]
        return [seconds - fault.to_s for fault in faults if fault.to_s is not None] \
            if self.fault == ENDING else []


def state_at_most(name: str) -> Judge:
    """Return a judge of a state value at every frame."""
    return lambda run, bound, faults: score.state_at_most(run, name, bound)


def state_at_least(name: str) -> Judge:
    """Return a judge of a state value at the end."""
    return lambda run, bound, faults: score.state_at_least_at_end(run, name, bound)


def events_right(kind: str, detail: str | None = None) -> Judge:
    """Return a judge of the fraction of correct events."""
    return lambda run, bound, faults: score.events_right(run, kind, float(bound), detail)


COMMON = {
    'answers_right_at_least': Expectation(
        FRACTION, lambda run, bound, faults: score.answers_right(run, bound)),
    'answered_during_fault_at_most': Expectation(FRACTION, score.answers_at_most, ANY),
}
"""Expectations for any application."""

OF_COMMANDS = {
    'no_unsafe_command': Expectation(
        FLAG, lambda run, bound, faults: score.no_unsafe_command(run)),
    'safe_state_within_s': Expectation(POSITIVE, score.safe_state_within, BLINDING),
    'recovers_within_s': Expectation(POSITIVE, score.recovers_within, ENDING),
}
"""Expectations for an application with actuators."""

OF_ADVICE = {
    'audit_log_complete': Expectation(
        FLAG, lambda run, bound, faults: score.audit_log_complete(run)),
}
"""Expectations for an application that advises."""
