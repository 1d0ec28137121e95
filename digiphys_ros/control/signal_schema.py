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
"""Check what a rules file says about the signals of a junction."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Annotated, Literal

from digiphys_ros.control.signals import SignalPlan
from digiphys_ros.control.validation import Name, Problem, refuse, STRICT
from pydantic import BaseModel, Field, model_validator

Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
Heads = Annotated[list[Name], Field(min_length=1)]


class SignalPlanConfig(BaseModel):
    """
    Heads, conflict matrix, phases and times; see ``control.signals.SignalPlan``.

    :ivar conflicts: head to the heads that must not be green with it; one direction is enough.
        Two heads without a common phase must conflict: a forgotten line must not count as two
        compatible movements.
    """

    model_config = STRICT

    heads: Heads
    conflicts: dict[Name, Heads]
    phases: Annotated[dict[Name, Heads], Field(min_length=1)]
    min_green_s: Seconds
    max_green_s: Seconds
    yellow_s: Seconds
    all_red_s: Seconds
    safe: Literal['all_red', 'flashing'] = 'all_red'

    @model_validator(mode='after')
    def _consistent(self) -> 'SignalPlanConfig':
        problems = [*self._head_problems(), *self._phase_problems()]
        refuse('SignalPlanConfig', *(problems or self._missing_conflicts()))
        if self.max_green_s < self.min_green_s:
            refuse('SignalPlanConfig', (('max_green_s',), 'must not be below min_green_s, which '
                                        f'is {self.min_green_s}', self.max_green_s))
        return self

    def _head_problems(self) -> Iterator[Problem]:
        yield from find_repeated(('heads',), self.heads)
        places = [(('conflicts',), self.conflicts), (('phases',), self.phases)]
        for place, lists in places:
            for name, heads in lists.items():
                yield from find_repeated((*place, name), heads)
                for index, head in enumerate(heads):
                    if head not in self.heads:
                        yield ((*place, name, index), 'no such head, allowed are '
                               f'{", ".join(self.heads)}', head)
        for name, heads in self.conflicts.items():
            if name not in self.heads:
                yield (('conflicts', name), f'no such head, allowed are {", ".join(self.heads)}',
                       name)
            if name in heads:
                yield ('conflicts', name), 'a head cannot conflict with itself', heads

    def _phase_problems(self) -> Iterator[Problem]:
        for name, heads in self.phases.items():
            for one, other in combinations(heads, 2):
                if self._conflict(one, other):
                    yield (('phases', name), f'{one} and {other} conflict and must not be green '
                           'together', heads)
        green = {head for heads in self.phases.values() for head in heads}
        for index, head in enumerate(self.heads):
            if head not in green:
                yield ('heads', index), 'is green in no phase', head

    def _missing_conflicts(self) -> list[Problem]:
        return [(('conflicts',), f'{one} and {other} share no phase: add their conflict',
                 self.conflicts)
                for one, other in combinations(self.heads, 2) if not self._conflict(one, other)
                and not any({one, other} <= set(heads) for heads in self.phases.values())]

    def _conflict(self, one: str, other: str) -> bool:
        return other in self.conflicts.get(one, ()) or one in self.conflicts.get(other, ())

    def build(self) -> SignalPlan:
        """Return the plan without its schema."""
        conflicts = {one: tuple(other for other in self.heads if self._conflict(one, other))
                     for one in self.heads}
        phases = {name: tuple(heads) for name, heads in self.phases.items()}
        return SignalPlan(tuple(self.heads), conflicts, phases, self.min_green_s,
                          self.max_green_s, self.yellow_s, self.all_red_s, self.safe)


def find_repeated(place: tuple[str | int, ...], names: Iterable[str]) -> Iterator[Problem]:
    """Report each repeated name of a list."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (*place, index), 'is named twice', name
        seen.add(name)
