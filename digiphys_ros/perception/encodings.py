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

"""Decode rows of bytes to pixels, for all encodings of camera drivers under any of their names."""

import re
from typing import Any, Literal, NamedTuple, TypeAlias

import cv2
from digiphys_ros.errors import FrameError
import numpy as np
from numpy.typing import NDArray

Color: TypeAlias = Literal['rgb', 'bgr', 'rgba', 'bgra', 'mono']

# encoding -> (type, channels, color); these are views of the message
PLAIN: dict[str, tuple[str, int, Color]] = {
    'rgb8': ('u1', 3, 'rgb'), 'bgr8': ('u1', 3, 'bgr'), '8UC3': ('u1', 3, 'bgr'),
    'rgba8': ('u1', 4, 'rgba'), 'bgra8': ('u1', 4, 'bgra'), '8UC4': ('u1', 4, 'bgra'),
    'rgb16': ('u2', 3, 'rgb'), 'bgr16': ('u2', 3, 'bgr'), '16UC3': ('u2', 3, 'bgr'),
    'rgba16': ('u2', 4, 'rgba'), 'bgra16': ('u2', 4, 'bgra'), '16UC4': ('u2', 4, 'bgra'),
    'mono8': ('u1', 1, 'mono'), '8UC1': ('u1', 1, 'mono'),
    'mono16': ('u2', 1, 'mono'), '16UC1': ('u2', 1, 'mono'),
    '32FC1': ('f4', 1, 'mono'), '32FC3': ('f4', 3, 'bgr'), '32FC4': ('f4', 4, 'bgra'),
}

# ROS names the first two pixels of the first row, OpenCV those of the second row, shifted by one
_PATTERNS = {'rggb': cv2.COLOR_BayerBG2BGR, 'bggr': cv2.COLOR_BayerRG2BGR,
             'gbrg': cv2.COLOR_BayerGR2BGR, 'grbg': cv2.COLOR_BayerGB2BGR}
BAYER = {f'bayer_{pattern}{bits}': (f'u{bits // 8}', conversion)
         for bits in (8, 16) for pattern, conversion in _PATTERNS.items()}

_YUV422 = {
    'yuv422': cv2.COLOR_YUV2BGR_UYVY, 'uyvy': cv2.COLOR_YUV2BGR_UYVY,
    'yuv422_yuy2': cv2.COLOR_YUV2BGR_YUY2, 'yuyv': cv2.COLOR_YUV2BGR_YUY2,
}
_YUV420 = {'nv12': cv2.COLOR_YUV2BGR_NV12, 'nv21': cv2.COLOR_YUV2BGR_NV21,
           'i420': cv2.COLOR_YUV2BGR_I420, 'yv12': cv2.COLOR_YUV2BGR_YV12}
_PLANAR = ('i420', 'yv12')
"""Encodings with separate color planes, whose rows are half a step."""

ENCODINGS = (*PLAIN, *BAYER, *_YUV422, *_YUV420, 'nv24')
"""Encodings decoded here; cv_bridge decodes others, if it is installed."""

_KNOWN = {name.lower(): name for name in ENCODINGS} | {
    'yuv422packed': 'uyvy', 'yuv422_8_uyvy': 'uyvy', 'ycbcr422_8_cbycry': 'uyvy',
    'yuv422_8': 'yuyv', 'yuv422_yuyv_packed': 'yuyv', 'ycbcr422_8': 'yuyv', 'yuy2': 'yuyv',
    'yu12': 'i420', 'yuv420': 'i420', 'yuv420p': 'i420', 'gray8': 'mono8', 'grey': 'mono8',
    'y8': 'mono8', 'y16': 'mono16'}
"""Names of GenICam (PFNC), V4L2 and older drivers, in lower case."""
_GENICAM = re.compile(r'(mono|rgba?|bgra?|bayer)_?(rg|gr|gb|bg)?(8|10|12|14|16)(?:packed)?')
_BAYER_NAMES = {'rg': 'rggb', 'gr': 'grbg', 'gb': 'gbrg', 'bg': 'bggr'}

DEPTHS = (10, 12, 14, 16)
"""Bit depths of camera sensors, from 10 bits."""

_PAGES = (1 << 12, 1 << 14, 1 << 16)
_ROWS_TOGETHER = 16
"""Video hardware rounds the height of a buffer up to multiples of these."""


class Name(NamedTuple):
    """
    An encoding.

    :ivar encoding: one of ``ENCODINGS``, or the received name.
    :ivar bits: used bits of a 16-bit pixel, if the name gives them.
    """

    encoding: str
    bits: int | None = None


def named(encoding: str) -> Name:
    """
    Return the encoding of a driver's name.

    Example::

        >>> named('BayerRG12')
        Name(encoding='bayer_rggb16', bits=12)
    """
    small = encoding.strip().lower()
    if small in _KNOWN:
        return Name(_KNOWN[small])
    found = _GENICAM.fullmatch(small)
    if found is None or (found[1] == 'bayer') != bool(found[2]) or \
            (found[1] == 'mono' and small.endswith('packed')):
        return Name(encoding)
    base = f'bayer_{_BAYER_NAMES[found[2]]}' if found[2] else found[1]
    bits = int(found[3])
    return Name(f'{base}8') if bits == 8 else Name(f'{base}16', bits if bits < 16 else None)


def depth_of(pixels: NDArray[Any]) -> int:
    """
    Return the fewest bits of ``DEPTHS`` that hold the brightest pixel; 16 for other types.

    :param pixels: of any shape.
    """
    if pixels.dtype.kind != 'u' or pixels.dtype.itemsize != 2:
        return DEPTHS[-1]
    brightest = int(pixels.max(initial=0))
    return next(bits for bits in DEPTHS if brightest < 1 << bits)


def pixels_of(buffer: NDArray[Any], height: int, width: int, encoding: str, step: int,
              is_bigendian: bool) -> tuple[NDArray[Any], Color]:
    """
    Return (height, width) or (height, width, channels), and the order of the channels.

    :param buffer: (N,) uint8, as long as ``whole_rows`` leaves it.
    :param encoding: one of ``ENCODINGS``.
    :raises FrameError: when the fields do not fit each other.
    """
    order = '>' if is_bigendian else '<'
    if encoding in PLAIN:
        dtype, channels, color = PLAIN[encoding]
        pixels = _rows(buffer, height, width, channels, encoding, step, order + dtype)
        return (pixels if channels > 1 else pixels[:, :, 0]), color
    if encoding in BAYER:
        return _bayer(buffer, height, width, encoding, step, order), 'bgr'
    if encoding == 'nv24':
        return _nv24(buffer, height, width, step), 'bgr'
    if width % 2 or (encoding in _YUV420 and height % 2):
        raise FrameError(f'a {encoding} image of {width}x{height}: its pixels share colors in '
                         'pairs, so the size must be even.')
    if encoding in _YUV422:
        pairs = _rows(buffer, height, width, 2, encoding, step)
        return cv2.cvtColor(pairs, _YUV422[encoding]), 'bgr'
    planes = _packed_planes(buffer, height, width, encoding, step) if encoding in _PLANAR \
        else _rows(buffer, height * 3 // 2, width, 1, encoding, step)
    return cv2.cvtColor(planes, _YUV420[encoding]), 'bgr'


def whole_rows(buffer: NDArray[Any], height: int, width: int, encoding: str, step: int
               ) -> NDArray[Any]:
    """
    Return the bytes of all rows, without padding at the end of the buffer.

    Padding is zeros, bytes up to a memory page of 4, 16 or 64 KiB, or, without separate color
    planes, rows up to a multiple of 16.

    :raises FrameError: when there are fewer bytes, or more that are not padding.
    """
    planes = ''
    rows = height
    if encoding in (*_YUV420, 'nv24'):
        colors = 2 * height if encoding == 'nv24' else height // 2
        rows = height + colors
        planes = f' ({height} of brightness and {colors} of color)'
    size = step * rows
    padded = [-(-size // page) * page for page in _PAGES]
    if not planes:
        padded.append(-(-height // _ROWS_TOGETHER) * _ROWS_TOGETHER * step)
    rest = buffer[max(size, 0):]
    if buffer.size == size or (0 < size < buffer.size
                               and (buffer.size in padded or not rest.any())):
        return buffer[:size]
    wrong = f'; the {rest.size} bytes behind it are not padding' if rest.size and size > 0 else ''
    raise FrameError(f'image data is {buffer.size} bytes, but a step of {step} x {rows} rows'
                     f'{planes} is {size} ({width}x{height} {encoding}){wrong}.')


def _rows(buffer: NDArray[Any], height: int, width: int, channels: int, encoding: str,
          step: int, dtype: str = 'u1') -> NDArray[Any]:
    """Return (height, width, channels) as a view without padding."""
    pixel_type = np.dtype(dtype)
    pixel_bytes = channels * pixel_type.itemsize
    if step < width * pixel_bytes:
        raise FrameError(f'step is {step} bytes, but {width} pixels of {encoding} need '
                         f'{width * pixel_bytes}.')
    result: NDArray[Any] = np.ndarray(
        (height, width, channels), pixel_type, buffer=buffer,
        strides=(step, pixel_bytes, pixel_type.itemsize))
    return result


def _bayer(buffer: NDArray[Any], height: int, width: int, encoding: str, step: int, order: str
           ) -> NDArray[Any]:
    # OpenCV returns a black image for smaller ones
    if height < 3 or width < 3:
        raise FrameError(f'a {encoding} image of {width}x{height}: at least 3x3 is needed.')
    dtype, conversion = BAYER[encoding]
    mosaic = _rows(buffer, height, width, 1, encoding, step, order + dtype)
    # OpenCV misreads rows of 16 bits that are swapped or start at half a pixel
    native = mosaic if dtype == 'u1' else np.ascontiguousarray(mosaic, dtype)
    return cv2.cvtColor(native, conversion)


def _packed_planes(buffer: NDArray[Any], height: int, width: int, encoding: str, step: int
                   ) -> NDArray[Any]:
    """Return (height * 3/2, width): three consecutive planes without padding."""
    luma = _rows(buffer, height, width, 1, encoding, step)
    if step == width:
        return buffer.reshape(-1, width)
    if step % 2:
        raise FrameError(f'step is {step} bytes, but rows of color in {encoding} have half of '
                         'it: it must be even.')
    chroma = _rows(buffer[step * height:], height, width // 2, 1, encoding, step // 2)
    return np.concatenate([luma.ravel(), chroma.ravel()]).reshape(-1, width)


def _nv24(buffer: NDArray[Any], height: int, width: int, step: int) -> NDArray[Any]:
    """Return BGR of a plane of brightness and one of color pairs, whose rows have two steps."""
    luma = _rows(buffer, height, width, 1, 'nv24', step)[:, :, 0]
    chroma = _rows(buffer[step * height:], height, width, 2, 'nv24', 2 * step)
    # OpenCV has no nv24: each pixel becomes two of uyvy, of which one is kept
    pairs = np.stack([chroma[..., 0], luma, chroma[..., 1], luma], axis=-1)
    return np.ascontiguousarray(
        cv2.cvtColor(pairs.reshape(height, 2 * width, 2), cv2.COLOR_YUV2BGR_UYVY)[:, ::2])
