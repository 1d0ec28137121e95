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

"""Content that returns: a frozen camera, a ring of buffers, a clock drawn on one still image."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

MEMORY_FRAMES = 8

_WEIGHTS = np.random.default_rng(0).integers(1, 2**63, 8, np.uint64) | np.uint64(1)


class RepeatDetector:
    """
    Compare each frame with the last eight, block by block.

    A sensor's noise changes each block of a still scene. Of a frame only 64 bits a block are kept.
    """

    def __init__(self) -> None:
        self._memory: deque[NDArray[np.uint64]] = deque(maxlen=MEMORY_FRAMES)

    def repeated(self, blocks: NDArray[np.uint8]) -> float:
        """
        Return the largest fraction of blocks that equal those of one earlier frame.

        Constant blocks have no noise to compare, they do not count.

        :param blocks: (rows, columns, 8, 8) uint8.
        """
        pixels = blocks.reshape(-1, blocks.shape[-1] ** 2)
        hashes = (pixels.view(np.uint64) * _WEIGHTS).sum(1)
        textured = (pixels != pixels[:, :1]).any(1)
        if self._memory and self._memory[0].shape != hashes.shape:
            self._memory.clear()
        count = np.count_nonzero(textured)
        most = max((np.count_nonzero((earlier == hashes) & textured)
                    for earlier in self._memory), default=0)
        self._memory.append(hashes)
        return most / count if count else 0.0
