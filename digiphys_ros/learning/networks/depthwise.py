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

"""A network of depthwise convolutions: MobileNetV2 (Sandler et al., 2018, arXiv:1801.04381)."""

from typing import Annotated, Any

from digiphys_ros.learning.networks.residual import standardise_images
from pydantic import Field

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
          (6, 160, 3, 2), (6, 320, 1, 1))
"""Table 2 of the paper: expansion, filters, repeats and the stride of the first."""

FIRST, LAST = 32, 1280


def depthwise(shape: tuple[int, ...], classes: int, *,
              width: Annotated[float, Field(gt=0, le=4)] = 1.0,
              dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2,
              standardise: bool = False) -> Any:
    """
    Return MobileNetV2; at 224x224x3, 1000 classes and width 1 it has 3,538,984 parameters.

    :param shape: (height, width, channels); sides of 32 give a last map of 1x1.
    :param width: factor on the filters, rounded to multiples of 8.
    :param dropout: dropout rate before the last layer.
    :param standardise: normalise each image to mean 0 and deviation 1 first.
    """
    import keras
    layers = keras.layers
    inputs = keras.Input(shape)
    x = standardise_images(inputs) if standardise else inputs
    x = _normal(layers.Conv2D(_filters(FIRST, width), 3, 2, 'same', use_bias=False)(x))
    for expansion, filters, repeats, stride in BLOCKS:
        for index in range(repeats):
            x = _inverted(x, expansion, _filters(filters, width), 1 if index else stride)
    # as in the paper, a width below 1 does not narrow the last layer
    x = _normal(_pointwise(x, _filters(LAST, max(width, 1.0))))
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(classes, name='logits')(x), name='depthwise')


def _inverted(x: Any, expansion: int, filters: int, stride: int) -> Any:
    from keras import layers
    before = x.shape[-1]
    y = _normal(_pointwise(x, before * expansion)) if expansion > 1 else x
    y = _normal(layers.DepthwiseConv2D(3, stride, 'same', use_bias=False)(y))
    y = _normal(_pointwise(y, filters), linear=True)
    return layers.Add()([x, y]) if stride == 1 and before == filters else y


def _pointwise(x: Any, filters: int) -> Any:
    from keras import layers
    return layers.Conv2D(filters, 1, use_bias=False)(x)


def _normal(x: Any, *, linear: bool = False) -> Any:
    from keras import layers
    x = layers.BatchNormalization(momentum=0.9)(x)
    return x if linear else layers.ReLU(6.0)(x)


def _filters(count: float, width: float) -> int:
    """Return the multiple of 8 nearest to the product, at least 90 % of it."""
    wanted = count * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
