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

"""Preprocessing from pixels to tensor; training and robot use the same code."""

from dataclasses import replace
import math
from typing import Any

import cv2
from digiphys_ros.bundles.preprocess_spec import check_roi, PreprocessSpec, Roi, WHOLE_FRAME
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception.frame import Frame
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are exclusive."""

_RESIZE = {
    'area': cv2.INTER_AREA, 'linear': cv2.INTER_LINEAR, 'nearest': cv2.INTER_NEAREST,
    'cubic': cv2.INTER_CUBIC, 'lanczos': cv2.INTER_LANCZOS4, 'mipmap': cv2.INTER_LINEAR,
}

OVERSAMPLING = 2
"""Pixels of a frame for one of the tensor, along each side; more add no information."""

_HALVED_TO = {'area': OVERSAMPLING, 'mipmap': 1}
"""Averaging methods: a frame is halved while it keeps so many pixels for one."""


class Preprocessor:
    """
    Callable that turns frames into tensors.

    :param spec: preprocessing of the bundle.
    :param roi: region of interest instead of the bundle's.
    :raises ConfigError: when ``roi`` is outside of the frame.
    """

    def __init__(self, spec: PreprocessSpec, roi: Roi | None = None) -> None:
        try:
            check_roi(roi)
        except ValueError as error:
            raise ConfigError(f'{error}.') from error
        self._spec = spec
        self._roi = roi or spec.roi
        # a row at a time: NumPy is slow with an innermost axis of three elements
        self._factor = np.resize(spec.factor, spec.width * spec.channels)
        self._offset = np.resize(spec.offset, spec.width * spec.channels)

    @property
    def least_size(self) -> tuple[int, int] | None:
        """
        Return height and width of the smallest frame with the full detail of the tensor.

        None if single pixels count: only ``area`` and ``mipmap`` average.
        """
        if self._spec.resize not in _HALVED_TO:
            return None
        _, _, width, height = self._roi or WHOLE_FRAME
        side = _HALVED_TO[self._spec.resize] * max(self._spec.height, self._spec.width)
        return math.ceil(side / height), math.ceil(side / width)

    def __call__(self, frame: Frame, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """
        Return the tensor of one frame.

        :param out: contiguous array of ``spec.shape`` and ``spec.dtype`` to fill; None makes one.
        :return: ``out``, or the new array.
        """
        spec = self._spec
        tensor = np.empty(spec.shape, spec.dtype) if out is None else out
        # crop first, convert colors last, to convert fewer pixels
        left, top, right, bottom = self.box(*frame.pixels.shape[:2])
        region = replace(frame, pixels=frame.pixels[top:bottom, left:right])
        resized = Frame(self._resized(region.converted(frame.color)), frame.color)
        pixels = resized.converted(spec.color).reshape(spec.shape)
        if spec.dtype == 'uint8':
            np.copyto(tensor, pixels)
            return tensor
        rows = tensor.reshape(spec.height, -1)
        np.multiply(pixels.reshape(rows.shape), self._factor, out=rows, dtype=np.float32)
        if self._offset.any():
            rows += self._offset
        return tensor

    def box(self, height: int, width: int) -> Box:
        """Return left, top, right and bottom of the pixels of a frame that reach the model."""
        x, y, w, h = self._roi or WHOLE_FRAME
        left, top = min(int(x * width), width - 1), min(int(y * height), height - 1)
        right = max(left + 1, min(round((x + w) * width), width))
        bottom = max(top + 1, min(round((y + h) * height), height))
        if self._spec.crop != 'center_crop':
            return left, top, right, bottom
        side = min(bottom - top, right - left)
        top, left = top + (bottom - top - side) // 2, left + (right - left - side) // 2
        return left, top, left + side, top + side

    def _resized(self, pixels: NDArray[Any]) -> NDArray[Any]:
        spec = self._spec
        if spec.crop != 'letterbox':
            return self._scaled(pixels, (spec.width, spec.height))
        height, width = pixels.shape[:2]
        factor = min(spec.height / height, spec.width / width)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        fitted = self._scaled(pixels, size)
        canvas = np.zeros((spec.height, spec.width, *fitted.shape[2:]), np.uint8)
        top, left = (spec.height - size[1]) // 2, (spec.width - size[0]) // 2
        canvas[top:top + size[1], left:left + size[0]] = fitted
        return canvas

    def _scaled(self, pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
        method = self._spec.resize
        if method in _HALVED_TO:
            pixels = _halved(pixels, size, _HALVED_TO[method])
        if pixels.shape[1::-1] == size:
            return pixels
        return cv2.resize(pixels, size, interpolation=_RESIZE[method])


def _halved(pixels: NDArray[Any], size: tuple[int, int], factor: int) -> NDArray[Any]:
    """
    Halve an image while it keeps ``factor`` pixels along each side for one of ``size``.

    OpenCV averages 2x2 pixels ten times as fast as any other area. Odd sides are not halved:
    without the last line the image would be stretched.
    """
    height, width = pixels.shape[:2]
    while (width >= 2 * factor * size[0] and height >= 2 * factor * size[1]
           and width % 2 == height % 2 == 0):
        width, height = width // 2, height // 2
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return pixels
