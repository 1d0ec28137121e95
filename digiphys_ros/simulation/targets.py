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
"""What an application must reach, and by how much a run, or many together, reached it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios import score

Kind = Literal['share', 'count', 'greatest']
"""An amount over all that was judged, an amount alone, or the greatest of all amounts."""


@dataclass(frozen=True)
class Target:
    """
    One figure and its bar.

    :ivar at_least: whether the bar is the least allowed, else it is the greatest.
    :ivar amount: what was counted; judged: of how much, 0 where nothing was judged.
    :ivar of_many_runs: whether one run of a few minutes does not show it.
    """

    name: str
    limit: float
    at_least: bool
    kind: Kind
    amount: float
    judged: float
    of_many_runs: bool = False

    @property
    def value(self) -> float | None:
        """Return the figure, None where nothing was judged."""
        if not self.judged:
            return None
        return round(self.amount / self.judged if self.kind == 'share' else self.amount, 4)

    @property
    def passed(self) -> bool:
        """Whether the bar is met; what was not judged is not missed either."""
        value = self.value
        return value is None or (value >= self.limit if self.at_least else value <= self.limit)

    def as_json(self) -> dict[str, Any]:
        """Return what a report holds."""
        return {'name': self.name, 'value': self.value, 'judged': self.judged, 'limit': self.limit,
                'passed': self.passed}

    def sentence(self) -> str:
        """Return it for a reader."""
        if self.value is None:
            return f'--   {self.name}: nothing was judged'
        of = f' (of {self.judged:g})' if self.kind == 'share' else ''
        return (f'{"ok  " if self.passed else "FAIL"} {self.name} {self.value:g}{of}, '
                f'{"at least" if self.at_least else "at most"} {self.limit:g}')


def targets(own: Callable[[Recording], Sequence[Target]], recording: Recording) -> list[Target]:
    """
    Return the targets of an application after one run; none where it has none of its own.

    :param own: returns the application's own.
    """
    found = own(recording)
    return [*found, Target('unsafe_commands', 0, False, 'count', recording.unsafe_commands,
                           recording.commands)] if found else []


def together(runs: Iterable[Sequence[Target]]) -> list[Target]:
    """Return the targets of several runs of one application as if they were one."""
    return [_joined(alike) for alike in zip(*runs, strict=True)]


def _joined(alike: Sequence[Target]) -> Target:
    amounts = [one.amount for one in alike]
    return replace(alike[0], judged=sum(one.judged for one in alike),
                   amount=max(amounts) if alike[0].kind == 'greatest' else sum(amounts))


def events_right(recording: Recording, name: str, limit: float, kind: str,
                 detail: str | None = None) -> Target:
    """
    Return a target for the fraction of events that went right.

    :param kind: of the events.
    :param detail: of the events, None for any.
    """
    judged = score.judged_events(recording, kind, detail)
    return Target(name, limit, True, 'share', sum(bool(event.right) for event in judged),
                  len(judged))
