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

"""Detect frozen, covered and broken cameras."""

import math
from typing import Any

from digiphys_ros.perception.camera_checks import (
    Limits,
    measure,
    Measures,
    RepeatDetector,
    sample_blocks,
    thumbnail,
)
from digiphys_ros.perception.frame import Frame
import numpy as np
from numpy.typing import NDArray

STRIDE = 8
"""If all blocks of two frames are equal, every eighth row is compared too."""

SPECK = 0.001
"""Fraction of values that may differ in equal frames: a flipping bit, a dot of an overlay."""

BAD_FRAMES, GOOD_FRAMES = 5, 3
"""Consecutive frames until a verdict, and until it is cleared: at 10 Hz 0.5 and 0.3 s."""

OWN_DETAIL = 0.5
"""Sharpness of a sharp image, for comparison before there is an earlier image."""

FALLS, RISE = (0.2, 0.0005), 0.01
"""
Update rates of two references of sharpness, for seconds and minutes, by a less sharp or sharper
frame.
"""

LENIENT = (1.0, 2.0)
"""Factor on the limit for each reference: scenes differ more over minutes."""

LEAST_SHARPNESS = 0.01
"""Smallest reference: an image of a smooth gradient has no sharpness."""

SHARP_AGAIN = 1.3
"""Times the limit that a frame must reach after a blurred one. Noise alone changes the sharpness
of a blurred image by so much."""

SHARPNESS_BLOCKS = 48
"""Sharpness is checked from 64x48 pixels; smaller images have too few edges."""


class LivenessMonitor:
    """
    Separate fresh frames from those of a blind or frozen camera.

    A sensor has noise: a frame that equals the last one, except for a few pixels, is the same
    frame. The other checks need several consecutive bad frames, so one odd frame does not stop a
    robot.

    :param limits: limits of the checks; may be replaced between two frames.
    :ivar figures: measures of the last frame, for diagnostics.

    Example::

        monitor = LivenessMonitor(Limits(min_contrast=5.0))
        if monitor.check(frame) == 'fresh':
            classify(frame)
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.figures: dict[str, float] = {}
        self._rows: NDArray[Any] | None = None
        self._blocks: NDArray[Any] | None = None
        self._repeats = RepeatDetector()
        self._references: tuple[float, ...] = ()
        self._bits = 0
        self._verdict, self._bad, self._good = 'fresh', 0, 0
        self._found, self._blurred_at = '', math.nan

    def check(self, frame: Frame) -> str:
        """Return ``fresh``, ``black`` or one of ``REASONS``."""
        if frame.bits != self._bits:
            # at another bit depth the same edges have another contrast
            self._bits, self._references = frame.bits, ()
        blocks = sample_blocks(frame)
        if self.limits.drop_duplicate_frames and self._equals_last(frame, blocks):
            # a slow camera may send each image several times; the verdict stays
            if self._found:
                self._settle(self._found)
            return 'repeated'
        if blocks is None:
            brightness, lasting = float(frame.converted('mono').mean()), 'fresh'
        else:
            measures = measure(blocks, thumbnail(frame))
            self._found = self._problem(measures, blocks)
            brightness, lasting = measures.brightness, self._settle(self._found)
        return 'black' if brightness < self.limits.min_brightness else lasting

    def _equals_last(self, frame: Frame, blocks: NDArray[Any] | None) -> bool:
        # the cached sample differs in nearly every fresh frame; the rows confirm equality
        rows, last_rows, last_blocks = frame.pixels[::STRIDE], self._rows, self._blocks
        self._rows, self._blocks = rows, blocks
        if blocks is not None and not _equal(blocks, last_blocks):
            return False
        return _equal(rows, last_rows)

    def _problem(self, measures: Measures, blocks: NDArray[Any]) -> str:
        """Return the problem of this single frame, or ''."""
        repeated = self._repeats.repeated(blocks) if self.limits.drop_duplicate_frames else 0.0
        sharpness = self._sharpness(measures, blocks)
        self.figures = vars(measures) | {'repeated': repeated, 'sharpness': sharpness}
        problem = self._first_problem(measures, repeated, sharpness)
        if not problem:
            self._follow(measures.sharpness)
        return problem

    def _sharpness(self, measures: Measures, blocks: NDArray[Any]) -> float:
        """Return the sharpness as a fraction of the references, or of a typical sharp image."""
        own = measures.detail / OWN_DETAIL
        if not self._references or blocks.shape[0] * blocks.shape[1] < SHARPNESS_BLOCKS:
            return own
        return min(own, *(fraction * measures.sharpness / max(reference, LEAST_SHARPNESS)
                          for fraction, reference in zip(LENIENT, self._references, strict=True)))

    def _first_problem(self, measures: Measures, repeated: float, sharpness: float) -> str:
        limits = self.limits
        problems = {
            'frozen': repeated > limits.max_repeated,
            'noise': measures.correlation < limits.min_correlation,
            'saturated': measures.saturated > limits.max_saturated,
            'no_contrast': measures.contrast < limits.min_contrast,
            'dead_region': measures.dead > limits.max_dead,
            'blurred': self._is_blurred(sharpness)}
        return next((name for name, found in problems.items() if found), '')

    def _is_blurred(self, sharpness: float) -> bool:
        limit = self.limits.min_sharpness
        # a limit that was changed holds as it is
        blurred = sharpness < limit * (SHARP_AGAIN if self._blurred_at == limit else 1.0)
        self._blurred_at = limit if blurred else math.nan
        return blurred

    def _follow(self, sharpness: float) -> None:
        before = self._references or (sharpness,) * len(FALLS)
        self._references = tuple(
            one + (fall if sharpness < one else RISE) * (sharpness - one)
            for fall, one in zip(FALLS, before, strict=True))

    def _settle(self, problem: str) -> str:
        """Return the verdict after enough consecutive frames."""
        self._bad, self._good = (self._bad + 1, 0) if problem else (0, self._good + 1)
        # repeated content has been compared over several frames already
        if self._bad >= BAD_FRAMES or problem == 'frozen':
            self._verdict = problem
        elif self._good >= GOOD_FRAMES:
            self._verdict = 'fresh'
        return self._verdict


def _equal(values: NDArray[Any], earlier: NDArray[Any] | None) -> bool:
    """Return whether two arrays are equal except for a few values."""
    if earlier is None or values.shape != earlier.shape:
        return False
    most, middle = SPECK * values.size, len(values) // 2
    # one line in the middle differs in nearly every fresh frame
    return all(int(np.count_nonzero(one != other)) <= most for one, other in (
        (values[middle], earlier[middle]), (values, earlier)))
