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

"""Histograms of oriented gradients (Dalal & Triggs, 2005), the features before deep learning."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 9
CELL_PX = 8


def hog(image: NDArray[Any], cell_px: int = CELL_PX) -> NDArray[np.float32]:
    """
    Return the features of one image.

    The gradient of the strongest channel is binned into nine directions of 20 degrees (sign
    ignored), weighted by its length and interpolated between two bins. Histograms are summed in
    square cells and normalised in blocks of 2x2 cells (L2, clipped at 0.2, L2 again).

    :param image: (H, W) or (H, W, C), any number type; at least 2x2 cells.
    :param cell_px: side of a cell [pixels]; incomplete cells at the right and bottom are ignored.
    :return: (blocks * 36,).
    """
    down, right = _gradient(image)
    length = np.hypot(down, right)
    # the center of the first bin is at half a bin
    place = np.arctan2(down, right) % np.pi / (np.pi / BINS) - 0.5
    lower = np.floor(place)
    weight = place - lower
    votes = np.zeros((*length.shape, BINS), np.float32)
    rows, columns = np.indices(length.shape)
    votes[rows, columns, lower.astype(int) % BINS] = length * (1 - weight)
    votes[rows, columns, (lower.astype(int) + 1) % BINS] += length * weight
    return _normalised(_cells(votes, cell_px))


def _gradient(image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (H, W) differences down and right, of the channel with the longest gradient."""
    pixels = np.asarray(image, np.float32)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    down, right = np.zeros_like(pixels), np.zeros_like(pixels)
    down[1:-1] = pixels[2:] - pixels[:-2]
    right[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    strongest = np.argmax(down ** 2 + right ** 2, axis=2)[..., None]
    return (np.take_along_axis(down, strongest, 2)[..., 0],
            np.take_along_axis(right, strongest, 2)[..., 0])


def _cells(votes: NDArray[Any], cell_px: int) -> NDArray[Any]:
    """Return (rows, columns, BINS) sums over cells."""
    rows, columns = votes.shape[0] // cell_px, votes.shape[1] // cell_px
    whole = votes[:rows * cell_px, :columns * cell_px]
    result: NDArray[Any] = whole.reshape(rows, cell_px, columns, cell_px, BINS).sum(axis=(1, 3))
    return result


def _normalised(cells: NDArray[Any]) -> NDArray[np.float32]:
    corners = [cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]]
    blocks = _unit(np.minimum(_unit(np.concatenate(corners, axis=2)), 0.2))
    features: NDArray[np.float32] = blocks.astype(np.float32).ravel()
    return features


def _unit(blocks: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = blocks / np.sqrt((blocks ** 2).sum(axis=2, keepdims=True) + 1e-10)
    return result
