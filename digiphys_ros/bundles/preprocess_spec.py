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

"""The preprocessing of a bundle: from a frame to the input tensor of its model."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Roi = tuple[Fraction, Fraction, Fraction, Fraction]
WHOLE_FRAME: Roi = (0.0, 0.0, 1.0, 1.0)


class PreprocessSpec(BaseModel):
    """
    How a frame becomes a tensor; fixed at training, part of the bundle.

    :ivar roi: region x, y, width, height as fractions of the frame; None is the whole frame.
    :ivar crop: how the region fits the shape of the model: stretched, cropped to its central
        square, or padded with black borders.
    :ivar resize: ``area`` is the mean over the area of a pixel, after halving the frame while it
        stays at least twice as large as the tensor. ``mipmap`` halves the frame while it stays at
        least as large as the tensor, and then interpolates linearly: for networks of 200 pixels
        and more it takes a tenth of the time, with a little more aliasing.
    :ivar dtype: float32 is (pixel * scale - mean) / std; uint8 is the unchanged pixels.
    """

    model_config = ConfigDict(extra='forbid', frozen=True)

    width: Annotated[int, Field(gt=0, le=8192)]
    height: Annotated[int, Field(gt=0, le=8192)]
    color: Literal['rgb', 'bgr', 'mono'] = 'rgb'
    roi: Roi | None = None
    crop: Literal['stretch', 'center_crop', 'letterbox'] = 'stretch'
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
        return 1 if self.color == 'mono' else 3

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the tensor's shape: (1, height, width, channels)."""
        return 1, self.height, self.width, self.channels

    def value_of(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """
        Return the float32 values of pixels: (pixel * scale - mean) / std.

        :param pixels: (..., channels) or (..., 1), uint8.
        """
        values = np.multiply(pixels, self.factor, dtype=np.float32)
        result: NDArray[np.float32] = np.add(values, self.offset, dtype=np.float32)
        return result

    @property
    def factor(self) -> NDArray[np.float32]:
        """Return the factor of a pixel: (1,) or (channels,)."""
        return (self.scale / np.asarray(self.std)).astype(np.float32)

    @property
    def offset(self) -> NDArray[np.float32]:
        """Return the summand after the factor: (1,) or (channels,)."""
        result: NDArray[np.float32] = \
            (-np.asarray(self.mean) / np.asarray(self.std)).astype(np.float32)
        return result


def check_roi(roi: Sequence[float] | None) -> None:
    """
    Raise ValueError unless ``roi`` is a region with an area inside the frame.

    :param roi: x, y, width, height as fractions of the frame; None is the whole frame.
    """
    if roi is None:
        return
    # in this form NaN fails too
    if not (len(roi) == 4 and min(roi) >= 0 and min(roi[2:]) > 0
            and roi[0] + roi[2] <= 1 + 1e-6 and roi[1] + roi[3] <= 1 + 1e-6):
        raise ValueError(f'roi must be x, y, width, height as fractions of the frame with '
                         f'x + width <= 1 and y + height <= 1, received {list(roi)}')
