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

"""VGG16 (Simonyan & Zisserman, 2014, arXiv:1409.1556, configuration D)."""

from typing import Annotated, Any

from pydantic import Field

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and convolutions of each block; a 2x2 pool follows it."""

DENSE = 4096


def vgg16(shape: tuple[int, ...], classes: int, *,
          width: Annotated[float, Field(gt=0, le=4)] = 1.0,
          dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5) -> Any:
    """
    Return VGG16; at 224x224x3, 1000 classes and width 1 it has 138,357,544 parameters.

    :param shape: (height, width, channels), at least 32x32.
    :param width: factor on the number of filters and of neurons.
    :param dropout: dropout rate after the two hidden dense layers.
    """
    import keras
    layers = keras.layers
    # deep without normalisation: with Keras's default initialization it does not start to learn
    start: dict[str, Any] = {'activation': 'relu', 'kernel_initializer': 'he_normal'}
    x = inputs = keras.Input(shape)
    for number, (filters, count) in enumerate(BLOCKS, 1):
        for index in range(1, count + 1):
            x = layers.Conv2D(max(1, round(filters * width)), 3, padding='same', **start,
                              name=f'block{number}_conv{index}')(x)
        x = layers.MaxPooling2D(name=f'block{number}_pool')(x)
    x = layers.Flatten()(x)
    for number in (1, 2):
        x = layers.Dense(max(1, round(DENSE * width)), **start, name=f'fc{number}')(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name='logits')(x), name='vgg16')
