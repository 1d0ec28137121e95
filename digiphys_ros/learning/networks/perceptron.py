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

"""The article's perceptron, and a multilayer perceptron."""

from typing import Annotated, Any

from digiphys_ros.learning.networks.registry import takes_tables
from pydantic import Field


@takes_tables
def perceptron(shape: tuple[int, ...], classes: int) -> Any:
    """
    Build the article's y = sigma(Wx + b); sigma is part of the loss.

    :param shape: (height, width, channels) of an image, or (features,) of a row of a table.
    """
    import keras
    layers = keras.layers
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(classes, name='logits')],
        name='perceptron')


@takes_tables
def mlp(shape: tuple[int, ...], classes: int, *,
        hidden: tuple[Annotated[int, Field(ge=1, le=65536)], ...] = (128, 64),
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        standardise: bool = False) -> Any:
    """
    Build a multilayer perceptron with ReLU.

    :param shape: (height, width, channels) of an image, or (features,) of a row of a table.
    :param hidden: neurons of each hidden layer.
    :param dropout: dropout rate after each hidden layer.
    :param standardise: scale each input to mean 0 and deviation 1 by the training data; for
        tables, whose columns have different units.
    """
    import keras
    layers = keras.layers
    first = [layers.BatchNormalization(center=False, scale=False)] if standardise else []
    body = [layer for width in hidden for layer in (
        layers.Dense(width, activation='relu'), *([layers.Dropout(dropout)] if dropout else []))]
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), *first, *body,
         layers.Dense(classes, name='logits')], name='mlp')
