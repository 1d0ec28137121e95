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
"""Signal heads that no command can make conflict: phases, and the times between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

RED, YELLOW, GREEN, FLASHING = 0.0, 1.0, 2.0, 3.0
"""What a head shows, as a number that commands and messages can carry."""


@dataclass(frozen=True)
class SignalPlan:
    """
    The heads of a junction, as a rules file describes them (control.signal_schema checks it).

    :ivar conflicts: head to the heads that must not be green with it, given in both directions.
    :ivar phases: phase to the heads that are green in it.
    :ivar max_green_s: longest green while another phase is requested too.
    :ivar safe: the typed safe state, ``all_red`` or ``flashing``.
    """

    heads: tuple[str, ...]
    conflicts: Mapping[str, tuple[str, ...]]
    phases: Mapping[str, tuple[str, ...]]
    min_green_s: float
    max_green_s: float
    yellow_s: float
    all_red_s: float
    safe: str = 'all_red'

    def shown(self, phase: str | None, light: float) -> dict[str, float]:
        """Return every head: those of a phase show ``light``, the others red."""
        lit = self.phases[phase] if phase else ()
        return {head: light if head in lit else RED for head in self.heads}

    def longest_to_red_s(self) -> float:
        """Return the longest time from an e-stop to all red: minimum green, then yellow."""
        return self.min_green_s + self.yellow_s

    def safe_heads(self) -> dict[str, float]:
        """Return what every head shows in the typed safe state."""
        return dict.fromkeys(self.heads, FLASHING if self.safe == 'flashing' else RED)


class Stage(Enum):
    """The current step of the interlock."""

    CLEARING = 'all red'
    SAFE = 'safe state'
    GREEN = 'green'
    YELLOW = 'yellow'


class SignalInterlock:
    """
    Turn any requests for phases, at any time, into safe states of the heads.

    A request is a number for each phase. The phase with the greatest request gets its green; a
    phase with a request of zero does not wait. Without any request the heads go to the typed
    safe state. Between two greens, and on the way to the safe state, the rest of the minimum
    green, yellow and all red follow, each in full. After the maximum green another requested
    phase takes its turn; of several, the one that has waited longest since its last green. A
    phase that was requested without a break for the maximum greens of all phases together takes
    its turn after any green: phases that alternate cannot starve it.

    The interlock begins with all red for as long as yellow and all red take together, because it
    cannot know what the heads showed before. It does the same after flashing.
    """

    def __init__(self, plan: SignalPlan) -> None:
        self._plan = plan
        self._turns = list(plan.phases)
        self._waited_s = dict.fromkeys(plan.phases, 0.0)
        self._phase: str | None = None
        self._next: str | None = None
        self._enter(Stage.CLEARING, plan.yellow_s + plan.all_red_s)

    def step(self, requests: Mapping[str, float], elapsed_s: float) -> dict[str, float]:
        """
        Return what every head shows now.

        :param requests: phase to request; a phase that is missing is not requested.
        :param elapsed_s: time since the previous step. Too small a value makes the times longer,
            never shorter.
        """
        plan = self._plan
        self._left_s -= elapsed_s
        self._stage_s += elapsed_s
        for phase, waited_s in self._waited_s.items():
            waits = phase != self._phase and requests.get(phase, 0.0) > 0.0
            self._waited_s[phase] = waited_s + elapsed_s if waits else 0.0
        if self._stage is Stage.GREEN and self._left_s <= 0.0:
            wanted = self._choose_phase(requests)
            if wanted != self._phase:
                self._next = wanted
                self._enter(Stage.YELLOW, plan.yellow_s)
        elif self._stage is Stage.YELLOW and self._left_s <= 0.0:
            self._phase = None
            self._enter(Stage.CLEARING, plan.all_red_s)
        elif self._stage is Stage.CLEARING and self._left_s <= 0.0:
            self._leave_red(requests)
        elif self._stage is Stage.SAFE and self._choose_phase(requests):
            self._leave_safe(requests)
        if self._stage is Stage.SAFE:
            return plan.safe_heads()
        return plan.shown(self._phase, GREEN if self._stage is Stage.GREEN else YELLOW)

    def _enter(self, stage: Stage, least_s: float = 0.0) -> None:
        self._stage, self._left_s, self._stage_s = stage, least_s, 0.0

    def _leave_red(self, requests: Mapping[str, float]) -> None:
        # keep the choice made at the end of the green: after the maximum it must be another phase
        decided = self._next if self._next and requests.get(self._next, 0.0) > 0.0 else None
        self._phase, self._next = decided or self._choose_phase(requests), None
        if self._phase is None:
            self._enter(Stage.SAFE)
            return
        self._turns.remove(self._phase)
        self._turns.append(self._phase)
        self._enter(Stage.GREEN, self._plan.min_green_s)

    def _leave_safe(self, requests: Mapping[str, float]) -> None:
        if self._plan.safe == 'flashing':
            self._enter(Stage.CLEARING, self._plan.yellow_s + self._plan.all_red_s)
        else:
            self._leave_red(requests)

    def _choose_phase(self, requests: Mapping[str, float]) -> str | None:
        """Return the phase that should be green, None for the safe state."""
        # waiting phases come before the green one; of equal requests, the first wins
        others = [phase for phase in self._turns
                  if phase != self._phase and requests.get(phase, 0.0) > 0.0]
        own = requests.get(self._phase, 0.0) if self._phase else 0.0
        if not others:
            return self._phase if own > 0.0 else None
        if self._stage is Stage.GREEN and self._stage_s >= self._plan.max_green_s:
            return others[0]
        longest_s = len(self._turns) * self._plan.max_green_s
        for phase in others:
            if self._waited_s[phase] >= longest_s:
                return phase
        best = max(others, key=lambda phase: requests[phase])
        return self._phase if own >= requests[best] else best
