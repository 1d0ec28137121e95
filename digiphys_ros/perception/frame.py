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
from typing import Any, Literal, TypeAlias

import cv2
from digiphys_ros.errors import FrameError
from digiphys_ros.perception.imagefile import decode_file, jpeg_size, kind_of
import numpy as np
from numpy.typing import NDArray

Colour: TypeAlias = Literal['rgb', 'bgr', 'rgba', 'bgra', 'mono']

# encoding -> (type, channels, colour); these are views of the message
_PLAIN: dict[str, tuple[str, int, Colour]] = {
    'rgb8': ('u1', 3, 'rgb'), 'bgr8': ('u1', 3, 'bgr'), '8UC3': ('u1', 3, 'bgr'),
    'rgba8': ('u1', 4, 'rgba'), 'bgra8': ('u1', 4, 'bgra'),
    'mono8': ('u1', 1, 'mono'), '8UC1': ('u1', 1, 'mono'),
    'mono16': ('u2', 1, 'mono'), '16UC1': ('u2', 1, 'mono'), '32FC1': ('f4', 1, 'mono'),
}

# ROS names the first two pixels of the first row, OpenCV those of the second row, shifted by one
_BAYER = {
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR, 'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR, 'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
}

_YUV422 = {
    'yuv422': cv2.COLOR_YUV2BGR_UYVY, 'uyvy': cv2.COLOR_YUV2BGR_UYVY,
    'yuv422_yuy2': cv2.COLOR_YUV2BGR_YUY2, 'yuyv': cv2.COLOR_YUV2BGR_YUY2,
}

_YUV420 = {'nv12': cv2.COLOR_YUV2BGR_NV12, 'nv21': cv2.COLOR_YUV2BGR_NV21}

ENCODINGS = (*_PLAIN, *_BAYER, *_YUV422, *_YUV420)
"""Encodings decoded here; any other one is left to cv_bridge where it is installed."""

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
    :ivar colour: order of the channels.
    """

    pixels: NDArray[Any]
    colour: Colour

    def converted(self, colour: Colour) -> NDArray[Any]:
        """
        Return the pixels as 8 bits in another channel order, the same array where nothing changes.

        16 bits are scaled by 255/65535 and rounded. Floats are taken as 0 to 1, scaled by 255 and
        saturated; NaN becomes 0. Transparency is left out.

        :param colour: rgb, bgr or mono; the frame's own colour only brings it to 8 bits.
        :return: (H, W, 3) or, for mono, (H, W); uint8.
        """
        pixels = _eight_bits(self.pixels)
        if colour == self.colour:
            return pixels
        return cv2.cvtColor(pixels, _CONVERSIONS[self.colour, colour])


def decode_image(data: Any, *, height: int, width: int, encoding: str, step: int,
                 is_bigendian: bool) -> Frame:
    """
    Return the frame behind the fields of a sensor_msgs/Image.

    A view of ``data`` where the encoding allows, row padding included; Bayer and YUV images are
    converted to BGR. ``height`` is the picture's height, for nv12 and nv21 too: their data holds
    that many rows of brightness, then half as many of colour, all ``step`` bytes apart. 8UC3 is
    taken as BGR, as OpenCV and cv_bridge take it.

    :param data: any contiguous buffer of bytes.
    :param step: bytes from one row to the next.
    :param is_bigendian: byte order of mono16, 16UC1 and 32FC1.
    :raises FrameError: when the fields do not fit each other, with what was received.
    """
    if height <= 0 or width <= 0:
        raise FrameError(f'image of {width}x{height} pixels: both must be at least 1.')
    buffer = _bytes_of(data)
    _check_length(buffer.size, height, width, encoding, step)
    if encoding in _PLAIN:
        kind, channels, colour = _PLAIN[encoding]
        pixel_type = np.dtype(('>' if is_bigendian else '<') + kind)
        pixels = _rows(buffer, height, width, channels, encoding, step, pixel_type)
        return Frame(pixels if channels > 1 else pixels[:, :, 0], colour)
    if encoding in ENCODINGS:
        return Frame(_by_opencv(buffer, height, width, encoding, step), 'bgr')
    return _by_cv_bridge(buffer, height, width, encoding, step, is_bigendian)


def _bytes_of(data: Any) -> NDArray[Any]:
    """Return (N,) uint8, a view of the buffer."""
    try:
        return np.frombuffer(data, np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        raise FrameError(f'image data must be a contiguous buffer of bytes, received '
                         f'{type(data).__name__}: {error}.') from error


def _check_length(size: int, height: int, width: int, encoding: str, step: int) -> None:
    rows = height * 3 // 2 if encoding in _YUV420 else height
    if size != step * rows:
        planes = f' ({height} of brightness and {height // 2} of colour)' if rows != height else ''
        raise FrameError(f'image data is {size} bytes, but a step of {step} x {rows} rows{planes} '
                         f'is {step * rows} ({width}x{height} {encoding}).')


def _rows(buffer: NDArray[Any], height: int, width: int, channels: int, encoding: str,
          step: int, pixel_type: np.dtype[Any]) -> NDArray[Any]:
    """Return (height, width, channels) as a view that steps over the padding."""
    pixel_bytes = channels * pixel_type.itemsize
    if step < width * pixel_bytes:
        raise FrameError(f'step is {step} bytes, but {width} pixels of {encoding} need '
                         f'{width * pixel_bytes}.')
    return np.ndarray((height, width, channels), pixel_type, buffer=buffer,
                      strides=(step, pixel_bytes, pixel_type.itemsize))


def _by_opencv(buffer: NDArray[Any], height: int, width: int, encoding: str,
               step: int) -> NDArray[Any]:
    byte = np.dtype(np.uint8)
    if encoding in _BAYER:
        # OpenCV leaves a smaller picture black
        if height < 3 or width < 3:
            raise FrameError(f'a {encoding} image of {width}x{height}: at least 3x3 is needed.')
        mosaic = _rows(buffer, height, width, 1, encoding, step, byte)
        return cv2.cvtColor(mosaic, _BAYER[encoding])
    if width % 2 or (encoding in _YUV420 and height % 2):
        raise FrameError(f'a {encoding} image of {width}x{height}: its pixels share colours in '
                         'pairs, so the size must be even.')
    if encoding in _YUV422:
        pairs = _rows(buffer, height, width, 2, encoding, step, byte)
        return cv2.cvtColor(pairs, _YUV422[encoding])
    planes = _rows(buffer, height * 3 // 2, width, 1, encoding, step, byte)
    return cv2.cvtColor(planes, _YUV420[encoding])


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

    :param data: a JPEG, PNG or WebP file as any contiguous buffer of bytes.
    :param format: the message's format text, used in errors and to refuse depth images; the data
        itself says which of the three it is.
    :param least_size: height and width that are enough; None is all there is.
    :return: bgr or mono, 8 bits; a mark of orientation inside the file is not followed.
    :raises FrameError: when the data is no such file, or not all of one.
    """
    if 'compressedDepth' in format:
        raise FrameError(f'format "{format}": a depth image has no colours to classify.')
    buffer = _bytes_of(data)
    received = f'compressed image of {buffer.size} bytes, format "{format}"'
    if kind_of(buffer) not in ('JPEG', 'PNG', 'WebP'):
        raise FrameError(f'{received}: this is no JPEG, PNG or WebP file.')
    try:
        pixels = decode_file(
            buffer, _reading(buffer, least_size) | cv2.IMREAD_IGNORE_ORIENTATION)
    except FrameError as error:
        raise FrameError(f'{received}: {error}') from error
    return Frame(pixels, 'mono' if pixels.ndim == 2 else 'bgr')


def _reading(buffer: NDArray[Any], least_size: tuple[int, int] | None) -> int:
    """Return how OpenCV is to read a file: as small as will do."""
    if least_size is None or (size := jpeg_size(buffer)) is None:
        return cv2.IMREAD_ANYCOLOR
    return next((flag for divisor, flag in _REDUCED.items()
                 if all(side >= divisor * least
                        for side, least in zip(size, least_size, strict=True))),
                cv2.IMREAD_ANYCOLOR)


def _eight_bits(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.dtype == np.uint8:
        return pixels
    # OpenCV misreads rows that do not start at a whole number of elements
    native = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder('='))
    if native.dtype.kind == 'f':
        # fmax and fmin take the number where the other one is NaN
        return cv2.convertScaleAbs(np.fmin(np.fmax(native, 0), 1), alpha=255)
    return cv2.convertScaleAbs(native, alpha=255 / 65535)
