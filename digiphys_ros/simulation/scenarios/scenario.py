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
"""A scenario: an application, faults and expectations."""

from collections.abc import Iterator, Mapping
from functools import lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any

from digiphys_ros.control.validation import Problem, refuse, STRICT
from digiphys_ros.errors import UsageError
from digiphys_ros.renamed import renamed_keys
from digiphys_ros.simulation.scenarios import expectation
from digiphys_ros.simulation.scenarios.expectation import Bound, Expectation
from digiphys_ros.simulation.scenarios.faults import COMMON, Fault, kinds
from digiphys_ros.simulation.specification import ApplicationSpec, Find
from digiphys_ros.yamlfile import load_yaml
from pydantic import (
    BaseModel,
    Field,
    model_validator,
    PlainValidator,
    TypeAdapter,
    ValidationInfo,
    WithJsonSchema,
)


def _application(name: Any, info: ValidationInfo) -> ApplicationSpec:
    if not isinstance(name, str):
        raise ValueError('must be the name of an application')
    find: Find = (info.context or {})['find']
    try:
        return find(name)
    except UsageError as error:
        raise ValueError(str(error).rstrip('.')) from error


def _faults(items: Any, info: ValidationInfo) -> list[Fault]:
    application: ApplicationSpec | None = info.data.get('application')
    if application is None:
        # the error of the field `application` is enough
        return []
    known = {kind: fault for fault in (*COMMON, *application.parts().faults)
             for kind in kinds(fault)}
    given = enumerate(items) if isinstance(items, list) else ()
    refuse('Scenario', *(
        ((index, 'kind'), f'{application.name} has no such fault, it has {", ".join(known)}',
         item['kind']) for index, item in given
        if isinstance(item, dict) and item.get('kind', next(iter(known))) not in known))
    found: list[Fault] = _adapter(tuple(dict.fromkeys(known.values()))).validate_python(items)
    return found


@lru_cache(maxsize=16)
def _adapter(faults: tuple[type[Fault], ...]) -> Any:
    """Return the validator of a list of these fault classes."""
    one: Any = Annotated[reduce(or_, faults), Field(discriminator='kind')]
    return TypeAdapter(list[one])


class Scenario(BaseModel):
    """
    One closed-loop run and its expectations.

    :ivar description: one sentence on its content.
    :ivar application: its specification; the file has its name.
    :ivar seed: seed of the application; the same seed gives the same run.
    :ivar seconds: simulated time.
    :ivar faults: faults to inject.
    :ivar expect: expectation -> bound, such as ``misses_at_most: 2``.
    """

    model_config = STRICT

    description: Annotated[str, Field(min_length=1)]
    application: Annotated[Any, PlainValidator(_application), WithJsonSchema({'type': 'string'})]
    seed: Annotated[int, Field(ge=0)] = 0
    seconds: Annotated[float, Field(gt=0, le=86400)]
    faults: Annotated[list[Fault], PlainValidator(_faults),
                      WithJsonSchema({'type': 'array'})] = []
    expect: Annotated[dict[str, Any], Field(min_length=1)]
    _old_keys = renamed_keys(about='description')

    @model_validator(mode='after')
    def _possible(self) -> 'Scenario':
        refuse('Scenario', *self._fault_problems(), *self._expectation_problems())
        return self

    def _fault_problems(self) -> Iterator[Problem]:
        for index, fault in enumerate(self.faults):
            if fault.from_s >= self.seconds:
                yield (('faults', index, 'from_s'), 'must be before the end of the scenario, '
                       f'which is at {self.seconds} s', fault.from_s)
            reason = fault.reason_impossible(self.application.actuated)
            if reason:
                yield (('faults', index, 'kind'), f'{reason} ({self.application.name})',
                       fault.kind)

    def _expectation_problems(self) -> Iterator[Problem]:
        possible = expectations_of(self.application)
        for name, bound in self.expect.items():
            if name not in possible:
                yield (('expect', name), f'{self.application.name} has no such expectation, it '
                       f'has {", ".join(possible)}', bound)
                continue
            reason = possible[name].reason_impossible(self.faults, self.seconds, bound) \
                or _refusal(possible[name], bound)
            if reason:
                yield ('expect', name), reason, bound

    @property
    def bounds(self) -> dict[str, Bound]:
        """Return the expectations with their bounds as numbers."""
        possible = expectations_of(self.application)
        return {name: possible[name].check_bound(bound) for name, bound in self.expect.items()}


def expectations_of(application: ApplicationSpec) -> Mapping[str, Expectation]:
    """Return the expectations of an application, by name."""
    return {**application.parts().expectations, **expectation.COMMON,
            **(expectation.OF_COMMANDS if application.actuated else expectation.OF_ADVICE)}


def _refusal(expected: Expectation, bound: Any) -> str:
    try:
        expected.check_bound(bound)
    except ValueError as error:
        return str(error)
    return ''


def load_scenario(path: str | Path, find: Find) -> Scenario:
    """
    Load a scenario.

    :param find: returns an application by name.
    :raises ConfigError: with file, line and field, also for a fault or an expectation that the
        application cannot have.
    """
    return load_yaml(path, Scenario, {'find': find})
