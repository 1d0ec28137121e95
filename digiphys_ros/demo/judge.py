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


class ClassifiedFrame(Protocol):
    """A classification, as recorded by ros.observer."""

    stamp_s: float
    arrival_s: float
    scores: tuple[tuple[str, float], ...]


class Command(Protocol):
    """A command, as recorded by ros.observer."""

    stamp_s: float
    linear_mps: float
    angular_radps: float


@dataclass(frozen=True)
class Encounter:
    """A sign that the camera passed, with the expected and the observed reaction."""

    sign: str
    start_s: float
    end_s: float
    expected: str
    observed: str

    @property
    def right(self) -> bool:
        """Return whether the robot reacted as the rules require."""
        return self.expected == self.observed


def accuracy(classifications: Sequence[ClassifiedFrame], labels: Mapping[float, str]
             ) -> float | None:
    """
    Return the accuracy on labeled frames, without abstentions.

    :return: None if no labeled frame was answered.
    """
    answered = [(seen.scores[0][0], labels[seen.stamp_s]) for seen in classifications
                if seen.scores and seen.stamp_s in labels]
    if not answered:
        return None
    return sum(predicted == label for predicted, label in answered) / len(answered)


def reaction(linear_mps: float, angular_radps: float) -> str:
    """Return the name of the reaction to a command."""
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
    Return each sequence of frames with the same sign, and the reaction to it.

    The reaction is the most frequent one in the second half of the sequence, when the sign is
    near. Frames of a sequence are at most half a second apart.
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
    """Return the values of a command by actuator field."""
    return {'linear.x': command.linear_mps, 'angular.z': command.angular_radps}


def latency(samples_ms: Sequence[float]) -> dict[str, float | None]:
    """Return p50 and p99 in milliseconds, None without samples."""
    return {f'p{percent}': round(percentile(samples_ms, percent), 3) if samples_ms else None
            for percent in (50, 99)}


def as_json(encounter: Encounter) -> dict[str, Any]:
    """Return an encounter as JSON object of the report."""
    return {'sign': encounter.sign, 'seconds': round(encounter.end_s - encounter.start_s, 3),
            'expected': encounter.expected, 'observed': encounter.observed,
            'right': encounter.right}
