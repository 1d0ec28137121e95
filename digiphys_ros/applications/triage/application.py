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

"""A stream of X-rays with advice from a classifier; there is no actuator."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from digiphys_ros.advice import review
from digiphys_ros.applications.triage.phantoms import draw_phantom, LABELS
from digiphys_ros.errors import UsageError
from digiphys_ros.perception.frame import Frame
from digiphys_ros.simulation.advisor import Audit
from digiphys_ros.simulation.application import Commands, Event, State
import numpy as np
from numpy.typing import NDArray

PHANTOMS = 40


class Shown(Protocol):
    """Attributes of a frame that a report needs (see simulation.loop.FrameRecord)."""

    time_s: float
    ground_truth: str | None
    prediction: str | None
    score: float


class Triage:
    """
    One image after another, each for half a second.

    :param data: a folder or a data set of labeled X-rays; None draws phantoms.
    """

    rate_hz = 2.0
    focal_px = 0.0

    def __init__(self, seed: int = 0, *, camera: bool = True, data: str | None = None) -> None:
        self.time_s = 0.0
        self.ended = False
        self._images = self._phantoms(seed) if data is None else self._read(data)
        self._shown = 0
        self._events: list[Event] = []
        self._next()

    def advance(self, duration_s: float, commands: Commands) -> None:
        """
        Advance the time.

        :raises UsageError: for any command, as there is no actuator.
        """
        if commands:
            raise UsageError('triage has no actuator and takes no command, received one for '
                             f'{", ".join(commands)}.')
        before = int(self.time_s * self.rate_hz + 1e-6)
        self.time_s += duration_s
        for _ in range(int(self.time_s * self.rate_hz + 1e-6) - before):
            self._next()

    def image(self) -> NDArray[Any]:
        """Return the current image: (H, W) uint8."""
        return self._image

    def ground_truth(self) -> str | None:
        """Return the class of the current image, None if it is unknown."""
        return self._ground_truth

    def state(self) -> State:
        """Return the number of images shown."""
        return {'images': self._shown}

    def events(self) -> list[Event]:
        """Return the events since the last call."""
        events, self._events = self._events, []
        return events

    def _next(self) -> None:
        image = next(self._images, None)
        if image is None:
            self.ended = True
            return
        self._image, self._ground_truth = image
        self._shown += 1
        self._events.append(
            Event(self.time_s, 'image shown', self._ground_truth or 'unknown', None))

    @staticmethod
    def _phantoms(seed: int) -> Iterator[tuple[NDArray[Any], str | None]]:
        rng = np.random.default_rng(seed)
        for _ in range(PHANTOMS):
            label = LABELS[int(rng.integers(len(LABELS)))]
            yield draw_phantom(rng, label), label

    @classmethod
    def _read(cls, data: str) -> Iterator[tuple[NDArray[Any], str | None]]:
        from digiphys_ros.perception.sources import open_source
        for frame in open_source(data):
            # the encodings of a source are rgb8, bgr8 and mono8
            color: Any = frame.encoding.removesuffix('8')
            yield Frame(frame.pixels, color).converted('mono'), cls._label(frame.label)

    @staticmethod
    def _label(label: str | None) -> str | None:
        """Return the class name, also for a class given as a number from 0."""
        if label is not None and label.isdigit() and int(label) < len(LABELS):
            return LABELS[int(label)]
        return label


def report(frames: Sequence[Shown], audit: Audit) -> dict[str, Any]:
    """
    Return the advice, the review order, and the agreement with the ground truth.

    :param frames: one for each image; ``prediction`` is None without advice.
    :param audit: audit log of the run.
    """
    answered = [frame for frame in frames
                if frame.prediction is not None and frame.ground_truth is not None]
    right = sum(frame.prediction == frame.ground_truth for frame in answered)
    entries = {entry['case']: entry for entry in audit.advice}
    return {
        'images': len(frames), 'advised': sum(frame.prediction is not None for frame in frames),
        'abstained': sum(entry['label'] is None for entry in audit.advice),
        'answered': len(answered), 'answered_right': right,
        'agreement': {'answered': len(answered), 'right': right,
                      'fraction': round(right / len(answered), 4) if answered else None},
        'audit_log': str(audit.path) if audit.path else None, 'logged': audit.finding.entries,
        'log_verified': not audit.finding.problems,
        'queue': [{'image': int(case.id), 'margin': round(case.margin, 4),
                   'reason': entries[case.id]['reason'],
                   'explanation': entries[case.id]['explanation']}
                  for case in review(audit.advice).open]}
