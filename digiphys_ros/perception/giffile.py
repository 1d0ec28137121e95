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

"""GIF files: image size, and extraction of the first frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

STARTS = (b'GIF87a', b'GIF89a')

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, b';'
_GRAPHIC_CONTROL = 0xF9
_SCREEN_BYTES, _DESCRIPTOR_BYTES = 13, 10


def gif_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of a GIF's screen, which limits ``first_frame``.

    :param data: (N,) uint8.
    :return: None if the header is incomplete.
    """
    if data.size < _SCREEN_BYTES:
        return None
    width, height = data[6:10].view('<u2').tolist()
    return height, width


def first_frame(data: NDArray[Any]) -> NDArray[Any] | None:
    """
    Return a GIF with only the first frame, without comments.

    Decoders read all frames, which takes long for a hostile file.

    :param data: (N,) uint8.
    :return: (M,) uint8; None if the first frame is incomplete or exceeds the screen.
    """
    text = data.tobytes()
    start = place = _SCREEN_BYTES + _table_bytes(text, 10)
    control = b''
    while place < len(text) and text[place] == _EXTENSION:
        end = _blocks_end(text, place + 2)
        if end is None:
            return None
        if text[place + 1] == _GRAPHIC_CONTROL:
            control = text[place:end]
        place = end
    if place + _DESCRIPTOR_BYTES > len(text) or text[place] != _IMAGE \
            or not _on_screen(data, place):
        return None
    # one byte follows the color table: the size of the first codes
    end = _blocks_end(text, place + _DESCRIPTOR_BYTES + _table_bytes(text, place + 9) + 1)
    if end is None:
        return None
    return np.frombuffer(text[:start] + control + text[place:end] + _TRAILER, np.uint8)


def _on_screen(data: NDArray[Any], place: int) -> bool:
    size = gif_size(data)
    left, top, width, height = data[place + 1:place + 9].copy().view('<u2').tolist()
    return size is not None and top + height <= size[0] and left + width <= size[1]


def _table_bytes(text: bytes, place: int) -> int:
    """Return the size of a color table, from the byte of its header."""
    flags = text[place] if place < len(text) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks_end(text: bytes, place: int) -> int | None:
    """Return the end of a list of length-prefixed blocks, None if it is incomplete."""
    while place < len(text):
        length = text[place]
        place += length + 1
        if not length:
            return place
    return None
