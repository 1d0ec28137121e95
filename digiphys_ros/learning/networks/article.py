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

"""The article's convolutional network."""

from typing import Any


def article_cnn(shape: tuple[int, ...], classes: int) -> Any:
    """
    Build the article's network, with logits as output.

    Conv 32, pool, Conv 64, pool, Conv 64, Flatten, Dense 64, Dense classes; 3x3 kernels, 2x2
    pools, ReLU. The article passes these logits to a loss that expects probabilities; here the
    loss has ``from_logits=True``.

    :param shape: (height, width, channels).
    """
    import keras
    layers = keras.layers
    return keras.Sequential([
        keras.Input(shape),
        layers.Conv2D(32, 3, activation='relu'),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation='relu'),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation='relu'),
        layers.Flatten(),
        layers.Dense(64, activation='relu'),
        layers.Dense(classes, name='logits'),
    ], name='article_cnn')
