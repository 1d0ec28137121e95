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

from typing import Any

import cv2
from digiphys_ros.errors import FrameError
from numpy.typing import NDArray

_ENDS = {'JPEG': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}

_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def kind_of(data: NDArray[Any]) -> str | None:
    """
    Return JPEG, PNG or WebP by the first bytes of a file, None for anything else.

    :param data: (N,) uint8.
    """
    head = data[:12].tobytes()
    if head.startswith(b'\xff\xd8\xff'):
        return 'JPEG'
    if head.startswith(b'\x89PNG\r\n\x1a\n'):
        return 'PNG'
    return 'WebP' if head[:4] == b'RIFF' and head[8:] == b'WEBP' else None


def jpeg_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of a JPEG file by its frame header (ITU-T T.81, B.2.2).

    :param data: (N,) uint8.
    :return: None where the file is no JPEG, or the header is not where it should be.
    """
    if kind_of(data) != 'JPEG':
        return None
    place = 2
    while place + 9 <= data.size and data[place] == 0xFF:
        marker, length = int(data[place + 1]), _big_endian(data, place + 2)
        if marker in _FRAME_HEADERS:
            return _big_endian(data, place + 5), _big_endian(data, place + 7)
        place += 2 + length
    return None


def _big_endian(data: NDArray[Any], place: int) -> int:
    return int.from_bytes(data[place:place + 2].tobytes(), 'big')


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
    if kind is not None and not _complete(data, kind):
        raise FrameError(f'the {kind} file ends too early.')
    try:
        pixels = cv2.imdecode(data, flags)
    except cv2.error as error:
        raise FrameError(f'OpenCV cannot read the file ({error.err or error}).') from error
    if pixels is None or not pixels.size:
        raise FrameError(f'the {kind or "image"} file is broken.')
    return pixels


def _complete(data: NDArray[Any], kind: str) -> bool:
    """Return whether the file's end is there: some decoders fill what is missing with grey."""
    if kind == 'WebP':
        # the size of what follows stands after the four letters RIFF
        return data.size >= 8 + int.from_bytes(data[4:8].tobytes(), 'little')
    # camera drivers pad with zeros
    return _ENDS[kind] in data.tobytes().rstrip(b'\0')[-64:]
