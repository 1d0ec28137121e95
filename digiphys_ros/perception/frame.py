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

"""Image message bytes to pixels, for every encoding a camera driver emits."""

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
from digiphys_ros.perception.imagefile import decode_file, kind_of
from digiphys_ros.perception.jpegfile import jpeg_size
import numpy as np
from numpy.typing import NDArray

IN_MESSAGES = ('JPEG', 'PNG', 'WebP', 'TIFF')
"""Kinds of files in a CompressedImage."""

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
    Pixels and what they mean.

    :ivar pixels: (H, W) or (H, W, C); uint8, uint16 or float32.
    :ivar color: order of the channels.
    :ivar bits: how many of 16 bits are used: brightness ends at 2 ** bits - 1.
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
        Return the pixels as 8 bits in another channel order, the same array where nothing changes.

        16 bits are scaled by 255 / (2 ** bits - 1), rounded and saturated. Floats are taken as 0
        to 1, scaled by 255 and saturated; NaN becomes 0. Transparency is left out.

        :param color: rgb, bgr or mono; the frame's own color only brings it to 8 bits.
        :return: (H, W, 3) or, for mono, (H, W); uint8.
        """
        pixels = _eight_bits(self.pixels, self.bits)
        if color == self.color:
            return pixels
        return cv2.cvtColor(pixels, _CONVERSIONS[self.color, color])


def decode_image(data: Any, *, height: int, width: int, encoding: str, step: int,
                 is_bigendian: bool) -> Frame:
    """
    Return the frame behind the fields of a sensor_msgs/Image.

    A view of ``data`` where the encoding allows, row padding included; Bayer and YUV images are
    converted to BGR. ``height`` is the image's height, for YUV with planes too: their data holds
    that many rows of brightness ``step`` bytes apart, then the rows of color. 8UC3 and 8UC4 are
    taken as BGR and BGRA, as OpenCV takes them. Of 16-bit pixels the frame's ``bits`` are the
    fewest that hold its brightest pixel, where the encoding's name does not say them.

    :param data: any contiguous buffer of bytes; padding behind the last row is left out.
    :param encoding: one of ``ENCODINGS``, or a driver's name of it, such as BayerRG8.
    :param step: bytes from one row to the next.
    :param is_bigendian: byte order of encodings of 16 and 32 bits.
    :raises FrameError: when the fields do not fit each other, with what was received.
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
    # cv_bridge only reads the fields, so that no message package is needed here
    message = SimpleNamespace(height=height, width=width, encoding=encoding, step=step,
                              is_bigendian=int(is_bigendian), data=buffer)
    try:
        return Frame(CvBridge().imgmsg_to_cv2(message, 'bgr8'), 'bgr')
    except Exception as error:
        raise FrameError(f'cv_bridge cannot read encoding "{encoding}": {error}') from error


def decode_compressed(data: Any, format: str, least_size: tuple[int, int] | None = None
                      ) -> Frame:
    """
    Return the frame behind a sensor_msgs/CompressedImage.

    A JPEG that is much larger than needed is decoded at a half, a quarter or an eighth of its
    size: its decoder then takes means of blocks of pixels, as a resize by area does.

    :param data: a JPEG, PNG, WebP or TIFF file as any contiguous buffer of bytes; what follows the
        file's end is left out.
    :param format: the message's format text, used in errors and to refuse depth images; the data
        itself says which kind of file it is.
    :param least_size: height and width that are enough; None is all there is.
    :return: bgr or mono; a mark of orientation inside the file is not followed.
    :raises FrameError: when the data is no such file, or not all of one.
    """
    if 'compressedDepth' in format:
        raise FrameError(f'format "{format}": a depth image has no colors to classify.')
    buffer = _bytes_of(data)
    received = f'compressed image of {buffer.size} bytes, format "{format}"'
    if kind_of(buffer) not in IN_MESSAGES:
        raise FrameError(f'{received}: this is no {", ".join(IN_MESSAGES[:-1])} or '
                         f'{IN_MESSAGES[-1]} file.')
    try:
        pixels = decode_file(
            buffer, _reading(buffer, least_size) | cv2.IMREAD_IGNORE_ORIENTATION)
    except FrameError as error:
        raise FrameError(f'{received}: {error}') from error
    return _frame_of(pixels)


def decode_image_file(data: bytes) -> Frame:
    """
    Return the frame in an image file, turned upright by its mark of orientation.

    Its ``bits`` are the fewest that hold the file's brightest pixel.

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
    """Return how OpenCV is to read a file: as small as will do."""
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
        # fmax and fmin take the number where the other one is NaN
        result: NDArray[Any] = cv2.convertScaleAbs(np.fmin(np.fmax(native, 0), 1), alpha=255)
        return result
    return cv2.convertScaleAbs(native, alpha=255 / ((1 << bits) - 1))
