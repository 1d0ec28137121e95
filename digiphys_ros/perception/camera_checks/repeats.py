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

"""Repeated content: a frozen camera, a ring buffer, a still image encoded at random qualities."""

import sys

import cv2
import numpy as np
from numpy.typing import NDArray

MEMORY_FRAMES = 64
"""History length, longer than a ring buffer: images with random qualities repeat by chance."""

LASTING_FRAMES = 3
"""Consecutive frames in which a block must repeat to count."""

WHOLE = 0.9
"""Fraction of repeated blocks above which a frame counts as repeated."""

TEXTURE = 8
"""Gray levels that a block has to span, or as many as most blocks do where they span less."""

REST_FRAMES = 16
"""Two frames that return as a whole within so many, and the camera is frozen for as many."""

UPPER_HALF = int(sys.byteorder == 'little')

_WEIGHTS = np.random.default_rng(0).integers(1, 2**63, 8, np.uint64) | np.uint64(1)


class RepeatDetector:
    """
    Compare each frame with the last 64, block by block, independent of brightness.

    A sensor's noise changes each block of a still scene. Of a frame only 32 bits a block are kept.
    """

    def __init__(self) -> None:
        self._memory = np.zeros((MEMORY_FRAMES, 0), np.uint32)
        self._runs = np.zeros(0, np.int64)
        self._frames, self._returns = 0, 0

    def repeated(self, blocks: NDArray[np.uint8]) -> float:
        """
        Return the fraction of blocks that returned in each of the last three frames.

        Each frame is compared with the earlier one that is most like it. Where whole frames return
        now and then, as those of a still image encoded at random qualities, the fraction is 1.

        :param blocks: (rows, columns, 8, 8) uint8.
        """
        hashes = _hashes(blocks)
        if self._runs.shape != hashes.shape:
            self._memory = np.zeros((MEMORY_FRAMES, hashes.size), np.uint32)
            self._runs = np.zeros(hashes.size, np.int64)
            self._frames, self._returns = 0, 0
        equal = self._memory == hashes
        self._memory[self._frames % MEMORY_FRAMES] = hashes
        self._frames += 1
        # constant blocks, with a hash of 0, are not compared
        if np.count_nonzero(equal) and np.count_nonzero(equal & (hashes != 0)):
            return self._fraction(equal, _textured(blocks))
        self._runs = np.where(equal[0], self._runs + 1, 0)
        self._note_return(False)
        return float(self._returns > REST_FRAMES)

    def _fraction(self, equal: NDArray[np.bool_], textured: NDArray[np.bool_]) -> float:
        # not by a matrix product: that would wake the threads of NumPy's linear algebra
        counts = np.add.reduce(equal & textured, 1, np.int16)
        best, count = int(counts.argmax()), max(int(np.count_nonzero(textured)), 1)
        self._runs = np.where(equal[best], self._runs + 1, 0)
        self._note_return(float(counts[best]) > WHOLE * count)
        if self._returns > REST_FRAMES:
            return 1.0
        return float(np.count_nonzero(textured & (self._runs >= LASTING_FRAMES)) / count)

    def _note_return(self, whole: bool) -> None:
        change = REST_FRAMES if whole else -1
        self._returns = min(max(self._returns + change, 0), 2 * REST_FRAMES)


def _hashes(blocks: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return a hash of each block less its brightness."""
    pixels = blocks.reshape(-1, blocks.shape[-1] ** 2)
    # differences modulo 256, independent of an offset in brightness
    hashes = (pixels - pixels[:, :1]).view(np.uint64) @ _WEIGHTS
    # the lower half of the sums depends on few pixels
    result: NDArray[np.uint32] = hashes.view(np.uint32)[UPPER_HALF::2]
    return result


def _textured(blocks: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """
    Return the blocks to compare.

    Compression leaves no noise in blocks without texture.
    """
    planes = cv2.transpose(blocks.reshape(-1, blocks.shape[-1] ** 2))
    ranges = planes.max(0) - planes.min(0)
    spread = np.sort(ranges[ranges > 0])
    if not spread.size:
        moves: NDArray[np.bool_] = ranges > 0
        return moves
    # NumPy's own median takes ten times as long
    median = (int(spread[(spread.size - 1) // 2]) + int(spread[spread.size // 2])) / 2
    moves = ranges >= min(median, TEXTURE)
    return moves
