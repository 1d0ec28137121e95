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

"""
Throw random faults at gates and compare every answer with an independent oracle.

    make campaign ARGS="--events 1000000 --seed 7"
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed, ProcessPoolExecutor
from dataclasses import asdict, dataclass
import json
import math
from pathlib import Path
from random import Random
import sys
import time
from typing import Any

from digiphys_ros.control import DesiredCommand, Gate, make_gate
from fault_events import ACTUATORS, Case, draw_case, draw_events, Event
from gate_oracle import Oracle
from violation import Violation

MakeGate = Callable[..., Gate]
EVENTS_OF_A_CASE = 400
CASES_OF_A_JOB = 50


@dataclass(frozen=True)
class Found:
    """A violation: the events that lead to it, and the fault at their end."""

    seed: int
    case_number: int
    case: Case
    events: list[Event]
    sentence: str

    def __str__(self) -> str:
        """Return it as readable text."""
        return '\n'.join((f'seed {self.seed}, case {self.case_number}, {self.case}:',
                          *(f'  {event}' for event in self.events), f'  {self.sentence}'))


class Play:
    """One gate, its oracle and the clocks of both."""

    def __init__(self, case: Case, make: MakeGate) -> None:
        actuator = ACTUATORS[case.actuator]
        self.gate = make(actuator, case.lease_s, case.ahead_s, case.settle_s)
        self.oracle = Oracle(actuator, case.lease_s, case.ahead_s, case.place, case.settle_s)
        self.now_s, self.steady_s = case.start_s, case.start_s if case.one_clock else 50.0
        self.one_clock = case.one_clock
        self.rate = 1.0

    def happen(self, event: Event) -> None:
        """Apply an event to the gate and report it to the oracle."""
        name, seconds, *arguments = event
        self.now_s += seconds * self.rate
        self.steady_s = self.now_s if self.one_clock else self.steady_s + seconds
        getattr(self, name)(*arguments)

    def clocks(self, now_s: float | None = None, steady_s: float | None = None) -> Any:
        """Return the arguments for the gate and for the oracle."""
        now_s = self.now_s if now_s is None else now_s
        if self.one_clock:
            return (now_s,), (now_s, now_s)
        both = now_s, self.steady_s if steady_s is None else steady_s
        return both, both

    def submit(self, values: dict[str, float], how: str, stamp_s: float, *broken: Any) -> None:
        if how == 'age':
            stamp_s = self.now_s - stamp_s
        elif how == 'after':
            newest_s = self.oracle.newest_s
            stamp_s = (newest_s if math.isfinite(newest_s) else self.now_s) + stamp_s
        given, known = self.clocks(*broken)
        answer = self.gate.submit(DesiredCommand(values, stamp_s), *given)
        self.oracle.offered(values, stamp_s, *known, answer)

    def step(self, *broken: Any) -> None:
        given, known = self.clocks(*broken)
        self.oracle.stepped(*known, self.gate.step(*given))

    def last(self) -> None:
        given, known = self.clocks()
        self.oracle.active = False
        self.oracle.drop(self.oracle.cause)
        self.oracle.stepped(*known, self.gate.shutdown_output(*given), last=True)

    def reset(self, *broken: Any) -> None:
        given, known = self.clocks(*broken)
        self.oracle.released(*known, self.gate.reset(*given))

    def blind(self, method: str, *broken: Any) -> None:
        if method == 'submit':
            self.submit(dict(self.oracle.motion.safe), 'age', 0.0, *broken)
        else:
            getattr(self, method)(*broken)

    def estop(self, pressed: bool) -> None:
        self.gate.estop(pressed)
        self.oracle.press(pressed)

    def trip(self) -> None:
        self.gate.trip()
        self.oracle.latch()

    def activate(self) -> None:
        self.gate.activate()
        self.oracle.enable()

    def deactivate(self) -> None:
        self.gate.deactivate()
        self.oracle.disable()

    def fault(self) -> None:
        self.gate.fault('a fault of the campaign')
        self.oracle.fail()

    def guarded(self) -> None:
        """Simulate a guard that sent the safe state meanwhile."""
        self.gate.start_over('a guard acted')
        self.oracle.guarded()

    def jump(self, seconds: float) -> None:
        self.now_s += seconds

    def pace(self, rate: float) -> None:
        """Stop the clock that stamps images, or make it slow or fast."""
        self.rate = rate

    def forget(self, place: float) -> None:
        self.gate.forget_position()
        self.oracle.motion.forget(place)

    def ends(self) -> None:
        given, known = self.clocks()
        self.oracle.ends(*known, self.gate.lease_ends_in_s(*given))


def play(case: Case, events: Sequence[Event], make: MakeGate) -> tuple[int, str] | None:
    """Return the number of events up to the first violation, and the violation."""
    game = Play(case, make)
    for index, event in enumerate(events):
        try:
            game.happen(event)
        except Violation as violation:
            return index + 1, str(violation)
        except Exception as error:  # the gate must never raise
            return index + 1, f'raised {error!r}'
    if game.gate.accepted != game.oracle.accepted:
        return len(events), f'{game.gate.accepted} counted, {game.oracle.accepted} accepted'
    return None


def shorten(case: Case, events: list[Event], make: MakeGate) -> tuple[list[Event], str]:
    """Remove events as long as a violation remains."""
    count, sentence = play(case, events, make) or (len(events), '')
    events, size = events[:count], max(1, count // 2)
    while size:
        start = 0
        while start < len(events):
            fewer = events[:start] + events[start + size:]
            still = play(case, fewer, make)
            if still:
                events, sentence = fewer[:still[0]], still[1]
            else:
                start += size
        size //= 2
    return events, sentence


def run_case(seed: int, number: int, make: MakeGate = make_gate) -> Found | None:
    """Run one case; it depends only on seed and number."""
    random = Random(f'{seed}/{number}')
    case = draw_case(random)
    events = draw_events(random, case, EVENTS_OF_A_CASE)
    if play(case, events, make) is None:
        return None
    return Found(seed, number, case, *shorten(case, events, make))


def run_cases(seed: int, first: int, count: int) -> list[Found]:
    """Run some cases; return the findings."""
    found = (run_case(seed, number) for number in range(first, first + count))
    return [one for one in found if one]


def run_campaign(seed: int, events: int, processes: int) -> Iterator[tuple[int, list[Found]]]:
    """Yield the number of events and the findings of each job."""
    cases = math.ceil(events / EVENTS_OF_A_CASE)
    with ProcessPoolExecutor(processes) as pool:
        jobs = {pool.submit(run_cases, seed, first, min(CASES_OF_A_JOB, cases - first)):
                min(CASES_OF_A_JOB, cases - first) for first in range(0, cases, CASES_OF_A_JOB)}
        for done in as_completed(jobs):
            yield jobs[done] * EVENTS_OF_A_CASE, done.result()


def main() -> int:
    """Run a campaign; the exit code is 1 if a gate violated its specification."""
    from tqdm import tqdm
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--events', type=int, default=10_000_000, metavar='N')
    parser.add_argument('--seed', type=int, default=0, metavar='S')
    parser.add_argument('--processes', type=int, default=2, metavar='N')
    parser.add_argument('--json', metavar='FILE', help='write the report; - is standard output')
    arguments = parser.parse_args()
    if arguments.events < 1 or arguments.processes < 1:
        parser.error('--events and --processes must be 1 or more.')
    began_s, played, found = time.monotonic(), 0, []
    with tqdm(total=arguments.events, unit='event', unit_scale=True, disable=None) as bar:
        for count, more in run_campaign(arguments.seed, arguments.events, arguments.processes):
            played += count
            found += more
            bar.update(count)
    seconds = time.monotonic() - began_s
    report = {'seed': arguments.seed, 'events': played, 'violations': len(found),
              'seconds': round(seconds, 1), 'found': [asdict(one) for one in found[:20]]}
    if arguments.json == '-':
        sys.stdout.write(json.dumps(report, indent=2) + '\n')
    elif arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=2) + '\n')
    lines = [*map(str, found[:5]), f'{played} events, seed {arguments.seed}: {len(found)} '
             f'violations, {seconds:.0f} s']
    sys.stderr.write('\n'.join(lines) + '\n')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
