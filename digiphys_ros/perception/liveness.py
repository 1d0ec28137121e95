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

"""Is this frame news? A frozen or covered camera must not look like a quiet scene."""

from typing import Any

from digiphys_ros.perception.frame import Colour, Frame
import numpy as np
from numpy.typing import NDArray

STRIDE = 8
"""Every eighth row is looked at, and first of all every eighth pixel of those."""


class LivenessMonitor:
    """
    Tell fresh frames from repeated and black ones.

    A sensor has noise: a frame equal to the last one, byte by byte, is the same frame again.

    :param black_below: mean brightness, 0 to 255, under which a frame counts as black; 0: never.
    :param skip_repeated: false where repeats are legitimate, as in a simulator without noise.
    """

    def __init__(self, black_below: float, skip_repeated: bool) -> None:
        self.black_below = black_below
        self.skip_repeated = skip_repeated
        self._rows: NDArray[Any] | None = None
        self._sample: NDArray[Any] | None = None

    def check(self, frame: Frame) -> str:
        """Return ``fresh``, ``repeated`` or ``black``."""
        rows = frame.pixels[::STRIDE]
        sample = np.ascontiguousarray(rows[:, ::STRIDE])
        repeated = self.skip_repeated and self._equals_last(rows, sample)
        self._rows, self._sample = rows, sample
        if repeated:
            return 'repeated'
        if self.black_below > 0 and _brightness(sample, frame.colour) < self.black_below:
            return 'black'
        return 'fresh'

    def _equals_last(self, rows: NDArray[Any], sample: NDArray[Any]) -> bool:
        # the sample, still in the cache, tells nearly every fresh frame; the rows make sure
        return self._rows is not None and self._sample is not None and \
            np.array_equal(sample, self._sample) and np.array_equal(rows, self._rows)


def _brightness(sample: NDArray[Any], colour: Colour) -> float:
    return float(Frame(sample, colour).converted('mono').mean())
