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

"""What can be measured in one frame's sample."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BLACK, WHITE = 2, 253
CLIPPED = 1
"""Gray levels by which a dead line may vary."""


@dataclass(frozen=True)
class Measures:
    """
    Measures of one frame.

    :ivar brightness: mean, 0 to 255.
    :ivar contrast: from the 5th to the 95th percentile of the blocks' brightness.
    :ivar sharpness: 95th percentile of the blocks' strongest second difference, at two pixels.
    :ivar saturated: fraction of pixels that are black or white.
    :ivar dead: fraction of blocks, rows or columns that are constant, the largest of the three.
    :ivar correlation: of horizontally neighboring pixels; white noise has 0.
    """

    brightness: float
    contrast: float
    sharpness: float
    saturated: float
    dead: float
    correlation: float


def measure(blocks: NDArray[np.uint8]) -> Measures:
    """
    Measure a sample of ``sample_blocks``.

    :param blocks: (rows, columns, 8, 8) uint8.
    """
    rows, columns, size, _ = blocks.shape
    column = blocks.reshape(-1, size)
    halved = cv2.resize(column, (size // 2, len(column) // 2), interpolation=cv2.INTER_AREA)
    small = halved.reshape(-1, size // 2, size // 2).astype(np.int16)
    brightness = small.mean((1, 2)).reshape(rows, columns)
    low, high = _percentiles(brightness, 5, 95)
    mean, deviation = (float(one[0, 0]) for one in cv2.meanStdDev(column))
    steps = cv2.absdiff(column[:, 1:], column[:, :-1])
    square = cv2.norm(steps, cv2.NORM_L2SQR) / steps.size
    return Measures(
        mean, high - low, _sharpness(small),
        float(np.count_nonzero((column <= BLACK) | (column >= WHITE)) / column.size),
        _dead(blocks), 1 - square / max(2 * deviation ** 2, 1e-3))


def _percentiles(values: NDArray[np.floating], *percents: int) -> list[float]:
    ordered = np.sort(values, axis=None)
    return [float(ordered[(ordered.size - 1) * percent // 100]) for percent in percents]


def _sharpness(small: NDArray[np.int16]) -> float:
    across = np.abs(2 * small[:, :, 1:-1] - small[:, :, 2:] - small[:, :, :-2])
    along = np.abs(2 * small[:, 1:-1] - small[:, 2:] - small[:, :-2])
    count = len(small)
    strongest = np.maximum(across.reshape(count, -1), along.reshape(count, -1)).max(1)
    return _percentiles(strongest, 95)[0]


def _dead(blocks: NDArray[np.uint8]) -> float:
    # by rows of blocks, then by blocks: each step leaves less to look at
    row_high, row_low = blocks.max(3), blocks.min(3)
    dead_blocks = row_high.max(2) == row_low.min(2)
    dead_rows = row_high.max(1) <= row_low.min(1) + CLIPPED
    dead_columns = blocks.max((0, 2)) <= blocks.min((0, 2)) + CLIPPED
    return max(float(one.mean()) for one in (dead_blocks, dead_rows, dead_columns))
