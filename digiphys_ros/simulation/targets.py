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

from digiphys_ros.applications.sorting.conveyor import RATED_MPS
from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios import score

Kind = Literal['share', 'count', 'greatest']
"""An amount over all that was judged, an amount alone, or the greatest of all amounts."""

STARTED_S = 3.0
"""In which pipeline and belt have started."""

OF_MANY_RUNS = frozenset({'wait_saved'})
"""What one run of a few minutes does not show."""


@dataclass(frozen=True)
class Target:
    """
    One figure and its bar.

    :ivar at_least: whether the bar is the least allowed, else it is the greatest.
    :ivar amount: what was counted; judged: of how much, 0 where nothing was judged.
    """

    name: str
    bar: float
    at_least: bool
    kind: Kind
    amount: float
    judged: float

    @property
    def value(self) -> float | None:
        """Return the figure, None where nothing was judged."""
        if not self.judged:
            return None
        return round(self.amount / self.judged if self.kind == 'share' else self.amount, 4)

    @property
    def holds(self) -> bool:
        """Whether the bar is met; what was not judged is not missed either."""
        value = self.value
        return value is None or (value >= self.bar if self.at_least else value <= self.bar)

    def as_json(self) -> dict[str, Any]:
        """Return what a report holds."""
        return {'name': self.name, 'value': self.value, 'judged': self.judged, 'bar': self.bar,
                'holds': self.holds}

    def sentence(self) -> str:
        """Return it for a reader."""
        if self.value is None:
            return f'--   {self.name}: nothing was judged'
        of = f' (of {self.judged:g})' if self.kind == 'share' else ''
        return (f'{"ok  " if self.holds else "MISS"} {self.name} {self.value:g}{of}, '
                f'{"at least" if self.at_least else "at most"} {self.bar:g}')


def targets(application: str, recording: Recording) -> list[Target]:
    """Return the targets of an application after one run; none where nothing is driven."""
    own = OWN.get(application)
    if own is None:
        return []
    return [*own(recording), Target('unsafe_commands', 0, False, 'count',
                                    recording.unsafe_commands, recording.commands)]


def together(runs: Iterable[Sequence[Target]]) -> list[Target]:
    """Return the targets of several runs of one application as if they were one."""
    return [_joined(alike) for alike in zip(*runs, strict=True)]


def _joined(alike: Sequence[Target]) -> Target:
    amounts = [one.amount for one in alike]
    return replace(alike[0], judged=sum(one.judged for one in alike),
                   amount=max(amounts) if alike[0].kind == 'greatest' else sum(amounts))


def _right(recording: Recording, name: str, bar: float, kind: str, detail: str | None = None,
           ) -> Target:
    judged = score.judged_events(recording, kind, detail)
    return Target(name, bar, True, 'share', sum(bool(event.right) for event in judged),
                  len(judged))


def _traffic(recording: Recording) -> list[Target]:
    excess, frames = score.most_above_limit(recording)
    return [_right(recording, 'stops_obeyed', 1.0, 'sign passed', 'stop'),
            Target('above_limit', 0.05, False, 'greatest', excess, frames),
            _right(recording, 'signs_right', 0.95, 'sign passed')]


def _signals(recording: Recording) -> list[Target]:
    last = recording.frames[-1].facts
    arrived = float(last['arrived'])
    fixed_s, waited_s = (arrived * float(last[name])
                         for name in ('fixed_mean_wait_s', 'mean_wait_s'))
    return [Target('wait_saved', 0.2, True, 'share', fixed_s - waited_s, fixed_s),
            *(Target(name, 0, False, 'count', float(last[name]), recording.commands)
              for name in ('head_conflicts', 'conflicts'))]


def _sorting(recording: Recording) -> list[Target]:
    belts = [float(frame.facts['belt_mps']) for frame in recording.frames
             if frame.time_s >= STARTED_S]
    return [_right(recording, 'parts_right', 0.98, 'part sorted'),
            Target('belt_speed_of_rated', 0.9, True, 'share', sum(belts) / RATED_MPS, len(belts))]


OWN: dict[str, Callable[[Recording], list[Target]]] = {
    'traffic': _traffic, 'signals': _signals, 'sorting': _sorting}
