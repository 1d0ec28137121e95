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
from digiphys_ros.learning.networks.spatial_transformer import sample
import keras
import numpy as np
import pytest


def sampled(images, *affine):
    """Return images as seen through one affine map."""
    tensor = keras.ops.convert_to_tensor(images)
    maps = keras.ops.convert_to_tensor(np.array([affine] * len(images), np.float32))
    return keras.ops.convert_to_numpy(sample(tensor, maps))


@pytest.fixture
def images():
    return np.random.default_rng(0).random((2, 5, 9, 3)).astype(np.float32)


def test_sample_with_the_identity_changes_nothing(images):
    np.testing.assert_allclose(sampled(images, 1, 0, 0, 0, 1, 0), images, atol=1e-5)


def test_sample_mirrors(images):
    np.testing.assert_allclose(sampled(images, -1, 0, 0, 0, 1, 0), images[:, :, ::-1], atol=1e-5)


def test_sample_rotates_by_90_degrees():
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    np.testing.assert_allclose(sampled(image, 0, 1, 0, -1, 0, 0)[0, ..., 0],
                               np.rot90(image[0, ..., 0], -1), atol=1e-4)


def test_sample_shift_is_black_outside(images):
    # two of the eight steps between nine columns
    moved = sampled(images, 1, 0, 0.5, 0, 1, 0)
    np.testing.assert_allclose(moved[:, :, :7], images[:, :, 2:], atol=1e-5)
    np.testing.assert_allclose(moved[:, :, 7:], 0, atol=1e-5)


def test_sample_interpolates_between_pixels(images):
    moved = sampled(images, 1, 0, 0.125, 0, 1, 0)
    np.testing.assert_allclose(moved[:, :, :8], (images[:, :, :-1] + images[:, :, 1:]) / 2,
                               atol=1e-5)


def test_spatial_transformer_starts_as_the_identity_and_learns():
    keras.utils.set_random_seed(0)
    model = build_network('spatial_transformer', {'width': 2}, (16, 16, 3), 3)
    before = model.get_layer('affine').get_weights()
    assert not any(value.any() for value in before)
    images = np.random.default_rng(0).random((8, 16, 16, 3)).astype(np.float32)
    model.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.train_on_batch(images, np.arange(8) % 3)
    assert all(value.any() for value in model.get_layer('affine').get_weights())
