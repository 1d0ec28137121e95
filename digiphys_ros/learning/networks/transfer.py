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

"""Transfer learning: start from the weights of another model."""

from collections.abc import Sequence
from itertools import count
from typing import Annotated, Any

from digiphys_ros.bundles.bundle import Bundle, load_bundle
from digiphys_ros.errors import BundleError, ConfigError, EngineError
from digiphys_ros.resources import find_resource
from pydantic import Field


def pretrained(shape: tuple[int, ...], classes: int, *, bundle: str,
               dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0) -> Any:
    """
    Build a bundle's network with its weights and a new last layer.

    :param shape: (height, width, channels), the same as the bundle's.
    :param bundle: its folder, or the name of one shipped in ``models``; its Keras file is read
        in safe mode.
    :param dropout: dropout rate before the last layer.
    :raises ConfigError: when the bundle has no Keras file or takes other images.
    """
    import keras
    model = _loaded(bundle, 'network `pretrained`: option `bundle`')[1]
    if tuple(model.input_shape[1:]) != tuple(shape):
        raise ConfigError(f'network `pretrained`: the bundle {bundle} takes images of '
                          f'{tuple(model.input_shape[1:])}, the recipe prepares {tuple(shape)}.')
    if not isinstance(model.layers[-1], keras.layers.Dense):
        raise ConfigError(f'network `pretrained`: the bundle {bundle} does not end in a dense '
                          'layer that could be replaced.')
    return with_head(model.inputs[0], model.layers[-1].input, classes, dropout, 'pretrained')


def fill_from(model: Any, bundle: str, labels: Sequence[str]) -> None:
    """
    Copy the weights of a bundle into a model.

    :param bundle: its folder, or the name of one shipped in ``models``.
    :param labels: class names of the model; they must equal the bundle's.
    :raises ConfigError: when the bundle has no Keras file, other classes or another network.
    """
    field = 'field `init_from`'
    own, source = _loaded(bundle, field)
    if own.labels != tuple(labels):
        raise ConfigError(f'{field}: {bundle} has other classes than the data: name a bundle of '
                          'the same classes, or use the network `pretrained`.')
    try:
        model.set_weights(source.get_weights())
    except ValueError as error:
        raise ConfigError(f'{field}: {bundle} is of another network than the recipe: use its '
                          'recipe, or the network `pretrained`.') from error


def _loaded(bundle: str, field: str) -> tuple[Bundle, Any]:
    """Return a bundle and its Keras model."""
    from digiphys_ros.perception.engines.kerasfile import load_keras
    try:
        found = load_bundle(find_resource(bundle, 'models'))
        path = found.file('keras')
        if path is None:
            raise ConfigError(f'{bundle} holds no Keras file.')
        return found, load_keras(path)
    except (BundleError, ConfigError, EngineError) as error:
        raise ConfigError(f'{field}: {error}') from error


def with_head(inputs: Any, features: Any, classes: int, dropout: float, name: str) -> Any:
    """
    Return a model with one new layer, ``logits``, on top of features.

    :param inputs: Keras tensor from which the features are computed.
    :param features: Keras tensor (N, features).
    """
    import keras
    if dropout:
        # Keras does not count the names of a loaded network
        taken = {layer.name for layer in keras.Model(inputs, features).layers}
        free = next(one for one in map('head_dropout_{}'.format, count()) if one not in taken)
        features = keras.layers.Dropout(dropout, name=free)(features)
    logits = keras.layers.Dense(classes, name='logits')(features)
    return keras.Model(inputs, logits, name=name)


def freeze(model: Any) -> None:
    """Freeze all layers but the last; compile the model again afterwards."""
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.layers[-1].trainable = True


def unfreeze(model: Any, last: int | None = None) -> None:
    """
    Make the last layers trainable; compile the model again afterwards.

    Batch normalisation stays frozen: a few small batches would distort its statistics.

    :param last: number of last layers with weights; None is all.
    """
    import keras
    weighty = [layer for layer in model.layers if layer.weights
               and not isinstance(layer, keras.layers.BatchNormalization)]
    for layer in weighty[-last if last else 0:]:
        layer.trainable = True
