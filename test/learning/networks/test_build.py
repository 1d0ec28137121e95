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

import json
import zipfile

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.export.portable import save_portable
from digiphys_ros.learning.networks import build_network, NETWORKS, options_of
from digiphys_ros.perception.engines.kerasfile import load_keras
import numpy as np
import pytest

SMALL = {
    'article_cnn': ({}, (24, 24, 3)),
    'perceptron': ({}, (8, 8, 1)),
    'mlp': ({'hidden': [6], 'dropout': 0.5, 'standardise': True}, (7,)),
    'vgg16': ({'width': 1 / 64}, (32, 32, 3)),
    'residual': ({'width': 4, 'last_width': 8, 'dropout': 0.2, 'standardise': True},
                 (28, 28, 1)),
    'airbench': ({'widths': [4, 6]}, (32, 32, 3)),
    'depthwise': ({'width': 0.1}, (40, 32, 1)),
    'spatial_transformer': ({'width': 2}, (16, 20, 3)),
    'application': ({'model': 'MobileNet'}, (32, 32, 3)),
    'pretrained': ({'bundle': 'traffic_signs'}, (32, 32, 3)),
}


@pytest.fixture(scope='module', params=NETWORKS)
def network(request):
    """Return a small one of each network with six classes, and a batch of three."""
    import keras
    keras.utils.set_random_seed(1)
    options, shape = SMALL[request.param]
    model = build_network(request.param, options, shape, 6)
    rng = np.random.default_rng(1)
    batch = rng.random((3, *shape)).astype(np.float32)
    # zeros would hide what is left out, and statistics of nothing make a deep network answer 0
    model.set_weights([value if value.any() else 0.05 * rng.normal(size=value.shape)
                       for value in model.get_weights()])
    for layer in model.layers:
        layer.momentum = 0.0
    model(batch, training=True)
    return request.param, model, batch


def test_build_network_returns_logits(network):
    name, model, batch = network
    logits = model(batch).numpy()
    assert (model.name, logits.shape, model.layers[-1].name) == (name, (3, 6), 'logits')
    assert model.layers[-1].activation.__name__ == 'linear'
    assert np.ptp(logits, axis=0).max() > 0
    assert not np.allclose(logits.sum(axis=1), 1, atol=0.1)


def test_build_network_saves_only_keras_objects(network, tmp_path):
    _, model, batch = network
    save_portable(model, tmp_path / 'a.keras')
    again = load_keras(tmp_path / 'a.keras')
    np.testing.assert_allclose(again(batch), model(batch), rtol=1e-5, atol=1e-6)
    with zipfile.ZipFile(tmp_path / 'a.keras') as archive:
        config = archive.read('config.json').decode()
    assert 'lambda' not in config.lower()
    assert {module.split('.')[0] for module in _modules(json.loads(config))} <= {
        'keras', 'builtins'}


def _modules(config):
    """Yield every module that a saved model names."""
    children = config.values() if isinstance(config, dict) else config
    if isinstance(config, dict) and isinstance(config.get('module'), str):
        yield config['module']
    for child in children:
        if isinstance(child, (dict, list)):
            yield from _modules(child)


def test_build_network_converts_to_litert_without_custom_operations(network):
    interpreter = pytest.importorskip('ai_edge_litert.interpreter')
    import tensorflow as tf
    _, model, batch = network
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    lite = interpreter.Interpreter(model_content=converter.convert())
    index = lite.get_input_details()[0]['index']
    lite.resize_tensor_input(index, batch.shape)
    lite.allocate_tensors()
    lite.set_tensor(index, batch)
    lite.invoke()
    found = lite.get_tensor(lite.get_output_details()[0]['index'])
    expected = model(batch).numpy()
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize(('name', 'options', 'shape', 'classes', 'parameters'), [
    ('article_cnn', {}, (32, 32, 3), 10, 122_570),  # TensorFlow's tutorial
    ('vgg16', {}, (224, 224, 3), 1000, 138_357_544),  # the paper's 138 million
    ('depthwise', {}, (224, 224, 3), 1000, 3_538_984),  # keras.applications.MobileNetV2
    ('depthwise', {'width': 0.35}, (224, 224, 3), 1000, 1_691_208),  # its alpha=0.35
    ('perceptron', {}, (28, 28, 1), 10, 28 * 28 * 10 + 10),
    ('mlp', {'hidden': [5]}, (4,), 3, 4 * 5 + 5 + 5 * 3 + 3),
])
def test_build_network_has_the_published_number_of_parameters(
        name, options, shape, classes, parameters):
    import keras
    # in such a scope no weight takes memory
    with keras.StatelessScope(initialize_variables=False):
        assert build_network(name, options, shape, classes).count_params() == parameters


def test_build_network_is_reproducible():
    import keras

    def build(seed):
        keras.utils.set_random_seed(seed)
        return build_network('residual', {'width': 2}, (16, 16, 3), 3).get_weights()[0]

    np.testing.assert_array_equal(build(3), build(3))
    assert (build(3) != build(4)).any()


@pytest.mark.parametrize(('name', 'options', 'shape', 'words'), [
    ('resnet', {}, (32, 32, 3), ['`resnet`', 'does not exist', 'residual']),
    ('residual', {'wdth': 3}, (32, 32, 3), ['`residual`', '`wdth`', '3']),
    ('residual', {'width': 0}, (32, 32, 3), ['`width`', 'greater than', '0']),
    ('vgg16', {'dropout': 1}, (32, 32, 3), ['`dropout`', 'less than 1']),
    ('mlp', {'hidden': [3, 'x']}, (32,), ['`hidden.1`', "'x'"]),
    ('residual', {}, (32,), ['tables go to: mlp, perceptron', '(32,)']),
    ('article_cnn', {}, (8, 8, 3), ['`article_cnn`', '(8, 8, 3)']),
    ('application', {}, (32, 32, 3), ['`model`', 'required']),
    ('application', {'model': 'GPT'}, (32, 32, 3), ['no such model', 'MobileNetV2']),
])
def test_build_network_error_is_one_sentence(name, options, shape, words):
    with pytest.raises(ConfigError) as refused:
        build_network(name, options, shape, 3)
    assert '\n' not in str(refused.value)
    for word in words:
        assert word in str(refused.value)


def test_options_of_has_the_defaults_of_the_builder():
    assert options_of('residual')().model_dump() == {
        'width': 24, 'last_width': None, 'dropout': 0.0, 'stride': 1,
        'standardise': False, 'local_contrast': False}
