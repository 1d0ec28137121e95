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

"""A scenario: one application, what goes wrong, and what must hold all the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from digiphys_ros.control.validation import Problem, refuse, STRICT
from digiphys_ros.simulation.scenarios.expectations import (
    Bound,
    check_bound,
    EXPECTATIONS,
    impossible,
)
from digiphys_ros.simulation.scenarios.faults import Fault
from digiphys_ros.yamlfile import load_yaml
from pydantic import BaseModel, BeforeValidator, Field, model_validator


def _known_application(name: Any) -> Any:
    from digiphys_ros.applications import APPLICATIONS
    if name not in APPLICATIONS:
        raise ValueError(f'no such application, allowed are {", ".join(APPLICATIONS)}')
    return name


class Scenario(BaseModel):
    """
    One run in closed loop and its judgement.

    :ivar about: one sentence for a reader.
    :ivar seed: of the application; the same seed gives the same run.
    :ivar seconds: simulated time.
    :ivar faults: what goes wrong, and when.
    :ivar expect: expectation to its bound, as ``misses_at_most: 2``.
    """

    model_config = STRICT

    about: Annotated[str, Field(min_length=1)]
    application: Annotated[str, BeforeValidator(_known_application)]
    seed: Annotated[int, Field(ge=0)] = 0
    seconds: Annotated[float, Field(gt=0, le=86400)]
    faults: list[Fault] = []
    expect: Annotated[dict[str, Any], Field(min_length=1)]

    @model_validator(mode='after')
    def _possible(self) -> 'Scenario':
        refuse('Scenario', *self._fault_problems(), *self._expectation_problems())
        return self

    def _fault_problems(self) -> Iterator[Problem]:
        for index, fault in enumerate(self.faults):
            if fault.from_s >= self.seconds:
                yield (('faults', index, 'from_s'), 'the scenario is over by then, it takes '
                       f'{self.seconds} s', fault.from_s)
            reason = fault.impossible(self.application)
            if reason:
                yield ('faults', index, 'kind'), reason, fault.kind

    def _expectation_problems(self) -> Iterator[Problem]:
        for name, bound in self.expect.items():
            if name not in EXPECTATIONS:
                yield (('expect', name), 'no such expectation, allowed are '
                       f'{", ".join(EXPECTATIONS)}', bound)
                continue
            reason = impossible(name, self.application, self.faults, self.seconds, bound) \
                or _refusal(name, bound)
            if reason:
                yield ('expect', name), reason, bound

    @property
    def bounds(self) -> dict[str, Bound]:
        """Return the expectations with their bounds as numbers."""
        return {name: check_bound(name, bound) for name, bound in self.expect.items()}


def _refusal(name: str, bound: Any) -> str:
    try:
        check_bound(name, bound)
    except ValueError as error:
        return str(error)
    return ''


def load_scenario(path: str | Path) -> Scenario:
    """
    Load a scenario.

    :raises ConfigError: naming the file, the line and the field, also of an expectation that
        the application can never tell.
    """
    return load_yaml(path, Scenario)
