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

"""Measures of the samples of one frame."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

BLACK, WHITE = 2, 253
DEAD_STEP = 1
"""Range of a dead line in gray levels."""

DEAD_SPREAD = 3.0
"""Range of the blocks of a dead region in gray levels: sensor noise."""

LINE_BLOCKS = 48
"""Smallest number of blocks, of 64x48 pixels, for checks of single rows and columns."""

NOISE_PEAK = 3.4
"""99th percentile of the second differences of pure noise, in standard deviations."""

ROUNDING = 1 / 12
"""Variance of rounding to integer gray levels."""

MEAN_CONTRAST, MEAN_BLOCKS = 25.0, 100
"""Above both limits, neighboring blocks must correlate too: those of a torn stream do not."""


@dataclass(frozen=True)
class Measures:
    """
    Measures of one frame.

    :ivar brightness: mean, 0 to 255.
    :ivar contrast: from the 5th to the 95th percentile of the blocks' brightness, or twice what
        three of four rows or columns of blocks span where that is lower: one row repeated has 0.
    :ivar sharpness: 95th percentile of the blocks' strongest second difference, at two pixels.
    :ivar saturated: fraction of pixels that are black or white.
    :ivar detail: strongest second differences at 1/80 of the width beyond the sensor's noise, as
        a fraction of those at 1/20: a blurred image has 0.1. 1 for one smaller than 160x120.
    :ivar dead: fraction of blocks, rows or columns that are constant, or of a region at one edge
        that holds nothing but noise, the largest of the four.
    :ivar correlation: of neighboring pixels, or of neighboring blocks where that is lower; white
        noise, a torn stream and rows out of place have 0.
    """

    brightness: float
    contrast: float
    sharpness: float
    detail: float
    saturated: float
    dead: float
    correlation: float


def measure(blocks: NDArray[np.uint8], small: NDArray[np.uint8] | None = None) -> Measures:
    """
    Measure the samples of one frame.

    :param blocks: of ``sample_blocks``, (rows, columns, 8, 8).
    :param small: of ``thumbnail``.
    """
    rows, columns, *block = blocks.shape
    # (8, 8, blocks): NumPy reduces the first axes many times faster than short last ones
    planes: NDArray[Any] = cv2.transpose(blocks.reshape(rows * columns, -1)).reshape(
        *block, -1)
    wide = planes.astype(np.int16)
    # sums of 2x2 pixels
    pairs = wide[::2] + wide[1::2]
    squares = pairs[:, ::2] + pairs[:, 1::2]
    # of each column and each row of a block's pixels; of all of a block 64 * 255 at most
    sums = [np.add.reduce(values, axis, np.int16) for axis, values in enumerate((pairs, wide))]
    brightness = np.add.reduce(sums[0], 0, np.int16).reshape(rows, columns) / planes[..., 0].size
    spans = [(np.maximum.reduce(brightness, axis) - np.minimum.reduce(brightness, axis)).tolist()
             for axis in (1, 0)]
    contrast = _contrast(brightness, spans)
    mean, deviation = (one.item() for one in cv2.meanStdDev(brightness))
    correlation = _neighbors(planes, [one.reshape(-1, rows, columns) for one in sums], mean)
    if contrast >= MEAN_CONTRAST and brightness.size >= MEAN_BLOCKS:
        correlation = min(correlation, _agreement(brightness, deviation ** 2))
    # bytes wrap around, which moves black above white
    clipped = _count(planes - np.uint8(BLACK + 1) >= WHITE - BLACK - 1)
    return Measures(
        mean, contrast, _sharpness(squares),
        1.0 if small is None else _detail(small, _noise(wide)), clipped / planes.size,
        max(_dead(planes, rows, columns), _empty(brightness, spans)), max(correlation, 0.0))


def _count(found: NDArray[np.bool_]) -> int:
    # Python floats: operations with NumPy scalars are as slow as with arrays
    return int(np.count_nonzero(found))


def _percentiles(values: NDArray[Any], *percents: int) -> list[float]:
    ordered = values.flatten()
    places = [(ordered.size - 1) * percent // 100 for percent in percents]
    ordered.partition(places)
    return [float(ordered[place]) for place in places]


def _contrast(brightness: NDArray[Any], spans: list[list[float]]) -> float:
    low, high = _percentiles(brightness, 5, 95)
    contrast = high - low
    if brightness.size < LINE_BLOCKS:
        return contrast
    return min(contrast, *(2 * sorted(span)[(len(span) - 1) * 3 // 4] for span in spans))


def _sharpness(small: NDArray[np.int16]) -> float:
    twice = 2 * small
    across = np.abs(twice[:, 1:-1] - small[:, 2:] - small[:, :-2]).max((0, 1))
    along = np.abs(twice[1:-1] - small[2:] - small[:-2]).max((0, 1))
    return _percentiles(np.maximum(across, along), 95)[0] / 4


def _noise(wide: NDArray[np.int16]) -> float:
    """Return the variance of a sensor's noise: that of the diagonal differences of most blocks."""
    across = wide[:, ::2] - wide[:, 1::2]
    diagonal = (across[::2] - across[1::2]).astype(np.float32).reshape(-1, wide.shape[-1])
    # of four pixels
    return _percentiles(np.add.reduce(diagonal * diagonal), 50)[0] / len(diagonal) / 4


def _detail(small: NDArray[np.uint8], noise: float) -> float:
    wide = small.astype(np.int16)
    pairs = wide[::2] + wide[1::2]
    squares = pairs[:, ::2] + pairs[:, 1::2]
    fine, coarse = (_second_difference(squares, step) / 4 for step in (1, 4))
    # a second difference of means of four pixels has 6/4 of a pixel's variance
    beyond_noise = max(fine ** 2 - NOISE_PEAK ** 2 * 1.5 * (noise + ROUNDING), 0.0) ** 0.5
    result: float = beyond_noise / max(coarse, 1.0)
    return result


def _second_difference(squares: NDArray[np.int16], step: int) -> float:
    """Return the 99th percentile over the image, of the stronger direction."""
    inner = slice(step, -step)
    twice = 2 * squares[inner, inner]
    across = cv2.absdiff(twice, squares[inner, 2 * step:] + squares[inner, :-2 * step])
    along = cv2.absdiff(twice, squares[2 * step:, inner] + squares[:-2 * step, inner])
    return _percentiles(np.maximum(across, along), 99)[0]


def _neighbors(planes: NDArray[np.uint8], sums: list[NDArray[np.int16]], mean: float) -> float:
    """
    Return the correlation of neighboring pixels, of the worse direction.

    Pixels of rows that are out of place differ as much as any two of a row.

    :param sums: of each column and each row of a block's pixels, (8, rows, columns).
    """
    size, (_, rows, columns) = planes.shape[0], sums[0].shape
    flat, blocks = planes.reshape(size, -1), rows * columns
    square = _mean_square(flat)
    within = [square - mean ** 2] * 2
    if blocks >= LINE_BLOCKS:
        # variance along the lines of pixels of each direction
        lines = (np.add.reduce(sums[0], 1, np.int32) / (size * rows),
                 np.add.reduce(sums[1], 2, np.int32) / (size * columns))
        within = [square - _mean_square(line) for line in lines]
    neighbors = (flat[:, blocks:], flat[:, :-blocks]), (flat[1:], flat[:-1])
    # an image of horizontal lines has no variance along them
    return min(1 - _mean_square(*step) / max(2 * max(own, other / 4), 1e-3)
               for step, own, other in zip(neighbors, within, within[::-1], strict=True))


def _mean_square(values: NDArray[Any], earlier: NDArray[Any] | None = None) -> float:
    """Return that of 2-D values, or of their differences."""
    # OpenCV adds squares of bytes without a copy, without rounding, and without the threads that
    # NumPy wakes for a product of 10,000 numbers and more
    norm = cv2.norm(values, cv2.NORM_L2SQR) if earlier is None \
        else cv2.norm(values, earlier, cv2.NORM_L2SQR)
    return norm / values.size


def _agreement(brightness: NDArray[Any], variance: float) -> float:
    """Return the correlation of neighboring blocks, the mean of both directions."""
    steps = (_mean_square(brightness[1:], brightness[:-1])
             + _mean_square(brightness[:, 1:], brightness[:, :-1])) / 2
    return 1 - steps / max(2 * variance, 1e-3)


def _dead(planes: NDArray[np.uint8], rows: int, columns: int) -> float:
    # the highest and lowest of each row and of each column of a block: (8, rows, columns)
    row_high, row_low, column_high, column_low = (
        extreme(axis=axis).reshape(-1, rows, columns)
        for axis in (1, 0) for extreme in (planes.max, planes.min))
    flat_rows, flat_columns = (
        _count(high - low <= DEAD_STEP)
        for high, low in ((row_high, row_low), (column_high, column_low)))
    if flat_rows < min(columns, len(planes)) and flat_columns < min(rows, len(planes)):
        # true for nearly all frames: no dead block or line
        return 0.0
    dead_blocks = row_high.max(0) == row_low.min(0)
    dead_rows = row_high.max(2) - row_low.min(2) <= DEAD_STEP
    dead_columns = column_high.max(1) - column_low.min(1) <= DEAD_STEP
    result: float = max(_count(one) / one.size for one in (dead_blocks, dead_rows, dead_columns))
    return result


def _empty(brightness: NDArray[Any], spans: list[list[float]]) -> float:
    """Return the fraction of rows or columns, from one edge, of equal brightness."""
    if brightness.size < LINE_BLOCKS:
        return 0.0
    most = 0.0
    for all_lines, span in zip((brightness, brightness.T), spans, strict=True):
        for lines, edge in ((all_lines, span[0]), (all_lines[::-1], span[-1])):
            if edge <= DEAD_SPREAD:
                spread = np.maximum.accumulate(lines.max(1)) - np.minimum.accumulate(lines.min(1))
                most = max(most, _count(spread <= DEAD_SPREAD) / len(lines))
    return most
