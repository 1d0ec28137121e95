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
"""One kind of expectation: what it judges, and when it can be judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

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

ANY = 'a fault'
BLINDING = 'a fault that blinds: camera_frozen, camera_black, or node_killed of classifier or ' \
    'policy'
ENDING = 'a fault that ends before the scenario does'


@dataclass(frozen=True)
class Expectation:
    """
    One kind of expectation.

    :ivar bound: the type of what a scenario writes behind it.
    :ivar judge: returns the moment it stopped to hold, or None.
    :ivar fault: the fault that the scenario must have, of ANY, BLINDING and ENDING; empty for
        none.
    :ivar least_s: before this time there is nothing to judge.
    :ivar most: returns the greatest bound that makes sense in so many seconds, None for no limit.
    """

    bound: Any
    judge: Judge
    fault: str = ''
    least_s: float = 0.0
    most: Callable[[float], float] | None = None

    def check_bound(self, bound: Any) -> Bound:
        """
        Return a bound as the expectation reads it.

        :raises ValueError: saying what is allowed.
        """
        try:
            value: Bound = TypeAdapter(self.bound).validate_python(bound)
        except ValidationError as error:
            raise ValueError('; '.join(item['msg'] for item in error.errors())) from error
        if value is False:
            raise ValueError('true is the one bound it takes; leave it out where nothing is '
                             'expected')
        return value

    def impossible(self, faults: Sequence[Fault], seconds: float, bound: Any) -> str:
        """
        Return why it can never be judged or never hold or fail, empty where it can.

        :param seconds: of the scenario.
        :param bound: as written, of any type.
        """
        if self.fault and not any(self._fits(fault, seconds) for fault in faults):
            return f'the scenario needs {self.fault}'
        if seconds < self.least_s:
            return f'there is nothing of it to judge before {self.least_s:.1f} s'
        if isinstance(bound, bool) or not isinstance(bound, (int, float)):
            return ''
        if self.most is not None and bound > self.most(seconds):
            return f'in {seconds:g} s it is at most {self.most(seconds):g}'
        left_s = max(self._left_s(faults, seconds), default=None)
        return f'it could not fail: only {left_s:g} s are left to judge' \
            if left_s is not None and bound >= left_s else ''

    def _fits(self, fault: Fault, seconds: float) -> bool:
        if self.fault == BLINDING:
            return fault.blinds
        return self.fault != ENDING or (fault.to_s is not None and fault.to_s < seconds)

    def _left_s(self, faults: Sequence[Fault], seconds: float) -> list[float]:
        """Return how long each fault of the needed kind can be judged."""
        if self.fault == BLINDING:
            return [min(seconds, fault.to_s or seconds) - fault.from_s
                    for fault in faults if fault.blinds]
        return [seconds - fault.to_s for fault in faults if fault.to_s is not None] \
            if self.fault == ENDING else []


def fact_at_most(fact: str) -> Judge:
    """Return a judge of a fact at every frame."""
    return lambda run, bound, faults: score.fact_at_most(run, fact, bound)


def fact_at_least(fact: str) -> Judge:
    """Return a judge of a fact at the end."""
    return lambda run, bound, faults: score.fact_at_least_at_end(run, fact, bound)


def events_right(kind: str, detail: str | None = None) -> Judge:
    """Return a judge of the fraction of events that went right."""
    return lambda run, bound, faults: score.events_right(run, kind, float(bound), detail)


COMMON = {
    'answers_right_at_least': Expectation(
        SHARE, lambda run, bound, faults: score.answers_right(run, bound)),
    'answered_during_fault_at_most': Expectation(SHARE, score.answers_at_most, ANY),
}
"""What any application can be expected."""

OF_COMMANDS = {
    'no_unsafe_command': Expectation(
        MET, lambda run, bound, faults: score.no_unsafe_command(run)),
    'safe_state_within_s': Expectation(POSITIVE, score.safe_state_within, BLINDING),
    'recovers_within_s': Expectation(POSITIVE, score.recovers_within, ENDING),
}
"""What an application that moves something can be expected."""

OF_ADVICE = {
    'audit_log_complete': Expectation(
        MET, lambda run, bound, faults: score.audit_log_complete(run)),
}
"""What an application that advises can be expected."""
