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

"""An overview image of a data set: samples of each class, and near-duplicates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
import numpy as np
from numpy.typing import NDArray

TILE_PX, GAP_PX, COLUMNS, MOST_ROWS, NAME_PX = 64, 4, 12, 60, 240
ALIKE_ROWS = 4


def montage(data: Dataset, path: Path, alike: Sequence[Sequence[int]] = (), seed: int = 0
            ) -> None:
    """
    Draw twelve samples of each class, one class a row, at most sixty rows; then near-duplicates.

    An unreadable sample is red.

    :param alike: groups of samples, of which the first two are drawn.
    :raises DatasetError: when the file cannot be written.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for label, name in list(enumerate(data.labels))[:MOST_ROWS]:
        members = np.flatnonzero(data.classes == label)
        chosen = np.sort(rng.permutation(members)[:COLUMNS])
        rows.append(_row(f'{name} ({len(members)})', [_tile(data, index) for index in chosen]))
    pairs = [np.hstack([_tile(data, index) for index in group[:2]]) for group
             in alike[:ALIKE_ROWS * COLUMNS // 2]]
    per_row = COLUMNS // 2
    for start in range(0, len(pairs), per_row):
        title = f'look the same ({len(alike)})' if not start else ''
        rows.append(_row(title, pairs[start:start + per_row]))
    try:
        written = cv2.imwrite(str(path), np.vstack(rows))
    except cv2.error:
        written = False
    if not written:
        raise DatasetError(f'{path}: the montage cannot be written: name a .png in a folder that '
                           'exists.')


def _row(title: str, tiles: Sequence[NDArray[Any]]) -> NDArray[Any]:
    width = NAME_PX + COLUMNS * (TILE_PX + GAP_PX)
    row = np.full((TILE_PX + GAP_PX, width, 3), 255, np.uint8)
    cv2.putText(row, title[:30], (6, TILE_PX // 2 + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0),
                1, cv2.LINE_AA)
    left = NAME_PX
    for tile in tiles:
        row[:TILE_PX, left:left + tile.shape[1]] = tile
        left += tile.shape[1] + GAP_PX
    return row


def _tile(data: Dataset, index: int) -> NDArray[Any]:
    """Return a sample in its own proportions on a gray ground, in BGR."""
    tile = np.full((TILE_PX, TILE_PX, 3), 200, np.uint8)
    try:
        image = data.read(int(index))
    except DatasetError:
        tile[:] = 0, 0, 255
        return tile
    bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    scale = TILE_PX / max(bgr.shape[:2])
    size = [max(round(side * scale), 1) for side in bgr.shape[1::-1]]
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if scale < 1
                       else cv2.INTER_NEAREST)
    top, left = (TILE_PX - size[1]) // 2, (TILE_PX - size[0]) // 2
    tile[top:top + size[1], left:left + size[0]] = small
    return tile
