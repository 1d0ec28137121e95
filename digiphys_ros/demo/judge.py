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

"""Judge a recorded run: accuracy, reactions to signs, latency. No ROS."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from digiphys_ros.metrics import percentile

STOP_MPS = 0.02
SLOW_MPS = 0.25
TURN_RADPS = 0.2


class Seen(Protocol):
    """One classification (see ros.observer.Seen)."""

    stamp_s: float
    arrival_s: float
    scores: tuple[tuple[str, float], ...]


class Command(Protocol):
    """One command (see ros.observer.Command)."""

    stamp_s: float
    linear_mps: float
    angular_radps: float


@dataclass(frozen=True)
class Encounter:
    """One sign the camera passed: what it was, and how the robot ought to react and did."""

    sign: str
    start_s: float
    end_s: float
    expected: str
    observed: str

    @property
    def right(self) -> bool:
        """Return whether the robot reacted as the rules ask."""
        return self.expected == self.observed


def accuracy(classifications: Sequence[Seen], labels: Mapping[float, str]) -> float | None:
    """
    Return the share of labelled frames whose best class is the label, abstentions left out.

    :return: None where no labelled frame was answered.
    """
    answered = [(seen.scores[0][0], labels[seen.stamp_s]) for seen in classifications
                if seen.scores and seen.stamp_s in labels]
    if not answered:
        return None
    return sum(given == true for given, true in answered) / len(answered)


def reaction(linear_mps: float, angular_radps: float) -> str:
    """Return the name of what a robot does under one command."""
    if abs(linear_mps) < STOP_MPS and abs(angular_radps) < TURN_RADPS:
        return 'stop'
    if angular_radps <= -TURN_RADPS:
        return 'turn right'
    if angular_radps >= TURN_RADPS:
        return 'turn left'
    return 'slow' if linear_mps <= SLOW_MPS else 'cruise'


def encounters(labels: Mapping[float, str], commands: Sequence[Command],
               expected: Callable[[str], str], background: str | None) -> list[Encounter]:
    """
    Return each run of frames with one and the same sign, and the reaction to it.

    The reaction is what the robot did most often in the last half of the run, when the sign
    is near, of frames at most half a second apart.
    """
    found: list[Encounter] = []
    for sign, start_s, end_s in _runs(labels):
        if sign == background:
            continue
        near = [reaction(command.linear_mps, command.angular_radps) for command in commands
                if (start_s + end_s) / 2 <= command.stamp_s <= end_s]
        observed = Counter(near).most_common(1)[0][0] if near else 'nothing'
        found.append(Encounter(sign, start_s, end_s, expected(sign), observed))
    return found


def _runs(labels: Mapping[float, str]) -> list[tuple[str, float, float]]:
    runs: list[tuple[str, float, float]] = []
    for stamp_s in sorted(labels):
        sign = labels[stamp_s]
        if runs and runs[-1][0] == sign and stamp_s - runs[-1][2] < 0.5:
            runs[-1] = (sign, runs[-1][1], stamp_s)
        else:
            runs.append((sign, stamp_s, stamp_s))
    return runs


def values_of(command: Command) -> dict[str, float]:
    """Return a command's values by the field of the actuator."""
    return {'linear.x': command.linear_mps, 'angular.z': command.angular_radps}


def latency(samples_ms: Sequence[float]) -> dict[str, float | None]:
    """Return p50 and p99 in milliseconds, None without samples."""
    return {f'p{percent}': round(percentile(samples_ms, percent), 3) if samples_ms else None
            for percent in (50, 99)}


def as_json(encounter: Encounter) -> dict[str, Any]:
    """Return an encounter as the report holds it."""
    return {'sign': encounter.sign, 'seconds': round(encounter.end_s - encounter.start_s, 3),
            'expected': encounter.expected, 'observed': encounter.observed,
            'right': encounter.right}
