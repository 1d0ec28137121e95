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
from digiphys_ros.learning.networks import add_lora, build_network, freeze, unfreeze
from digiphys_ros.learning.networks.transfer import with_head
from digiphys_ros.learning.recipe import load_recipe
from digiphys_ros.resources import find_resource
import keras
import numpy as np
import pytest


def step(model):
    """Train one step; return the layers with weights that it changed."""
    before = {layer.name: layer.get_weights() for layer in model.layers}
    model.compile(keras.optimizers.SGD(0.1),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    shape = model.input_shape[1:]
    images = np.random.default_rng(0).random((6, *shape)).astype(np.float32)
    model.train_on_batch(images, np.arange(6) % 3)
    return {layer.name for layer in model.layers
            if any((old != new).any() for old, new in
                   zip(before[layer.name], layer.get_weights(), strict=True))}


def weighty(model):
    return [layer.name for layer in model.layers if layer.weights]


def test_freeze_trains_only_the_last_layer():
    model = build_network('residual', {'width': 2}, (16, 16, 3), 3)
    freeze(model)
    assert step(model) == {'logits'}


def test_unfreeze_trains_all_but_batch_normalisation():
    model = build_network('residual', {'width': 2}, (16, 16, 3), 3)
    freeze(model)
    unfreeze(model)
    changed = step(model)
    assert {name for name in weighty(model) if 'batch_norm' not in name} == changed


def test_unfreeze_trains_the_last_layers():
    model = build_network('article_cnn', {}, (24, 24, 3), 3)
    freeze(model)
    unfreeze(model, 2)
    assert step(model) == set(weighty(model)[-2:])


def test_pretrained_has_the_weights_of_the_bundle():
    model = build_network('pretrained', {'bundle': 'traffic_signs'}, (32, 32, 3), 3)
    source = keras.models.load_model(find_resource('traffic_signs', 'models') / 'model.keras')
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    features = keras.Model(model.inputs[0], model.layers[-1].input)(images)
    expected = keras.Model(source.inputs[0], source.layers[-1].input)(images)
    np.testing.assert_allclose(features, expected, rtol=1e-5)
    assert model(images).shape == (2, 3)


@pytest.mark.parametrize('name', ['transfer_signs', 'lora_signs'])
def test_pretrained_shipped_recipes_build_in_a_fresh_process(name):
    recipe = load_recipe(name)
    # names that Keras gives start from none again, as in a process that has built nothing yet
    keras.utils.clear_session()
    model = build_network('pretrained', recipe.network.options, (32, 32, 3), 3)
    if recipe.lora:
        model = add_lora(model, recipe.lora.rank, recipe.lora.alpha)
    assert 'logits' in step(model)
    # and again on what came of it
    keras.utils.clear_session()
    again = with_head(model.inputs[0], model.layers[-1].input, 2, 0.2, 'again')
    assert again(np.zeros((1, 32, 32, 3), np.float32)).shape == (1, 2)


@pytest.mark.parametrize(('bundle', 'shape', 'words'), [
    ('nothing_here', (32, 32, 3), 'not found'),
    ('traffic_signs', (28, 28, 1), r'takes images of \(32, 32, 3\), .* \(28, 28, 1\)'),
])
def test_pretrained_bundle_of_another_shape_is_refused(bundle, shape, words):
    with pytest.raises(ConfigError, match=words):
        build_network('pretrained', {'bundle': bundle}, shape, 3)


def test_pretrained_folder_without_a_bundle_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'`bundle`.*is not a model bundle'):
        build_network('pretrained', {'bundle': str(tmp_path)}, (32, 32, 3), 3)


def test_application_loads_weights_from_a_file(tmp_path):
    keras.utils.set_random_seed(1)
    options = {'include_top': False, 'weights': None, 'input_shape': (32, 32, 3),
               'pooling': 'avg'}
    source = keras.applications.MobileNet(**options)
    source.save_weights(tmp_path / 'a.weights.h5')
    model = build_network('application', {
        'model': 'MobileNet', 'weights': str(tmp_path / 'a.weights.h5')}, (32, 32, 3), 3)
    for name in ('conv1', 'conv_pw_13'):
        np.testing.assert_array_equal(model.get_layer(name).get_weights()[0],
                                      source.get_layer(name).get_weights()[0])


@pytest.mark.parametrize(('content', 'words'), [
    (None, 'no such file'), (b'not weights', 'does not hold the weights of MobileNet')])
def test_application_wrong_weights_are_refused(tmp_path, content, words):
    path = tmp_path / 'a.weights.h5'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=f'`weights`.*{words}'):
        build_network('application', {'model': 'MobileNet', 'weights': str(path)},
                      (32, 32, 3), 3)


def test_application_weights_of_another_model_are_refused(tmp_path):
    build_network('mlp', {}, (4,), 3).save_weights(tmp_path / 'a.weights.h5')
    with pytest.raises(ConfigError, match='does not hold the weights of MobileNet'):
        build_network('application', {
            'model': 'MobileNet', 'weights': str(tmp_path / 'a.weights.h5')}, (32, 32, 3), 3)
