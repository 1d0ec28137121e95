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

"""Image files in memory: what they are, whether they are whole, and their pixels."""

import re
import struct
from typing import Any

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.files import MOST_PIXELS
from numpy.typing import NDArray

MOST_SCANS = 100
"""Of a JPEG: each is decoded over the whole image, and cameras write some ten."""

_ENDS = {'JPEG': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}
_STARTS = {b'\xff\xd8\xff': 'JPEG', b'\x89PNG\r\n\x1a\n': 'PNG', b'BM': 'BMP',
           **{b'P%d' % number: 'PNM' for number in range(1, 7)}}

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEGMENTS = frozenset((0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE))
"""Markers of the other segments before a frame header. Decoders skip some more, each its way."""
_NUMBER = re.compile(rb'(?:\s|#[^\r\n]*[\r\n])+(\d+)')
"""A comment ends at either sign for the end of a line, as OpenCV reads it."""


def kind_of(data: NDArray[Any]) -> str | None:
    """
    Return JPEG, PNG, WebP, BMP or PNM by the first bytes of a file, None for anything else.

    :param data: (N,) uint8.
    """
    head = data[:12].tobytes()
    if head[:4] == b'RIFF' and head[8:] == b'WEBP':
        return 'WebP'
    return next((kind for start, kind in _STARTS.items() if head.startswith(start)), None)


def image_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of an image file by its header; nothing is decoded.

    :param data: (N,) uint8.
    :return: None where the file is of no kind known here, or its header is damaged.
    """
    kind = kind_of(data)
    head = data[:1024].tobytes()
    if kind == 'JPEG':
        return jpeg_size(data)
    if kind == 'PNG':
        # the first chunk has to be IHDR
        width, height = struct.unpack('>II', head[16:24].ljust(8, b'\0'))
        return (height, width) if head[12:16] == b'IHDR' else None
    if kind == 'WebP':
        return _webp_size(head)
    if kind == 'BMP':
        return _bmp_size(head)
    return _pnm_size(head) if kind == 'PNM' else None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """Return height and width by RFC 9649: of the canvas, of VP8L or of a VP8 key frame."""
    if len(head) < 30:
        return None
    if head[12:16] == b'VP8X':
        width, height = (int.from_bytes(head[place:place + 3], 'little') + 1 for place in (24, 27))
        return height, width
    if head[12:16] == b'VP8L':
        bits = int.from_bytes(head[21:25], 'little')
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    width, height = struct.unpack('<HH', head[26:30])
    return (height & 0x3FFF, width & 0x3FFF) if head[12:16] == b'VP8 ' else None


def _bmp_size(head: bytes) -> tuple[int, int] | None:
    if len(head) < 26:
        return None
    header_bytes = int.from_bytes(head[14:18], 'little', signed=True)
    # the oldest header has 12 bytes and sizes of 16 bits; a negative height means: from the top
    width, height = struct.unpack('<HH', head[18:22]) if header_bytes == 12 \
        else struct.unpack('<ii', head[18:26])
    return (abs(height), abs(width)) if header_bytes == 12 or header_bytes >= 36 else None


def _pnm_size(head: bytes) -> tuple[int, int] | None:
    width = _NUMBER.match(head, 2)
    height = _NUMBER.match(head, width.end()) if width else None
    return (int(height[1]), int(width[1])) if width and height else None


def jpeg_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of a JPEG file by its frame header (ITU-T T.81, B.2.2).

    :param data: (N,) uint8.
    :return: None where the file is no JPEG, or the header is not where it should be.
    """
    place = _frame_header(data)
    return None if place is None else \
        (_big_endian(data, place + 5), _big_endian(data, place + 7))


def _frame_header(data: NDArray[Any]) -> int | None:
    """Return where the frame header of a JPEG begins."""
    if kind_of(data) != 'JPEG':
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


def _big_endian(data: NDArray[Any], place: int) -> int:
    return int.from_bytes(data[place:place + 2].tobytes(), 'big')


def check_pixels(height: float, width: float) -> None:
    """
    Refuse an image or a film that would need too much memory.

    :raises FrameError: when it has more than ``MOST_PIXELS``.
    """
    if not 0 < height * width <= MOST_PIXELS:
        raise FrameError(f'an image of {width:.0f}x{height:.0f} pixels: at most '
                         f'{MOST_PIXELS / 1e6:.0f} million are decoded.')


def _check_costs(data: NDArray[Any], kind: str) -> None:
    """Refuse a small file that would take much memory or time to decode."""
    size = image_size(data)
    if size is None:
        raise FrameError(f'the header of the {kind} file does not say how large the image is.')
    check_pixels(*size)
    if kind == 'JPEG':
        scans = data.tobytes().count(b'\xff\xda')
        if scans > MOST_SCANS:
            raise FrameError(f'a JPEG file of {scans} scans: at most {MOST_SCANS} are decoded.')


def decode_file(data: NDArray[Any], flags: int = cv2.IMREAD_ANYCOLOR) -> NDArray[Any]:
    """
    Return the pixels of an image file.

    :param data: (N,) uint8, the file.
    :param flags: how OpenCV reads it; as it is by default, turned upright by its EXIF mark.
    :return: (H, W, 3) in BGR or (H, W), uint8.
    :raises FrameError: when the file is broken or not all there.
    """
    if not data.size:
        raise FrameError('the file is empty.')
    kind = kind_of(data)
    if kind is None:
        raise FrameError('this is no JPEG, PNG, WebP, BMP, PPM or PGM file.')
    if not _complete(data, kind):
        raise FrameError(f'the {kind} file ends too early.')
    _check_costs(data, kind)
    try:
        pixels = cv2.imdecode(data, flags)
    except cv2.error as error:
        raise FrameError(f'OpenCV cannot read the file ({error.err or error}).') from error
    if pixels is None or not pixels.size:
        raise FrameError(f'the {kind} file is broken.')
    return pixels


def _complete(data: NDArray[Any], kind: str) -> bool:
    """Return whether the file's end is there: some decoders fill what is missing with grey."""
    if kind == 'WebP':
        # the size of what follows stands after the four letters RIFF
        return data.size >= 8 + int.from_bytes(data[4:8].tobytes(), 'little')
    # camera drivers pad with zeros
    return kind not in _ENDS or _ENDS[kind] in data.tobytes().rstrip(b'\0')[-64:]
