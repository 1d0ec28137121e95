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

"""Image files in memory: format, completeness and pixels."""

import io
import os
import re
import struct
from typing import Any

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.files import MOST_PIXELS
from digiphys_ros.perception import giffile, jpegfile, pngfile, tifffile
import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 6 * MOST_PIXELS
"""Limit of the pixels: three channels of 16 bits."""
MOST_SCANS = 100
"""Limit of a JPEG: each scan is decoded over the whole image; cameras write about ten."""

_STARTS = {jpegfile.START: 'JPEG', pngfile.START: 'PNG', b'BM': 'BMP',
           **dict.fromkeys(giffile.STARTS, 'GIF'), **dict.fromkeys(tifffile.STARTS, 'TIFF'),
           **{b'P%d' % number: 'PNM' for number in range(1, 7)}}
_NUMBER = re.compile(rb'(?:\s|#[^\r\n]*[\r\n])+(\d+)')
"""A comment ends at CR or LF, as in OpenCV."""


def format_of(data: NDArray[Any]) -> str | None:
    """
    Return the file format by its first bytes: JPEG, PNG, WebP, TIFF, GIF, BMP, PNM or None.

    :param data: (N,) uint8.
    """
    head = data[:12].tobytes()
    if head[:4] == b'RIFF' and head[8:] == b'WEBP':
        return 'WebP'
    return next((name for start, name in _STARTS.items() if head.startswith(start)), None)


def image_size(data: NDArray[Any]) -> tuple[int, int] | None:
    """
    Return height and width of an image file from its header, without decoding.

    :param data: (N,) uint8.
    :return: None if the format is unknown or the header damaged.
    """
    file_format = format_of(data)
    head = data[:1024].tobytes()
    if file_format == 'JPEG':
        return jpegfile.jpeg_size(data)
    if file_format == 'GIF':
        return giffile.gif_size(data)
    if file_format == 'TIFF':
        tiff = tifffile.read_header(data)
        return None if tiff is None else tiff.sizes[0]
    if file_format == 'PNG':
        return pngfile.png_size(data)
    if file_format == 'WebP':
        return _webp_size(head)
    if file_format == 'BMP':
        return _bmp_size(head)
    return _pnm_size(head) if file_format == 'PNM' else None


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
    # the oldest header has 12 bytes and 16-bit sizes; a negative height is top-down
    width, height = struct.unpack('<HH', head[18:22]) if header_bytes == 12 \
        else struct.unpack('<ii', head[18:26])
    return (abs(height), abs(width)) if header_bytes == 12 or header_bytes >= 36 else None


def _pnm_size(head: bytes) -> tuple[int, int] | None:
    width = _NUMBER.match(head, 2)
    height = _NUMBER.match(head, width.end()) if width else None
    return (int(height[1]), int(width[1])) if width and height else None


def check_pixels(height: float, width: float) -> None:
    """
    Refuse an image or video that needs too much memory.

    :raises FrameError: when it has more than ``MOST_PIXELS``.
    """
    if not 0 < height * width <= MOST_PIXELS:
        raise FrameError(f'an image of {width:.0f}x{height:.0f} pixels: at most '
                         f'{MOST_PIXELS / 1e6:.0f} million are decoded.')


def _check_costs(data: NDArray[Any], file_format: str) -> None:
    """Refuse a file whose decoding needs too much memory or time."""
    size = image_size(data)
    if size is None:
        raise FrameError(f'the header of the {file_format} file has no image size.')
    check_pixels(*size)
    if file_format == 'JPEG':
        scans = data.tobytes().count(b'\xff\xda')
        if scans > MOST_SCANS:
            raise FrameError(f'a JPEG file of {scans} scans: at most {MOST_SCANS} are decoded.')
    tiff = tifffile.read_header(data) if file_format == 'TIFF' else None
    for height, width in tiff.sizes if tiff else ():
        # a decoder reserves memory for a whole tile, with any number of samples a pixel
        check_pixels(height, width)
        if tiff and height * width * tiff.pixel_bytes > MOST_BYTES:
            raise FrameError(f'a TIFF file of {width}x{height} pixels with {tiff.pixel_bytes} '
                             f'bytes each: at most {MOST_BYTES / 1e6:.0f} MB are decoded.')


def decode_file(data: NDArray[Any], flags: int = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
                ) -> NDArray[Any]:
    """
    Return the pixels of an image file; of a GIF or TIFF with several images the first.

    :param data: (N,) uint8, the file; bytes after its end are ignored.
    :param flags: flags of OpenCV; by default unchanged pixels, rotated by EXIF orientation.
    :return: (H, W, 3) in BGR or (H, W); uint8, uint16 or float32.
    :raises FrameError: when the file is damaged or incomplete.
    """
    if not data.size:
        raise FrameError('the file is empty.')
    file_format = format_of(data)
    if file_format is None:
        raise FrameError('this is not a JPEG, PNG, WebP, TIFF, GIF, BMP, PPM or PGM file.')
    whole = _whole(data, file_format)
    if whole is None:
        raise FrameError(f'the {file_format} file ends too early.')
    _check_costs(whole, file_format)
    _hush_opencv()
    try:
        pixels = cv2.imdecode(whole, flags)
    except cv2.error as error:
        raise FrameError(f'OpenCV cannot read the file ({error.err or error}).') from error
    if file_format == 'GIF' and pixels is None:
        pixels = _by_pillow(whole)
    if pixels is None or not pixels.size:
        raise FrameError(f'the {file_format} file is broken, or OpenCV cannot read its '
                         'compression.')
    return _known_depth(pixels)


def _hush_opencv() -> None:
    """Stop OpenCV from printing lines about broken files, unless OPENCV_LOG_LEVEL is set."""
    logging = getattr(cv2.utils, 'logging', None)
    if logging is not None and 'OPENCV_LOG_LEVEL' not in os.environ:
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)


def _known_depth(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.dtype == np.float64:
        return pixels.astype(np.float32)
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise FrameError(f'pixels of the type {pixels.dtype}: convert the file to 8 or 16 bits '
                         'without a sign.')
    return pixels


def _by_pillow(data: NDArray[Any]) -> NDArray[Any]:
    """Return the pixels of a GIF for OpenCV before 4.11, which cannot read GIF."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise FrameError(f'OpenCV {cv2.__version__} reads no GIF files: install OpenCV 4.11 or '
                         'later, or Pillow (pip install pillow).') from None
    try:
        rgb = np.asarray(Image.open(io.BytesIO(data.tobytes())).convert('RGB'))
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise FrameError(f'the GIF file is broken ({error}).') from error
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _whole(data: NDArray[Any], file_format: str) -> NDArray[Any] | None:
    """
    Return the file without bytes after its end, None if it is incomplete.

    Drivers send whole buffers: zeros or an earlier file may follow. Some decoders fill missing
    parts with gray.
    """
    if file_format == 'JPEG':
        end = jpegfile.jpeg_end(data)
        return None if end is None else data[:end]
    if file_format == 'PNG':
        return pngfile.still_image(data)
    if file_format == 'GIF':
        return giffile.first_frame(data)
    if file_format == 'WebP':
        # the size follows the four letters RIFF
        complete = data.size >= 8 + int.from_bytes(data[4:8].tobytes(), 'little')
    elif file_format == 'TIFF':
        header = tifffile.read_header(data)
        complete = header is not None and data.size >= header.end
    else:
        complete = True
    return data if complete else None
