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

"""A small residual network (after He et al., 2015, arXiv:1512.03385)."""

from typing import Annotated, Any

from pydantic import Field

Width = Annotated[int, Field(ge=1, le=1024)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
LEAST_DEVIATION = 0.01
"""About the noise of a camera, as a fraction of white; a smaller deviation is flat."""


def residual(shape: tuple[int, ...], classes: int, *, width: Width = 24,
             last_width: Width | None = None, dropout: Dropout = 0.0,
             stride: Annotated[int, Field(ge=1, le=8)] = 1, standardise: bool = False,
             local_contrast: bool = False) -> Any:
    """
    Build nine weight layers with two residual blocks, for images of about 32x32.

    Two convolutions, a residual block of two, two convolutions, another block, global maximum,
    dense. Each convolution is 3x3, with batch normalisation and ReLU; the second, fifth and sixth
    halve the image. Their widths are 1, 2, 2, 2, 4, 8, 8 and 8 times ``width``.

    :param shape: (height, width, channels), at least 8x8.
    :param width: filters of the first convolution.
    :param last_width: filters of the last block, which has most of the weights; null is 8 * width.
    :param dropout: dropout rate before the last layer.
    :param stride: stride of the first convolution [pixels]; 2 or more for larger images.
    :param standardise: normalise each image to mean 0 and deviation 1 first.
    :param local_contrast: add a channel with the local contrast of the gray image, which keeps
        details in dark regions.
    """
    import keras
    inputs = keras.Input(shape)
    x = standardise_images(inputs) if standardise else inputs
    if local_contrast:
        x = keras.layers.Concatenate()([x, normalise_locally(inputs)])
    x = trunk(x, width, last_width or 8 * width, stride)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name='logits')(x), name='residual')


def standardise_images(images: Any) -> Any:
    """Normalise each image to mean 0 and deviation 1: Keras tensors (N, H, W, channels)."""
    from keras import layers
    return layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False)(images)


def normalise_locally(images: Any, size: int = 9) -> Any:
    """
    Return the local contrast of the gray image.

    It is the distance of a pixel from the local mean, in local deviations: local contrast
    normalisation after Jarrett et al. (2009, doi 10.1109/ICCV.2009.5459469), with a square window
    and the mean absolute deviation, which fits int8.

    :param images: Keras tensor (N, H, W, channels), 0 to 1.
    :param size: side of the window [pixels].
    :return: (N, H, W, 1).
    """
    from keras import layers, ops
    around = layers.AveragePooling2D(size, 1, 'same')
    gray = ops.mean(images, axis=-1, keepdims=True)
    away = gray - around(gray)
    return away / (around(ops.abs(away)) + LEAST_DEVIATION)


def trunk(inputs: Any, width: int, last_width: int, stride: int = 1) -> Any:
    """
    Return the features of a residual network before its last layer.

    :param inputs: Keras tensor (N, height, width, channels).
    :param stride: of the first convolution.
    :return: Keras tensor (N, last_width).
    """
    from keras import layers
    x = _convolution(inputs, width, stride=stride)
    x = _block(_convolution(x, 2 * width, pool=True))
    x = _convolution(_convolution(x, 4 * width, pool=True), last_width, pool=True)
    return layers.GlobalMaxPooling2D()(_block(x))


def _block(x: Any) -> Any:
    from keras import layers
    filters = x.shape[-1]
    return layers.Add()([x, _convolution(_convolution(x, filters), filters)])


def _convolution(x: Any, filters: int, *, stride: int = 1, pool: bool = False) -> Any:
    from keras import layers
    # with large strides a kernel of 3 would skip pixels
    x = layers.Conv2D(filters, max(3, stride + 1), stride, 'same', use_bias=False,
                      kernel_initializer='he_normal')(x)
    if pool:
        # pool first: the normalisation then costs a quarter, which saves a fifth of the total
        x = layers.MaxPooling2D()(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
