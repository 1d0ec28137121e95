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
from digiphys_ros.learning.networks.airbench import whitening
import keras
import numpy as np
import pytest


@pytest.mark.parametrize('widths', [[4], [6, 10]])
def test_airbench_widths(widths):
    model = build_network('airbench', {'widths': widths}, (32, 32, 3), 5)
    first, *convolutions = [layer for layer in model.layers
                            if isinstance(layer, keras.layers.Conv2D)]
    assert not first.trainable
    assert [layer.filters for layer in convolutions] == [
        width for width in widths for _ in range(2)]
    # the whitening has no border, and each block halves what it gets
    assert convolutions[-1].output.shape[1] == 31 // 2 ** len(widths)


def test_whitening_decorrelates_features():
    rng = np.random.default_rng(0)
    # photographs are smooth: neighbours are alike, and so are the colors of a pixel
    rough = rng.normal(size=(8, 64, 64, 1)) + 0.3 * rng.normal(size=(8, 64, 64, 3))
    images = sum(np.roll(rough, (down, right), (1, 2)) for down in range(4) for right in range(4))
    patches = np.concatenate([images[:, 1:, 1:], images[:, 1:, :-1], images[:, :-1, 1:],
                              images[:, :-1, :-1]], axis=-1).reshape(-1, 12)
    features = keras.ops.convert_to_numpy(keras.ops.conv(
        images.astype(np.float32), whitening(), padding='valid')).reshape(-1, 24)
    np.testing.assert_allclose(features[:, 12:], -features[:, :12], atol=1e-3)
    together = [np.abs(np.corrcoef(values.T) - np.eye(12)).max()
                for values in (patches, features[:, :12])]
    assert together[0] > 0.9
    assert together[1] < 0.1


def test_airbench_starts_as_the_identity():
    model = build_network('airbench', {'widths': [24]}, (32, 32, 3), 5)
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    whitened = model.get_layer('whitening')(images)
    kernel = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
                  and layer.name != 'whitening').get_weights()[0]
    same = keras.ops.conv(whitened, kernel, padding='same')
    np.testing.assert_allclose(same, whitened, atol=1e-5)
