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

import itertools

from digiphys_ros.learning.networks import build_network
from digiphys_ros.learning.networks.residual import normalise_locally
import keras
import numpy as np
import pytest


@pytest.mark.parametrize(('options', 'widths'), [
    ({'width': 4}, [4, 8, 8, 8, 16, 32, 32, 32]),
    ({'width': 4, 'last_width': 12}, [4, 8, 8, 8, 16, 12, 12, 12]),
])
def test_residual_widths(options, widths):
    model = build_network('residual', options, (32, 32, 3), 5)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == widths
    assert all(layer.kernel_size == (3, 3) and not layer.use_bias for layer in convolutions)
    assert model.count_params() == sum(
        9 * before * after + 4 * after for before, after in itertools.pairwise([3, *widths])) \
        + 5 * widths[-1] + 5


@pytest.mark.parametrize(('stride', 'kernel', 'side'), [(1, 3, 64), (2, 3, 32), (4, 5, 16)])
def test_residual_stride_uses_every_pixel(stride, kernel, side):
    model = build_network('residual', {'width': 2, 'stride': stride}, (64, 64, 3), 5)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert first.kernel_size == (kernel, kernel)
    assert first.output.shape[1:3] == (side, side)


def test_residual_standardised_is_independent_of_light():
    keras.utils.set_random_seed(0)
    model = build_network('residual', {'width': 2, 'standardise': True}, (16, 16, 1), 3)
    images = np.random.default_rng(0).random((2, 16, 16, 1)).astype(np.float32)
    np.testing.assert_allclose(model(images * 3 + 1), model(images), rtol=0.05, atol=1e-3)
    plain = build_network('residual', {'width': 2}, (16, 16, 1), 3)
    assert np.abs(plain(images * 3 + 1) - plain(images)).max() > 0.1


def test_residual_local_contrast_shows_dark_regions():
    squares = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((2, 2)))
    scene = np.ones((1, 48, 48, 3), np.float32)
    scene[0, 8:40, 8:40] = 0.1 + 0.05 * squares[..., None]
    seen = np.asarray(normalise_locally(keras.ops.convert_to_tensor(scene)))[0, ..., 0]
    inside, light = seen[20:28, 20:28], squares[12:20, 12:20] == 1
    # a difference of 5 % of white, next to a sky 90 % brighter
    assert inside[light].mean() - inside[~light].mean() > 1
    assert np.abs(seen[0, 0]) < 0.01
    model = build_network('residual', {'width': 2, 'local_contrast': True}, (16, 16, 3), 3)
    assert model(scene[:, :16, :16]).shape == (1, 3)
