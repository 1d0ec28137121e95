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
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLACK, WHITE = 2, 253
DEAD_STEP = 1
"""Gray levels by which a dead line may vary."""

MEAN_CONTRAST, MEAN_BLOCKS = 25.0, 100
"""Above both, neighboring blocks must agree as well: those of a torn stream do not."""


@dataclass(frozen=True)
class Measures:
    """
    Measures of one frame.

    :ivar brightness: mean, 0 to 255.
    :ivar contrast: from the 5th to the 95th percentile of the blocks' brightness.
    :ivar sharpness: 95th percentile of the blocks' strongest second difference, at two pixels.
    :ivar saturated: fraction of pixels that are black or white.
    :ivar dead: fraction of blocks, rows or columns that are constant, the largest of the three.
    :ivar correlation: of horizontally neighboring pixels, or of neighboring blocks where that is
        lower; white noise and a torn stream have 0.
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
    rows, columns = blocks.shape[:2]
    # (8, 8, blocks): NumPy reduces the first axes many times faster than short last ones
    planes = np.ascontiguousarray(blocks.reshape(rows * columns, *blocks.shape[2:]).transpose(
        1, 2, 0))
    wide = planes.astype(np.int16)
    # sums of 2x2 pixels
    pairs = wide[::2] + wide[1::2]
    small = pairs[:, ::2] + pairs[:, 1::2]
    brightness = small.sum((0, 1)).reshape(rows, columns) / planes[..., 0].size
    low, high = _percentiles(brightness, 5, 95)
    clipped = np.count_nonzero(planes <= BLACK) + np.count_nonzero(planes >= WHITE)
    return Measures(
        float(brightness.mean()), high - low, _sharpness(small), clipped / planes.size,
        _dead(planes, rows, columns), _correlation(wide, brightness, high - low))


def _percentiles(values: NDArray[Any], *percents: int) -> list[float]:
    ordered = np.sort(values, axis=None)
    return [float(ordered[(ordered.size - 1) * percent // 100]) for percent in percents]


def _sharpness(small: NDArray[np.int16]) -> float:
    twice = 2 * small
    across = np.abs(twice[:, 1:-1] - small[:, 2:] - small[:, :-2]).max((0, 1))
    along = np.abs(twice[1:-1] - small[2:] - small[:-2]).max((0, 1))
    return _percentiles(np.maximum(across, along), 95)[0] / 4


def _correlation(wide: NDArray[np.int16], brightness: NDArray[Any], contrast: float) -> float:
    near = _agreement(wide.astype(np.float32), 1)
    if contrast < MEAN_CONTRAST or brightness.size < MEAN_BLOCKS:
        return near
    return min(near, (_agreement(brightness, 0) + _agreement(brightness, 1)) / 2)


def _agreement(values: NDArray[Any], axis: int) -> float:
    """Return the correlation of neighbors along an axis."""
    steps = np.diff(values, axis=axis).ravel()
    return float(1 - steps @ steps / steps.size / max(2 * float(values.var()), 1e-3))


def _dead(planes: NDArray[np.uint8], rows: int, columns: int) -> float:
    # the highest and lowest of each row and of each column of a block: (8, rows, columns)
    row_high, row_low, column_high, column_low = (
        extreme(axis=axis).reshape(-1, rows, columns)
        for axis in (1, 0) for extreme in (planes.max, planes.min))
    dead_blocks = row_high.max(0) == row_low.min(0)
    dead_rows = row_high.max(2) - row_low.min(2) <= DEAD_STEP
    dead_columns = column_high.max(1) - column_low.min(1) <= DEAD_STEP
    return max(float(one.mean()) for one in (dead_blocks, dead_rows, dead_columns))
