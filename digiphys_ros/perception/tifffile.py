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

"""TIFF files: memory of an image, and completeness (TIFF 6.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STARTS = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
"""First bytes in both byte orders; with + it is a BigTIFF, which has 64-bit numbers."""

WIDTH, LENGTH, BITS, SAMPLES = 256, 257, 258, 277
STRIPS, STRIP_BYTES, TILE_WIDTH, TILE_LENGTH, TILES, TILE_BYTES = 273, 279, 322, 323, 324, 325
_WANTED = {WIDTH, LENGTH, BITS, SAMPLES, STRIPS, STRIP_BYTES, TILE_WIDTH, TILE_LENGTH, TILES,
           TILE_BYTES}
MOST_ENTRIES = 4096
"""Limit of entries in a directory: cameras write about twenty."""
_TYPES = {1: 'u1', 3: 'u2', 4: 'u4', 13: 'u4', 16: 'u8', 18: 'u8'}
"""The integer types."""


@dataclass(frozen=True)
class TiffHeader:
    """
    The first image of a TIFF file.

    :ivar sizes: height and width of the image, and of its tiles, if any.
    :ivar pixel_bytes: bytes of all samples of a pixel.
    :ivar end: least number of bytes of a complete file.
    """

    sizes: tuple[tuple[int, int], ...]
    pixel_bytes: int
    end: int


def read_header(data: NDArray[Any]) -> TiffHeader | None:
    """
    Read the first directory of a TIFF file.

    :param data: (N,) uint8.
    :return: None if it is damaged or incomplete.
    """
    try:
        tags = _directory(data)
        sizes = [(int(tags[LENGTH][0]), int(tags[WIDTH][0]))]
        if TILES in tags:
            sizes.append((int(tags[TILE_LENGTH][0]), int(tags[TILE_WIDTH][0])))
        starts, lengths = (tags[TILES], tags[TILE_BYTES]) if TILES in tags \
            else (tags[STRIPS], tags[STRIP_BYTES])
        bits = int(tags.get(SAMPLES, [1])[0]) * int(max(tags.get(BITS, [1])))
        # as floats: hostile 64-bit numbers would overflow
        end = int((starts.astype(np.float64) + lengths.astype(np.float64)).max())
    except (KeyError, IndexError, ValueError):
        return None
    return TiffHeader(tuple(sizes), -(-bits // 8), end)


def _directory(data: NDArray[Any]) -> Mapping[int, Any]:
    """Return the values of the relevant tags; raise ValueError beyond the end."""
    order = '<' if data[0] == ord('I') else '>'
    # type of an offset, type of the count of entries, place of the first directory's offset
    wide, count_type, first = ('u8', 'u8', 8) if 43 in data[2:4] else ('u4', 'u2', 4)
    value_bytes = int(wide[1])
    place = int(_numbers(data, first, order + wide, 1)[0])
    entries = int(_numbers(data, place, order + count_type, 1)[0])
    if entries > MOST_ENTRIES:
        raise ValueError(f'a directory of {entries} entries')
    entry_bytes = 4 + 2 * value_bytes
    place += int(count_type[1])
    tags: dict[int, Any] = {}
    for start in range(place, place + entries * entry_bytes, entry_bytes):
        tag, kind = _numbers(data, start, order + 'u2', 2).tolist()
        if tag not in _WANTED or tag in tags or kind not in _TYPES:
            continue
        count = int(_numbers(data, start + 4, order + wide, 1)[0])
        value = start + 4 + value_bytes
        if count * int(_TYPES[kind][1]) > value_bytes:
            value = int(_numbers(data, value, order + wide, 1)[0])
        tags[tag] = _numbers(data, value, order + _TYPES[kind], count)
    return tags


def _numbers(data: NDArray[Any], place: int, kind: str, count: int) -> NDArray[Any]:
    end = place + np.dtype(kind).itemsize * count
    if end > data.size:
        raise ValueError(f'{end} bytes are needed')
    result: NDArray[Any] = data[place:end].copy().view(kind)
    return result
