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

"""Judge the heads of a junction against its plan, from outside."""

from itertools import combinations

from digiphys_ros.control.signals import FLASHING, GREEN, RED, SignalPlan, YELLOW
from violation import Violation

NEAR_S = 1e-6


class SignalOracle:
    """
    Follow the heads at every step, and how long each has shown its light.

    It knows plans whose phases share no head.
    """

    def __init__(self, plan: SignalPlan) -> None:
        self.plan = plan
        self.heads = dict.fromkeys(plan.heads, RED)
        self.for_s = dict.fromkeys(plan.heads, 0.0)
        self.opening_s = plan.yellow_s + plan.all_red_s
        self.closed_s = 0.0

    def shown(self, requests: dict[str, float], elapsed_s: float, heads: dict[str, float],
              last: bool) -> None:
        """Judge what the heads show after ``elapsed_s``."""
        if last:
            if heads != self.plan.safe_heads():
                raise Violation(f'the last heads are {heads}')
            return
        if heads.keys() != self.heads.keys():
            raise Violation(f'heads are {heads}')
        before, self.heads = self.heads, heads
        for head in heads:
            self.for_s[head] += elapsed_s
        self.closed_s = min(self.for_s.values())
        self.meet()
        for head, now in heads.items():
            if now != before[head]:
                self.change(head, before[head], now, requests)
                self.for_s[head] = 0.0
        self.closed_s = min(self.for_s.values())
        self.lasts(requests)

    def guarded(self) -> None:
        """Note that the guard has shown the safe state at once."""
        self.heads = self.plan.safe_heads()
        self.for_s = dict.fromkeys(self.heads, 0.0)
        self.opening_s, self.closed_s = self.plan.yellow_s + self.plan.all_red_s, 0.0

    def meet(self) -> None:
        """Judge which heads show green or yellow together."""
        heads = self.heads
        if FLASHING in heads.values():
            if heads != self.plan.safe_heads():
                raise Violation(f'heads flash: {heads}')
            self.opening_s = self.plan.yellow_s + self.plan.all_red_s
            return
        for one, other in combinations(heads, 2):
            if other in self.plan.conflicts[one] and RED not in (heads[one], heads[other]):
                raise Violation(f'{one} and {other} meet: {heads}')

    def change(self, head: str, was: float, now: float, requests: dict[str, float]) -> None:
        """Judge one change of color."""
        plan, lasted_s = self.plan, self.for_s[head]
        least_s = {(GREEN, YELLOW): plan.min_green_s, (YELLOW, RED): plan.yellow_s,
                   (RED, GREEN): plan.all_red_s, (RED, FLASHING): plan.all_red_s,
                   (FLASHING, RED): 0.0}.get((was, now))
        if least_s is None or lasted_s < least_s - NEAR_S:
            raise Violation(f'{head} goes from {was} to {now} after {lasted_s} s')
        if now != GREEN:
            return
        if not any(requests.get(phase, 0.0) > 0.0 for phase, lit in plan.phases.items()
                   if head in lit):
            raise Violation(f'{head} turns green, and requests are {requests}')
        if self.closed_s < self.opening_s - NEAR_S:
            raise Violation(f'{head} turns green {self.closed_s} s after the beginning')
        for other in plan.conflicts[head]:
            if self.for_s[other] < plan.all_red_s - NEAR_S:
                raise Violation(f'{head} turns green {self.for_s[other]} s after {other}')

    def lasts(self, requests: dict[str, float]) -> None:
        """Judge which lights last too long."""
        plan = self.plan
        requested = {phase for phase, request in requests.items() if request > 0.0}
        if GREEN in self.heads.values():
            self.opening_s = 0.0
        for phase, lit in plan.phases.items():
            shown, lasted_s = self.heads[lit[0]], self.for_s[lit[0]]
            if shown == YELLOW and lasted_s > plan.yellow_s + NEAR_S:
                raise Violation(f'{phase} is yellow for {lasted_s} s')
            if shown != GREEN:
                continue
            if phase not in requested and lasted_s > plan.min_green_s + NEAR_S:
                raise Violation(f'{phase} is green for {lasted_s} s, and requests are {requests}')
            if requested - {phase} and lasted_s > plan.max_green_s + NEAR_S:
                raise Violation(f'{phase} is green for {lasted_s} s while others wait')
        if set(self.heads.values()) == {RED} and \
                self.closed_s > plan.yellow_s + plan.all_red_s + NEAR_S:
            if requested:
                raise Violation(f'all is red for {self.closed_s} s, and requests are {requests}')
            if plan.safe == 'flashing':
                raise Violation(f'all is red for {self.closed_s} s and does not flash')
