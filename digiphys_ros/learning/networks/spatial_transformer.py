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

"""A spatial transformer (Jaderberg et al., 2015, arXiv:1506.02025) with a residual network."""

from typing import Any

from digiphys_ros.learning.networks.residual import Dropout, trunk, Width
import numpy as np
from numpy.typing import NDArray

IDENTITY = np.array((1, 0, 0, 0, 1, 0), np.float32)


def spatial_transformer(shape: tuple[int, ...], classes: int, *, width: Width = 16,
                        last_width: Width | None = None, dropout: Dropout = 0.0) -> Any:
    """
    Build a network that aligns its input before it classifies it.

    A small network predicts an affine map for each image. The image is resampled with it and goes
    to a residual network. The initial map is the identity.

    :param shape: (height, width, channels), at least 16x16.
    :param width: filters of the first convolution of the residual network.
    :param last_width: filters of its last block; null is 8 * width.
    :param dropout: dropout rate before the last layer.
    """
    import keras
    layers = keras.layers
    inputs = keras.Input(shape)
    x = layers.MaxPooling2D()(layers.Conv2D(16, 5, padding='same', activation='relu')(inputs))
    x = layers.MaxPooling2D()(layers.Conv2D(32, 5, padding='same', activation='relu')(x))
    x = layers.Dense(32, activation='relu')(layers.Flatten()(x))
    change = layers.Dense(6, kernel_initializer='zeros', name='affine')(x)
    x = trunk(sample(inputs, change + IDENTITY), width, last_width or 8 * width)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name='logits')(x),
                       name='spatial_transformer')


def sample(images: Any, affine: Any) -> Any:
    """
    Resample images with affine maps, bilinear, black outside.

    As in the paper's equation 5: a sum over all rows and columns, weighted by max(0, 1 - distance
    from the sampled position). These are two matrix products, which every engine supports, unlike
    a gather of four neighbours.

    :param images: (N, height, width, channels).
    :param affine: (N, 6), rows x and y of the map from output to input; both images reach from
        -1 to 1.
    """
    from keras import ops
    _, height, width, channels = images.shape
    places = ops.matmul(ops.reshape(affine, (-1, 2, 3)), _grid(height, width))
    columns = _tents((places[:, 0] + 1) * ((width - 1) / 2), width)
    rows = _tents((places[:, 1] + 1) * ((height - 1) / 2), height)
    # (N, places, width) x (N, width, height * channels)
    lines = ops.reshape(ops.transpose(images, (0, 2, 1, 3)), (-1, width, height * channels))
    seen = ops.reshape(ops.matmul(columns, lines), (-1, height * width, height, channels))
    return ops.reshape(ops.sum(seen * ops.expand_dims(rows, -1), axis=2),
                       (-1, height, width, channels))


def _tents(places: Any, count: int) -> Any:
    """Return the weight of each of ``count`` lines for each position: (N, places, count)."""
    from keras import ops
    lines = np.arange(count, dtype=np.float32)
    return ops.relu(1 - ops.abs(ops.expand_dims(places, -1) - lines))


def _grid(height: int, width: int) -> NDArray[np.float32]:
    """Return x, y and 1 of each output position: (3, height * width)."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing='ij')
    return np.stack([x.ravel(), y.ravel(), np.ones(height * width)]).astype(np.float32)
