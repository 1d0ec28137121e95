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

"""Decode image messages to pixels, for all encodings of camera drivers."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.perception.encodings import (
    Color,
    depth_of,
    ENCODINGS,
    named,
    pixels_of,
    whole_rows,
)
from digiphys_ros.perception.imagefile import decode_file, format_of
from digiphys_ros.perception.jpegfile import jpeg_size
import numpy as np
from numpy.typing import NDArray

IN_MESSAGES = ('JPEG', 'PNG', 'WebP', 'TIFF')
"""File formats of a CompressedImage."""

_REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4,
            2: cv2.IMREAD_REDUCED_COLOR_2}

_CONVERSIONS = {
    ('rgb', 'bgr'): cv2.COLOR_RGB2BGR, ('rgb', 'mono'): cv2.COLOR_RGB2GRAY,
    ('bgr', 'rgb'): cv2.COLOR_BGR2RGB, ('bgr', 'mono'): cv2.COLOR_BGR2GRAY,
    ('rgba', 'rgb'): cv2.COLOR_RGBA2RGB, ('rgba', 'bgr'): cv2.COLOR_RGBA2BGR,
    ('rgba', 'mono'): cv2.COLOR_RGBA2GRAY, ('bgra', 'rgb'): cv2.COLOR_BGRA2RGB,
    ('bgra', 'bgr'): cv2.COLOR_BGRA2BGR, ('bgra', 'mono'): cv2.COLOR_BGRA2GRAY,
    ('mono', 'rgb'): cv2.COLOR_GRAY2RGB, ('mono', 'bgr'): cv2.COLOR_GRAY2BGR,
}


@dataclass(frozen=True)
class Frame:
    """
    Pixels with channel order and bit depth.

    :ivar pixels: (H, W) or (H, W, C); uint8, uint16 or float32.
    :ivar color: order of the channels.
    :ivar bits: used bits of 16: white is 2 ** bits - 1.
    """

    pixels: NDArray[Any]
    color: Color
    bits: int = 16

    @classmethod
    def of(cls, pixels: NDArray[Any]) -> 'Frame':
        """Return the frame of pixels (H, W, 3) RGB or (H, W) gray, uint8."""
        return cls(pixels, 'mono' if pixels.ndim == 2 else 'rgb')

    def converted(self, color: Color) -> NDArray[Any]:
        """
        Return 8-bit pixels in a channel order; the same array if nothing changes.

        16 bits are scaled by 255 / (2 ** bits - 1), rounded and saturated. Floats from 0 to 1 are
        scaled by 255 and saturated; NaN becomes 0. Alpha is dropped.

        :param color: rgb, bgr or mono; with the frame's own order only the depth changes.
        :return: (H, W, 3) or, for mono, (H, W); uint8.
        """
        pixels = _eight_bits(self.pixels, self.bits)
        if color == self.color:
            return pixels
        return cv2.cvtColor(pixels, _CONVERSIONS[self.color, color])


def decode_image(data: Any, *, height: int, width: int, encoding: str, step: int,
                 is_bigendian: bool) -> Frame:
    """
    Return the frame of the fields of a sensor_msgs/Image.

    The frame is a view of ``data`` if the encoding allows it, row padding included. Bayer and YUV
    images are converted to BGR. ``height`` is the height of the image, also for planar YUV: its
    data holds that many rows of brightness ``step`` bytes apart, then the rows of color. 8UC3 and
    8UC4 are BGR and BGRA, as in OpenCV. For 16-bit pixels ``bits`` is the smallest depth of the
    brightest pixel, unless the name of the encoding gives it.

    :param data: any contiguous buffer of bytes; padding after the last row is ignored.
    :param encoding: one of ``ENCODINGS``, or a driver's name such as BayerRG8.
    :param step: bytes from one row to the next.
    :param is_bigendian: byte order of encodings of 16 and 32 bits.
    :raises FrameError: when the fields are inconsistent, with the received values.
    """
    if height <= 0 or width <= 0:
        raise FrameError(f'image of {width}x{height} pixels: both must be at least 1.')
    known, bits = named(encoding)
    buffer = whole_rows(_bytes_of(data), height, width, known, step)
    if known not in ENCODINGS:
        return _by_cv_bridge(buffer, height, width, encoding, step, is_bigendian)
    pixels, color = pixels_of(buffer, height, width, known, step, is_bigendian)
    return Frame(pixels, color, bits or depth_of(pixels))


def _bytes_of(data: Any) -> NDArray[Any]:
    """Return (N,) uint8, a view of the buffer."""
    try:
        return np.frombuffer(data, np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        raise FrameError(f'image data must be a contiguous buffer of bytes, received '
                         f'{type(data).__name__}: {error}.') from error


def _by_cv_bridge(buffer: NDArray[Any], height: int, width: int, encoding: str, step: int,
                  is_bigendian: bool) -> Frame:
    try:
        from cv_bridge import CvBridge
    except ImportError:
        raise FrameError(f'encoding "{encoding}" is not one of {", ".join(ENCODINGS)}; with '
                         'cv_bridge installed it would be asked for others.') from None
    # cv_bridge only reads the fields, so no message package is needed here
    message = SimpleNamespace(height=height, width=width, encoding=encoding, step=step,
                              is_bigendian=int(is_bigendian), data=buffer)
    try:
        return Frame(CvBridge().imgmsg_to_cv2(message, 'bgr8'), 'bgr')
    except Exception as error:
        raise FrameError(f'cv_bridge cannot read encoding "{encoding}": {error}') from error


def decode_compressed(data: Any, format: str, least_size: tuple[int, int] | None = None
                      ) -> Frame:
    """
    Return the frame of a sensor_msgs/CompressedImage.

    A JPEG that is much larger than needed is decoded at 1/2, 1/4 or 1/8 of its size: the decoder
    then averages blocks of pixels, like a resize by area.

    :param data: a JPEG, PNG, WebP or TIFF file as any contiguous buffer of bytes; bytes after the
        end of the file are ignored.
    :param format: format of the message, for errors and to refuse depth images; the file format is
        detected from the data.
    :param least_size: sufficient height and width; None is full size.
    :return: bgr or mono; EXIF orientation is ignored.
    :raises FrameError: when the data is not a complete file of these formats.
    """
    if 'compressedDepth' in format:
        raise FrameError(f'format "{format}": a depth image has no colors to classify.')
    buffer = _bytes_of(data)
    received = f'compressed image of {buffer.size} bytes, format "{format}"'
    if format_of(buffer) not in IN_MESSAGES:
        raise FrameError(f'{received}: this is not a {", ".join(IN_MESSAGES[:-1])} or '
                         f'{IN_MESSAGES[-1]} file.')
    try:
        pixels = decode_file(
            buffer, _reading(buffer, least_size) | cv2.IMREAD_IGNORE_ORIENTATION)
    except FrameError as error:
        raise FrameError(f'{received}: {error}') from error
    return _frame_of(pixels)


def decode_image_file(data: bytes) -> Frame:
    """
    Return the frame in an image file, rotated by its EXIF orientation.

    ``bits`` is the smallest depth of the brightest pixel.

    :raises FrameError: when it cannot be read.
    """
    pixels = decode_file(np.frombuffer(data, np.uint8))
    if pixels.dtype == np.float32 and np.fmax.reduce(pixels, axis=None) > 1:
        raise FrameError(f'its pixels are fractions up to {pixels.max():g}, and 1 is white: '
                         'convert the file to 8 or 16 bits.')
    return _frame_of(pixels)


def _frame_of(pixels: NDArray[Any]) -> Frame:
    return Frame(pixels, 'mono' if pixels.ndim == 2 else 'bgr', depth_of(pixels))


def _reading(buffer: NDArray[Any], least_size: tuple[int, int] | None) -> int:
    """Return the flag for OpenCV to read a file as small as sufficient."""
    if least_size is None or (size := jpeg_size(buffer)) is None:
        return cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
    return next((flag for divisor, flag in _REDUCED.items()
                 if all(side >= divisor * least
                        for side, least in zip(size, least_size, strict=True))),
                cv2.IMREAD_ANYCOLOR)


def _eight_bits(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    if pixels.dtype == np.uint8:
        return pixels
    # OpenCV misreads rows that do not start at a whole number of elements
    native = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder('='))
    if native.dtype.kind == 'f':
        # fmax and fmin ignore NaN
        result: NDArray[Any] = cv2.convertScaleAbs(np.fmin(np.fmax(native, 0), 1), alpha=255)
        return result
    return cv2.convertScaleAbs(native, alpha=255 / ((1 << bits) - 1))
