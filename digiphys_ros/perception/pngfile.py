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

"""PNG files: image size, and the chunks to decode."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

START = b'\x89PNG\r\n\x1a\n'
MOST_CHUNKS = 100_000
"""Limit; the largest image has 50,000 chunks of 8 kB, as libpng writes them."""

_KEPT = {b'IHDR', b'PLTE', b'tRNS', b'eXIf', b'IDAT', b'IEND'}
"""Chunks that change pixels; eXIf has the orientation."""


def png_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of a PNG.

    :param data: (N,) uint8.
    :return: None if the first chunk is not the header.
    """
    head = data[:24].tobytes()
    width, height = struct.unpack('>II', head[16:24].ljust(8, b'\0'))
    return (height, width) if head[12:16] == b'IHDR' else None


def still_image(data: NDArray[Any]) -> NDArray[Any] | None:
    """
    Return a PNG with only its first image, without animation, texts and color profiles.

    A decoder reserves the claimed memory of a chunk, up to 4 GB, before it reads it. A damaged
    animation crashes OpenCV 5.0.

    :param data: (N,) uint8.
    :return: (M,) uint8; None if a chunk is incomplete, or the last one missing.
    """
    place, kept = len(START), [data[:len(START)]]
    for _ in range(MOST_CHUNKS):
        # length, type, content and checksum
        head = data[place:place + 8].tobytes()
        end = place + int.from_bytes(head[:4], 'big') + 12
        if len(head) < 8 or end > data.size:
            return None
        if head[4:] in _KEPT:
            kept.append(data[place:end])
        if head[4:] == b'IEND':
            return np.concatenate(kept)
        place = end
    return None
