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

from digiphys_ros.learning.hog import hog
import numpy as np
import pytest


def edge(degrees, size=32):
    """Return a soft edge whose gradient points ``degrees`` down from the right."""
    rows, columns = np.mgrid[:size, :size] - size / 2
    angle = np.radians(degrees)
    return 128 + 4 * (columns * np.cos(angle) + rows * np.sin(angle))


@pytest.mark.parametrize(('degrees', 'bin_'), [
    (10, 0), (30, 1), (90, 4), (170, 8), (190, 0), (270, 4)])
def test_hog_edge_is_in_the_bin_of_its_direction(degrees, bin_):
    features = hog(edge(degrees)).reshape(-1, 4, 9)
    assert (features.argmax(axis=2) == bin_).all()


def test_hog_interpolates_between_two_bins():
    # at the border of the image a pixel has one neighbour only
    inner = hog(edge(20)).reshape(3, 3, 4, 9)[1, 1]
    np.testing.assert_allclose(inner[:, 0], inner[:, 1], rtol=0.01)
    assert inner[:, 2:].max() < 1e-3


def test_hog_blocks_have_unit_length():
    image = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    blocks = hog(image).reshape(4, 5, 36)
    np.testing.assert_allclose(np.linalg.norm(blocks, axis=2), 1, rtol=1e-4)


def test_hog_is_independent_of_light_and_contrast():
    image = np.random.default_rng(0).integers(0, 100, (24, 24), np.uint8)
    np.testing.assert_allclose(hog(image), hog(image * 2 + 50), atol=1e-4)


def test_hog_uses_the_strongest_channel():
    gray = edge(90)
    red = np.stack([gray, np.full_like(gray, 7), np.full_like(gray, 7)], axis=2)
    np.testing.assert_allclose(hog(red), hog(gray), atol=1e-6)


def test_hog_of_a_flat_image_is_zero():
    assert not hog(np.full((16, 16), 9, np.uint8)).any()
