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

"""Low-rank adaptation (LoRA; Hu et al., 2021, arXiv:2106.09685)."""

from typing import Any

from digiphys_ros.errors import ConfigError

DOWN, UP, SCALE = '_lora_down', '_lora_up', '_lora_scale'
SUM, ACTIVATION = '_lora_sum', '_lora_activation'


def add_lora(model: Any, rank: int, alpha: float | None = None) -> Any:
    """
    Add a trainable low-rank change to a frozen model; the output does not change yet.

    Each dense and convolution layer gets a parallel path: a layer with ``rank`` outputs and a
    pointwise layer back, scaled by alpha / rank. The second one starts at zero. These layers and
    the last layer are trainable. All others are frozen, batch normalisation included. All are
    ordinary layers, which any checkpoint can hold.

    :param model: a model with a dense last layer; it is not changed.
    :param rank: rank of the change; layers with fewer outputs are not adapted.
    :param alpha: scale of the change, see above; None is ``rank``.
    :raises ConfigError: when no layer can be adapted.
    """
    import keras
    scale = 1.0 if alpha is None else alpha / rank
    chosen = {layer.name for layer in model.layers[:-1] if _adaptable(layer, rank)}
    if not chosen:
        raise ConfigError(f'lora: `{model.name}` has no dense or convolution layer with {rank} '
                          'outputs or more before its last layer.')

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        if layer.name not in chosen:
            return layer(*inputs, **options)
        # the change is added before the layer's activation
        activation, layer.activation = layer.activation, keras.activations.linear
        change = _change(layer, rank, scale, inputs[0])
        # explicit names avoid a clash: Keras does not count the names of a loaded network
        both = keras.layers.Add(name=layer.name + SUM)([layer(*inputs, **options), change])
        return keras.layers.Activation(activation, name=layer.name + ACTIVATION)(both)

    # a Sequential has no graph to traverse
    graph = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    adapted = keras.models.clone_model(graph, call_function=call)
    _copy_weights(model, adapted)
    for layer in adapted.layers:
        layer.trainable = layer.name.endswith((DOWN, UP))
    adapted.layers[-1].trainable = True
    return adapted


def merge_lora(adapted: Any, model: Any) -> Any:
    """
    Merge the trained change into the weights of the original model.

    :param adapted: the trained result of ``add_lora``.
    :param model: the original model; its weights are replaced.
    :return: ``model``, with the outputs of ``adapted``.
    """
    _copy_weights(adapted, model)
    parts = {layer.name: layer for layer in adapted.layers}
    for layer in model.layers:
        if layer.name + DOWN not in parts:
            continue
        # (..., inputs, rank) x (rank, outputs)
        down = parts[layer.name + DOWN].get_weights()[0]
        up = parts[layer.name + UP].get_weights()[0]
        change = down @ up.reshape(up.shape[-2:])
        kernel, *bias = layer.get_weights()
        layer.set_weights([kernel + parts[layer.name + SCALE].scale * change, *bias])
    return model


def _adaptable(layer: Any, rank: int) -> bool:
    import keras
    if isinstance(layer, keras.layers.Dense):
        return bool(layer.units >= rank)
    return isinstance(layer, keras.layers.Conv2D) and layer.groups == 1 and layer.filters >= rank


def _change(layer: Any, rank: int, scale: float, inputs: Any) -> Any:
    from keras import layers
    if isinstance(layer, layers.Dense):
        down: Any = layers.Dense(rank, use_bias=False, name=layer.name + DOWN)
        up: Any = layers.Dense(layer.units, use_bias=False, kernel_initializer='zeros',
                               name=layer.name + UP)
    else:
        down = layers.Conv2D(rank, layer.kernel_size, layer.strides, layer.padding,
                             dilation_rate=layer.dilation_rate, use_bias=False,
                             name=layer.name + DOWN)
        up = layers.Conv2D(layer.filters, 1, use_bias=False, kernel_initializer='zeros',
                           name=layer.name + UP)
    return layers.Rescaling(scale, name=layer.name + SCALE)(up(down(inputs)))


def _copy_weights(source: Any, target: Any) -> None:
    """Copy weights between layers of the same name."""
    known = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if layer.name in known and layer.weights:
            layer.set_weights(known[layer.name].get_weights())
