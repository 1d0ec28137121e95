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

"""Pixels to the tensor a model was trained on; training and robot call the same code."""

from collections.abc import Sequence
from dataclasses import replace
import math
from typing import Annotated, Any, Literal

import cv2
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception.frame import Frame
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Roi = tuple[Fraction, Fraction, Fraction, Fraction]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom of pixels; the last two are behind the last pixel."""

_RESIZE = {
    'area': cv2.INTER_AREA, 'linear': cv2.INTER_LINEAR, 'nearest': cv2.INTER_NEAREST,
    'cubic': cv2.INTER_CUBIC, 'lanczos': cv2.INTER_LANCZOS4, 'mipmap': cv2.INTER_LINEAR,
}

OVERSAMPLING = 2
"""Pixels of a frame for one of the tensor, along each side, from which on more tell nothing."""

_HALVED_TO = {'area': OVERSAMPLING, 'mipmap': 1}
"""Methods that take means: a frame is halved while it keeps so many pixels for one."""


class PreprocessSpec(BaseModel):
    """
    How a frame becomes a tensor: part of a bundle, decided when the model is trained.

    :ivar roi: region x, y, width, height as fractions of the frame; None is the whole frame.
    :ivar crop: how the region meets the model's shape: stretched, cut to its central square, or
        fitted in with black borders.
    :ivar resize: ``area`` is the mean of what a pixel covers, in a frame that is halved as long as
        it keeps two pixels for one along each side; ``mipmap`` halves the frame while it
        stays as large as the tensor and goes on linearly: for networks of 200 pixels and more it
        takes a tenth of the time, and lets a little more aliasing through.
    :ivar dtype: float32 gives (pixel * scale - mean) / std; uint8 the pixels as they are.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    width: Annotated[int, Field(gt=0, le=8192)]
    height: Annotated[int, Field(gt=0, le=8192)]
    colour: Literal['rgb', 'bgr', 'mono'] = 'rgb'
    roi: Roi | None = None
    crop: Literal['stretch', 'centre_square', 'letterbox'] = 'stretch'
    resize: Literal['area', 'mipmap', 'linear', 'nearest', 'cubic', 'lanczos'] = 'area'
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1 / 255
    mean: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = (0.0,)
    std: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = (1.0,)
    dtype: Literal['float32', 'uint8'] = 'float32'

    @model_validator(mode='after')
    def _consistent(self) -> 'PreprocessSpec':
        for name in ('mean', 'std'):
            if len(getattr(self, name)) not in (1, self.channels):
                raise ValueError(f'{name} must have 1 value or {self.channels}, received '
                                 f'{len(getattr(self, name))}')
        check_roi(self.roi)
        return self

    @property
    def channels(self) -> int:
        """Return 1 for mono, else 3."""
        return 1 if self.colour == 'mono' else 3

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the tensor's shape: (1, height, width, channels)."""
        return 1, self.height, self.width, self.channels

    def value_of(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """
        Return what pixels become in a float32 tensor: (pixel * scale - mean) / std.

        :param pixels: (..., channels) or (..., 1), uint8.
        """
        values = np.multiply(pixels, self.factor, dtype=np.float32)
        return np.add(values, self.offset, dtype=np.float32)

    @property
    def factor(self) -> NDArray[np.float32]:
        """Return what a pixel is multiplied by: (1,) or (channels,)."""
        return (self.scale / np.asarray(self.std)).astype(np.float32)

    @property
    def offset(self) -> NDArray[np.float32]:
        """Return what is then added: (1,) or (channels,)."""
        return (-np.asarray(self.mean) / np.asarray(self.std)).astype(np.float32)


def check_roi(roi: Sequence[float] | None) -> None:
    """
    Raise ValueError unless ``roi`` is a region with an area inside the frame.

    :param roi: x, y, width, height as fractions of the frame; None is the whole frame.
    """
    if roi is None:
        return
    # written so that NaN fails too
    if not (len(roi) == 4 and min(roi) >= 0 and min(roi[2:]) > 0
            and roi[0] + roi[2] <= 1 + 1e-6 and roi[1] + roi[3] <= 1 + 1e-6):
        raise ValueError(f'roi must be x, y, width, height as fractions of the frame with '
                         f'x + width <= 1 and y + height <= 1, received {list(roi)}')


class Preprocessor:
    """
    Callable that turns frames into tensors.

    :param spec: the bundle's contract.
    :param roi: a region that replaces the contract's.
    :raises ConfigError: when ``roi`` does not lie in the frame.
    """

    def __init__(self, spec: PreprocessSpec, roi: Roi | None = None) -> None:
        try:
            check_roi(roi)
        except ValueError as error:
            raise ConfigError(f'{error}.') from error
        self._spec = spec
        self._roi = roi or spec.roi
        # a row at a time: numpy is slow where the innermost axis has three elements
        self._factor = np.resize(spec.factor, spec.width * spec.channels)
        self._offset = np.resize(spec.offset, spec.width * spec.channels)

    @property
    def least_size(self) -> tuple[int, int] | None:
        """
        Return height and width of the smallest frame that tells all that the tensor can hold.

        None where single pixels count: only ``area`` and ``mipmap`` take their mean.
        """
        if self._spec.resize not in _HALVED_TO:
            return None
        _, _, width, height = self._roi or (0.0, 0.0, 1.0, 1.0)
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
        # cut first, colours last: what does not reach the model is not converted
        left, top, right, bottom = self.box(*frame.pixels.shape[:2])
        region = replace(frame, pixels=frame.pixels[top:bottom, left:right])
        resized = Frame(self._resized(region.converted(frame.colour)), frame.colour)
        pixels = resized.converted(spec.colour).reshape(spec.shape)
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
        x, y, w, h = self._roi or (0.0, 0.0, 1.0, 1.0)
        left, top = min(int(x * width), width - 1), min(int(y * height), height - 1)
        right = max(left + 1, min(round((x + w) * width), width))
        bottom = max(top + 1, min(round((y + h) * height), height))
        if self._spec.crop != 'centre_square':
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


def _halved(pixels: NDArray[Any], size: tuple[int, int], share: int) -> NDArray[Any]:
    """
    Halve a picture while ``share`` of its pixels along each side are left for one of ``size``.

    OpenCV takes the means of 2x2 pixels ten times as fast as those of any other area. An odd side
    is left to it: without its last line the picture would be stretched.
    """
    height, width = pixels.shape[:2]
    while (width >= 2 * share * size[0] and height >= 2 * share * size[1]
           and width % 2 == height % 2 == 0):
        width, height = width // 2, height // 2
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return pixels
