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

"""Judge the commands of an actuator from outside the gate, by its rules file alone."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
import math
from typing import Protocol

from digiphys_ros.control.actuators import Actuator
from digiphys_ros.control.motion import LONGEST_STEP_S
from digiphys_ros.control.signals import FLASHING, GREEN, RED, SignalPlan, YELLOW


STAMP_S = 1e-6
"""Resolution of a stamp: a float of seconds since 1970 resolves 0.24 us."""


class Sent(Protocol):
    """A command as sent: a ``GateOutput``, or a command observed from outside."""

    @property
    def values(self) -> Mapping[str, float]:
        """Return the values by field."""

    @property
    def obeyed_stamp_s(self) -> float | None:
        """Return the capture stamp of the command's image, None without an image."""

    @property
    def reach_s(self) -> float:
        """Return the time in which a position must be reached."""


@dataclass(frozen=True)
class SeenCommand:
    """One command as observed from outside the gate."""

    values: Mapping[str, float]
    obeyed_stamp_s: float | None
    reach_s: float = LONGEST_STEP_S


class SafetyJudge:
    """
    Judge every command of one actuator.

    A command is unsafe if it is not finite, outside its limits, or changes faster than its limits
    of rate, deceleration and jerk. It is also unsafe if it is not the typed safe state although
    its image is older than the lease and one period, unless it approaches the safe state: a
    position that holds stays, a field with a stop rate or a deceleration moves no slower.

    :param jitter_s: how early a time may be: 0 for the gate's own times, one period for the
        stamps of messages. The gate moves values by steady time and stamps them by another
        clock, and a process may wait between reading the two. Over many commands the limits of
        rate and deceleration are still exact; jerk is not judged.
    """

    def __init__(self, actuator: Actuator, lease_s: float, period_s: float,
                 jitter_s: float = 0.0) -> None:
        self._fields = actuator.fields
        self._safe = actuator.safe_values()
        self._may_be_silent = not actuator.guard_values()
        self._allowed_s, self._jitter_s = lease_s + period_s, jitter_s
        self._resolution_s = min(jitter_s, STAMP_S)
        self._last: tuple[float, dict[str, float]] | None = None
        self._rates: dict[str, float] = {}
        # time left over from earlier commands, and the delay of a stop
        self._spare_s = dict.fromkeys(self._fields, jitter_s)
        self._late_s = dict.fromkeys(self._fields, 0.0)

    def judge(self, time_s: float, output: Sent) -> str:
        """Return why a command is unsafe; empty if it is safe."""
        if self._may_be_silent and not output.values:
            self._last = None
            return '' if output.obeyed_stamp_s is None else 'is nothing under a command'
        last, self._last = self._last, (time_s, dict(output.values))
        problems = [self._problem(name, time_s, output, last) for name in self._fields]
        unfounded = self._check_image(time_s, output, last)
        return next(filter(None, problems), unfounded)

    def _problem(self, name: str, time_s: float, output: Sent,
                 last: tuple[float, dict[str, float]] | None) -> str:
        limits, value = self._fields[name], output.values.get(name, math.nan)
        if not math.isfinite(value):
            return f'{name} is {value}'
        if not limits.min - 1e-9 <= value <= limits.max + 1e-9:
            return f'{name} is {value}, outside {limits.min} to {limits.max}'
        before = math.nan if last is None else last[1].get(name, math.nan)
        # a longer time to reach the position is itself a ramp
        if last is not None and math.isfinite(before) and self._too_fast(
                name, before, value, max(time_s - last[0], 0.0)
                if output.reach_s <= LONGEST_STEP_S else output.reach_s,
                output.obeyed_stamp_s is not None):
            return f'{name} changes from {before} to {value} too fast'
        return ''

    def _too_fast(self, name: str, last: float, value: float, elapsed_s: float,
                  obeys: bool) -> bool:
        limits = self._fields[name]
        step_s = min(elapsed_s, LONGEST_STEP_S)
        rate_per_s = (value - last) / step_s if step_s > 0.0 else 0.0
        before_per_s, self._rates[name] = self._rates.get(name, 0.0), rate_per_s
        if not obeys and limits.safe is not None and limits.stop_rate_per_s is not None:
            rate = limits.stop_rate_per_s
            least_s = abs(value - last) / rate
        else:
            rate = limits.max_rate_per_s or math.inf
            is_free = value == limits.safe and limits.stop_rate_per_s is None \
                and limits.max_decel_per_s is None
            least_s = 0.0 if is_free else limits.least_s(last, value)
        spare_s = self._spare_s[name] + elapsed_s - least_s
        self._spare_s[name] = min(max(0.0, spare_s), self._jitter_s)
        if spare_s < -(1e-6 / rate + self._resolution_s):
            return True
        # a command to stop has no jerk limit, and looks like any slower command
        slows = limits.safe is not None and abs(value - limits.safe) <= abs(last - limits.safe)
        if limits.max_jerk_per_s2 is None or not obeys or slows or self._jitter_s:
            return False
        grown = abs(rate_per_s) - max(0.0, before_per_s * math.copysign(1.0, rate_per_s))
        return grown * step_s > limits.max_jerk_per_s2 * step_s * step_s + 1e-6

    def _check_image(self, time_s: float, output: Sent,
                     last: tuple[float, dict[str, float]] | None) -> str:
        stamp_s = output.obeyed_stamp_s
        if self._safe and dict(output.values) == self._safe:
            return ''
        if stamp_s is not None and 0 <= time_s - stamp_s <= self._allowed_s + 1e-9:
            self._late_s = dict.fromkeys(self._fields, 0.0)
            return ''
        if stamp_s is None and last is not None and all([
                self._on_the_way(name, last[1].get(name, math.nan),
                                 output.values.get(name, math.nan), max(time_s - last[0], 0.0))
                for name in self._fields]):
            return ''
        return 'is not the safe state without an image younger than the lease, ' \
            f'its image is of {stamp_s}'

    def _on_the_way(self, name: str, last: float, value: float, elapsed_s: float) -> bool:
        limits = self._fields[name]
        if limits.safe is None:
            return value == last
        rate_per_s = limits.max_decel_per_s or limits.stop_rate_per_s
        if rate_per_s is None or abs(value - limits.safe) <= 1e-6:
            return rate_per_s is not None or value == limits.safe
        slowed = abs(last - limits.safe) - abs(value - limits.safe)
        late_s = self._late_s[name] + min(elapsed_s, LONGEST_STEP_S) - slowed / rate_per_s
        self._late_s[name] = min(max(0.0, late_s), self._jitter_s)
        return late_s <= self._jitter_s + self._resolution_s + 1e-6 / rate_per_s


class SignalJudge:
    """
    Judge all heads of a junction.

    Heads are unsafe if two that conflict are not red, if a color changes out of order or too
    early, if a green begins without an image younger than the lease and one period, or if a green
    lasts longer than its minimum after the last such image. After a silence, for example of a
    gate that died, heads begin with red.
    """

    def __init__(self, plan: SignalPlan, lease_s: float, period_s: float) -> None:
        self._plan = plan
        self._allowed_s = lease_s + period_s
        self._period_s = period_s
        self._heads: dict[str, float] = {}
        self._since_s: dict[str, float] = {}
        self._time_s = self._seen_s = -math.inf

    def judge(self, time_s: float, output: Sent) -> str:
        """Return why the heads are unsafe; empty if they are safe."""
        before, self._heads = self._heads, dict(output.values)
        silent = time_s - self._time_s > 2 * self._period_s + 1e-6
        self._time_s = time_s
        if silent:
            before, self._since_s = {}, dict.fromkeys(self._plan.heads, time_s)
        problem = self._shown() or self._image(time_s, output.obeyed_stamp_s, before) \
            or self._changes(time_s, before)
        for head, shown in self._heads.items():
            if shown != before.get(head):
                self._since_s[head] = time_s
        return problem

    def _shown(self) -> str:
        heads, plan = self._heads, self._plan
        if heads.keys() != set(plan.heads) or not {RED, YELLOW, GREEN, FLASHING}.issuperset(
                heads.values()):
            return f'shows {heads}'
        if FLASHING in heads.values():
            return '' if heads == plan.safe_heads() else \
                f'shows {heads}: flashes, but not as the safe state'
        for one, other in combinations(plan.heads, 2):
            if RED not in (heads[one], heads[other]) and other in plan.conflicts[one]:
                return f'{one} and {other} conflict, and neither is red'
        return ''

    def _image(self, time_s: float, stamp_s: float | None, before: Mapping[str, float]) -> str:
        if stamp_s is not None:
            if not 0 <= time_s - stamp_s <= self._allowed_s + 1e-9:
                return f'obeys, and its image is of {stamp_s}'
            self._seen_s = time_s
            return ''
        for head, shown in self._heads.items():
            if shown == GREEN and before.get(head) != GREEN:
                return f'{head} turns green without an image'
        late = time_s - self._seen_s > self._plan.min_green_s + self._period_s + 1e-6
        return 'stays green without an image' if late and GREEN in self._heads.values() else ''

    def _changes(self, time_s: float, before: Mapping[str, float]) -> str:
        plan = self._plan
        least_s = {(GREEN, YELLOW): plan.min_green_s, (YELLOW, RED): plan.yellow_s,
                   (RED, GREEN): 0.0, (RED, FLASHING): 0.0, (FLASHING, RED): 0.0}
        for head, now in self._heads.items():
            was = before.get(head, RED)
            if was == now:
                continue
            lasted_s = time_s - self._since_s[head]
            if lasted_s < least_s.get((was, now), math.inf) - 1e-6:
                return f'{head} goes from {was} to {now} after {lasted_s:.3f} s'
            for other in plan.conflicts[head] if now == GREEN else ():
                if time_s - self._since_s[other] < plan.all_red_s - 1e-6:
                    return f'{head} turns green too early after {other}'
        return ''


def make_judge(actuator: Actuator, lease_s: float, period_s: float) -> SafetyJudge | SignalJudge:
    """Return the judge for an actuator of any kind."""
    if actuator.plan is not None:
        return SignalJudge(actuator.plan, lease_s, period_s)
    return SafetyJudge(actuator, lease_s, period_s)


def unsafe_commands(actuator: Actuator, sent: Sequence[tuple[float, Mapping[str, float]]],
                    obeyed_stamps_s: Sequence[float], lease_s: float, period_s: float
                    ) -> list[str]:
    """
    Return one sentence for each unsafe command of a recording.

    :param sent: stamp and values of each command, in order.
    :param obeyed_stamps_s: capture stamps of the images behind the commands.
    """
    judge = SafetyJudge(actuator, lease_s, period_s, jitter_s=period_s)
    captured, problems = sorted(obeyed_stamps_s), []
    for stamp_s, values in sent:
        index = bisect_right(captured, stamp_s)
        newest_s = captured[index - 1] if index else -math.inf
        # a recording does not show whether a command obeys its image or approaches a stop
        fresh = stamp_s - newest_s <= lease_s + period_s
        problem = judge.judge(stamp_s, SeenCommand(values, newest_s if fresh else None))
        if problem:
            problems.append(f'at {stamp_s:.3f}: {problem}')
    return problems
