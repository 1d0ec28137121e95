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

from digiphys_ros.learning.networks import build_network
import keras
import numpy as np


def test_perceptron_is_one_matrix_and_one_vector():
    model = build_network('perceptron', {}, (4, 3, 1), 2)
    weights, bias = model.get_weights()
    bias[:] = 0.5, -0.5
    model.set_weights([weights, bias])
    images = np.random.default_rng(0).random((5, 4, 3, 1)).astype(np.float32)
    np.testing.assert_allclose(model(images), images.reshape(5, 12) @ weights + bias, rtol=1e-5)


def test_mlp_learns_a_table_with_columns_of_any_scale():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(256, 3)) * (1e4, 1, 1e-3) + (1e6, 0, 0)).astype(np.float32)
    classes = (rows[:, 2] > 0).astype(int)
    model = build_network('mlp', {'hidden': [16], 'standardise': True}, (3,), 2)
    model.compile(keras.optimizers.Adam(0.02),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    # the running mean is on its way to the true one for some hundred steps
    model.fit(rows, classes, batch_size=16, epochs=60, verbose=0)
    assert (model(rows).numpy().argmax(axis=1) == classes).mean() > 0.95
