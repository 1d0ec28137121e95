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

"""Small samples of a frame: a grid of square blocks at full resolution, and a thumbnail."""

from typing import Any

import cv2
from digiphys_ros.perception.frame import Frame
import numpy as np
from numpy.typing import NDArray

BLOCK_PX = 8
"""Full resolution keeps the sensor's noise and the sharpness of edges."""
ROWS, COLUMNS = 16, 20

THUMBNAIL = 120, 160
"""Height and width: the same details of a scene, from a small camera and from a large one."""


def sample_blocks(frame: Frame) -> NDArray[np.uint8] | None:
    """
    Return blocks of brightness, evenly spread over the frame.

    :return: (rows, columns, 8, 8); None for a frame smaller than two blocks by two.
    """
    height, width = frame.pixels.shape[:2]
    rows, columns = min(ROWS, height // BLOCK_PX), min(COLUMNS, width // BLOCK_PX)
    if rows < 2 or columns < 2:
        return None
    pitch_y, pitch_x = height // rows, width // columns
    # splitting axes makes views; only the blocks are copied
    bands = frame.pixels[:rows * pitch_y].reshape(rows, pitch_y, width, -1)[:, :BLOCK_PX]
    blocks = bands[:, :, :columns * pitch_x].reshape(
        rows, BLOCK_PX, columns, pitch_x, bands.shape[-1])[:, :, :, :BLOCK_PX]
    # as one long row: OpenCV converts long rows many times faster than short ones
    row = np.ascontiguousarray(blocks.transpose(0, 2, 1, 3, 4)).reshape(1, -1, bands.shape[-1])
    gray = Frame(row[..., 0] if row.shape[-1] == 1 else row, frame.color, frame.bits
                 ).converted('mono')
    return np.ascontiguousarray(gray).reshape(rows, columns, BLOCK_PX, BLOCK_PX)


def thumbnail(frame: Frame) -> NDArray[np.uint8] | None:
    """Return every n-th pixel's brightness, (120, 160); None for a smaller frame."""
    height, width = frame.pixels.shape[:2]
    if height < THUMBNAIL[0] or width < THUMBNAIL[1]:
        return None
    return Frame(_every_nth(frame.pixels), frame.color, frame.bits).converted('mono')


def _every_nth(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.dtype == np.uint8:
        return cv2.resize(pixels, THUMBNAIL[::-1], interpolation=cv2.INTER_NEAREST)
    # OpenCV misreads foreign byte orders, and rows that do not start at a whole element
    rows, columns = (np.arange(count) * size // count
                     for count, size in zip(THUMBNAIL, pixels.shape[:2], strict=True))
    result: NDArray[Any] = pixels.take(rows, 0).take(columns, 1)
    return result
