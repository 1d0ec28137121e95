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

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks import add_lora, build_network, merge_lora
import keras
import numpy as np
import pytest

NETWORKS = [('mlp', {'hidden': [16, 8]}, (10,)), ('depthwise', {'width': 0.1}, (32, 32, 1)),
            ('article_cnn', {}, (24, 24, 3)), ('spatial_transformer', {'width': 4}, (16, 16, 3))]


@pytest.fixture(scope='module', params=NETWORKS, ids=lambda network: network[0])
def trained(request):
    """Return a network, what its weights were, and a change of it after some steps."""
    keras.utils.set_random_seed(2)
    name, options, shape = request.param
    model = build_network(name, options, shape, 3)
    images = np.random.default_rng(0).random((12, *shape)).astype(np.float32)
    for layer in model.layers:
        layer.momentum = 0.0  # batch normalisation then knows these images
    model(images, training=True)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    adapted = add_lora(model, 2, alpha=6)
    untrained = adapted(images).numpy()
    adapted.compile(keras.optimizers.Adam(0.01),
                    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                    run_eagerly=True)
    adapted.fit(images, np.arange(12) % 3, epochs=3, verbose=0)
    return model, before, adapted, images, untrained


def test_add_lora_keeps_the_outputs(trained):
    model, _, _, images, untrained = trained
    np.testing.assert_allclose(untrained, model(images), rtol=1e-5, atol=1e-6)


def test_add_lora_trains_only_the_change_and_the_last_layer(trained):
    model, before, adapted, _, _ = trained
    frozen = [layer for layer in model.layers[:-1] if layer.weights]
    assert frozen
    for layer in frozen:
        for old, new in zip(before[layer.name], adapted.get_layer(layer.name).get_weights(),
                            strict=True):
            np.testing.assert_array_equal(old, new)
    assert (adapted.get_layer('logits').get_weights()[0] != before['logits'][0]).any()
    changes = [layer for layer in adapted.layers if layer.name.endswith('_lora_up')]
    assert changes
    assert all(layer.get_weights()[0].any() for layer in changes)


def test_add_lora_trains_fewer_weights(trained):
    model, _, adapted, _, _ = trained
    counts = [sum(weight.size for weight in map(np.asarray, one.trainable_weights))
              for one in (model, adapted)]
    assert counts[1] < counts[0]


def test_merge_lora_keeps_the_outputs(trained):
    model, _, adapted, images, untrained = trained
    layers, expected = [layer.name for layer in model.layers], adapted(images).numpy()
    learnt = np.abs(expected - untrained).max()
    assert learnt > 0.01
    merged = merge_lora(adapted, model)
    assert [layer.name for layer in merged.layers] == layers
    np.testing.assert_allclose(merged(images), expected, atol=0.01 * learnt)


def test_add_lora_checkpoint_has_the_change(tmp_path):
    model = build_network('mlp', {'hidden': [8]}, (4,), 2)
    rows = np.random.default_rng(0).random((8, 4)).astype(np.float32)
    first, second = add_lora(model, 2), add_lora(model, 2)
    first.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    first.fit(rows, np.arange(8) % 2, epochs=2, verbose=0)
    first.save_weights(tmp_path / 'a.weights.h5')
    second.load_weights(tmp_path / 'a.weights.h5')
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_add_lora_to_a_perceptron_is_refused():
    with pytest.raises(ConfigError, match='no dense or convolution layer with 2 outputs'):
        add_lora(build_network('perceptron', {}, (4,), 2), 2)
