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


from digiphys_ros.learning.export import export_model
from digiphys_ros.learning.networks import add_flip_tta, build_network
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.perception.engines.kerasfile import load_keras
import keras
import numpy as np
import pytest


def test_flip_tta_averages_image_and_mirror_image(tmp_path):
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).random((3, 16, 20, 3)).astype(np.float32)
    plain = build_network('airbench', {'widths': [4]}, (16, 20, 3), 5)
    model = add_flip_tta(plain)
    mean = (plain(images) + plain(images[:, :, ::-1])) / 2
    np.testing.assert_allclose(model(images), mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model(images[:, :, ::-1]), mean, rtol=1e-5, atol=1e-6)
    assert np.abs(plain(images) - mean).max() > 1e-4
    # LiteRT is held against Keras there
    files = export_model(model, tmp_path, images)
    again = load_keras(files['keras'])
    np.testing.assert_allclose(again(images), mean, rtol=1e-5, atol=1e-6)
    assert again.layers[-1].name == 'logits'


def test_flip_tta_of_a_table_is_refused():
    with pytest.raises(ValueError, match='needs images'):
        Recipe(name='table', network={'name': 'mlp'}, tta='flip')
