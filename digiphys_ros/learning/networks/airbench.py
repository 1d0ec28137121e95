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

"""A network that trains quickly on small photographs (after Jordan, 2024, arXiv:2404.00498)."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

Width = Annotated[int, Field(ge=1, le=1024)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1, max_length=4)]

DEVIATIONS = np.sqrt(np.array([
    [10.2, 0.81, 0.18],
    [0.40, 0.0059, 0.0021],
    [0.34, 0.0039, 0.0015],
    [0.055, 0.0005, 0.0005]]))
"""
Standard deviations of photographs along the filters of ``whitening``.

Rows: mean of 2x2 pixels, difference of rows, of columns, of diagonals. Columns: gray, red to blue,
green to magenta. Measured on 3,000 training images of CIFAR-10 of mean 0.5 and deviation 0.25; a
variance below 0.0005 is JPEG noise.
"""


def airbench(shape: tuple[int, ...], classes: int, *, widths: Widths = (64, 256, 256)) -> Any:
    """
    Build a fixed whitening of 2x2 pixels, blocks of two convolutions, global maximum, dense.

    Each block halves the image after its first convolution. Convolutions are 3x3, with batch
    normalisation and ReLU, and start as partial identity.

    :param shape: (height, width, 3), at least 16x16.
    :param widths: filters of each block.
    """
    import keras
    from keras import layers
    inputs = keras.Input(shape)
    first = layers.Conv2D(24, 2, use_bias=False, trainable=False, name='whitening')
    x = layers.ReLU()(first(inputs))
    first.set_weights([whitening()])
    for width in widths:
        x = _convolution(_convolution(x, width, pool=True), width)
    # with an initial scale of 1 the untrained network would be overconfident
    x = layers.Rescaling(1 / 9)(layers.GlobalMaxPooling2D()(x))
    return keras.Model(inputs, layers.Dense(classes, name='logits')(x), name='airbench')


def whitening() -> NDArray[np.float32]:
    """
    Return filters that decorrelate the features of 2x2 pixels: (2, 2, 3, 24).

    For photographs these are means and differences of pixels in gray and two opponent colors, each
    divided by its standard deviation; then the same with the other sign.
    """
    pixels = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]) / 2
    colors = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
    filters = np.einsum('ap,bc,ab->pcab', pixels, colors, 1 / DEVIATIONS).reshape(2, 2, 3, 12)
    return np.concatenate([filters, -filters], axis=-1).astype(np.float32)


def _convolution(x: Any, filters: int, *, pool: bool = False) -> Any:
    from keras import layers
    layer = layers.Conv2D(filters, 3, padding='same', use_bias=False)
    x, before = layer(x), x.shape[-1]
    [kernel] = layer.get_weights()
    same = range(min(before, filters))
    kernel[..., same] = 0.0
    kernel[1, 1, same, same] = 1.0
    layer.set_weights([kernel])
    if pool:
        x = layers.MaxPooling2D()(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, scale=False)(x))
