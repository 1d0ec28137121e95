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

"""JPEG markers (ITU-T T.81): image size and end of the file."""

import re
from typing import Any

from numpy.typing import NDArray

START = b'\xff\xd8\xff'

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEGMENTS = frozenset((0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE))
"""Markers of other segments before a frame header. Decoders skip some more."""
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""
_START_OF_IMAGE, _END_OF_IMAGE = 0xD8, 0xD9
_MARKER = re.compile(rb'\xff[\x01-\xcf\xd8-\xfe]')
"""In compressed data 0xFF is followed by 0 or a restart marker."""


def jpeg_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of a JPEG file from its frame header (B.2.2).

    :param data: (N,) uint8.
    :return: None if the file is not a JPEG, or the header is misplaced.
    """
    place = _frame_header(data)
    return None if place is None else \
        (_big_endian(data, place + 5), _big_endian(data, place + 7))


def _frame_header(data: NDArray[Any]) -> int | None:
    """Return the offset of the frame header of a JPEG; its marker is the next byte."""
    if data[:3].tobytes() != START:
        return None
    place = 2
    while place + 9 <= data.size and data[place] == 0xFF:
        marker = int(data[place + 1])
        if marker in _FRAME_HEADERS:
            return place
        length = _big_endian(data, place + 2)
        if marker == 0xFF:
            place += 1
        elif marker in _SEGMENTS and length >= 2:
            place += 2 + length
        else:
            return None
    return None


def jpeg_end(data: NDArray[Any]) -> int | None:
    """
    Return the length of the JPEG at the start of a buffer.

    The end marker of a thumbnail inside a segment does not count.

    :param data: (N,) uint8.
    :return: None where the end marker is missing: the file was cut off.
    """
    text = data.tobytes()
    place = 2
    while (found := _MARKER.search(text, place)) is not None:
        place, marker = found.end(), text[found.end() - 1]
        if marker == _END_OF_IMAGE:
            return place
        if marker == _START_OF_IMAGE:
            # the next image begins before this one has ended
            return None
        if marker not in _ALONE:
            place += max(int.from_bytes(text[place:place + 2], 'big'), 2)
    return None


def _big_endian(data: NDArray[Any], place: int) -> int:
    return int.from_bytes(data[place:place + 2].tobytes(), 'big')
