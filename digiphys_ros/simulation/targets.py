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
"""Targets of an application, and the results of one or many runs against them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios import score

Aggregation = Literal['fraction', 'count', 'maximum']
"""How runs are combined: amount / judged, sum of amounts, or largest amount."""


@dataclass(frozen=True)
class Target:
    """
    One figure and its limit.

    :ivar at_least: whether the limit is the lowest value allowed, else the highest.
    :ivar amount: the amount counted; ``judged`` is the total, 0 if nothing was judged.
    :ivar needs_many_runs: whether a single run is too short to judge it.
    """

    name: str
    limit: float
    at_least: bool
    aggregation: Aggregation
    amount: float
    judged: float
    needs_many_runs: bool = False

    @property
    def value(self) -> float | None:
        """Return the figure, None if nothing was judged."""
        if not self.judged:
            return None
        divisor = self.judged if self.aggregation == 'fraction' else 1
        return round(self.amount / divisor, 4)

    @property
    def passed(self) -> bool:
        """Whether the limit is met; a figure that was not judged passes."""
        value = self.value
        return value is None or (value >= self.limit if self.at_least else value <= self.limit)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the report."""
        return {'name': self.name, 'value': self.value, 'judged': self.judged, 'limit': self.limit,
                'passed': self.passed}

    def summary(self) -> str:
        """Return the result as one line of text."""
        if self.value is None:
            return f'--   {self.name}: nothing was judged'
        of = f' (of {self.judged:g})' if self.aggregation == 'fraction' else ''
        return (f'{"ok  " if self.passed else "FAIL"} {self.name} {self.value:g}{of}, '
                f'{"at least" if self.at_least else "at most"} {self.limit:g}')


def targets(own: Callable[[Recording], Sequence[Target]], recording: Recording) -> list[Target]:
    """
    Return the targets of an application after one run; none if it defines none.

    :param own: returns the targets that the application defines.
    """
    found = own(recording)
    return [*found, Target('unsafe_commands', 0, False, 'count', recording.unsafe_commands,
                           recording.commands)] if found else []


def merge_targets(runs: Iterable[Sequence[Target]]) -> list[Target]:
    """Return the combined targets of several runs of one application."""
    return [_merge(one) for one in zip(*runs, strict=True)]


def _merge(targets: Sequence[Target]) -> Target:
    amounts = [one.amount for one in targets]
    largest = targets[0].aggregation == 'maximum'
    return replace(targets[0], judged=sum(one.judged for one in targets),
                   amount=max(amounts) if largest else sum(amounts))


def events_right(recording: Recording, name: str, limit: float, kind: str,
                 detail: str | None = None) -> Target:
    """
    Return a target for the fraction of correct events.

    :param kind: kind of the events.
    :param detail: detail of the events, None for any.
    """
    judged = score.judged_events(recording, kind, detail)
    return Target(name, limit, True, 'fraction', sum(bool(event.right) for event in judged),
                  len(judged))
