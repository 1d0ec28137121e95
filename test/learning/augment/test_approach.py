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


from digiphys_ros.learning.augment import approach
import numpy as np
import pytest


def results(image, scenery, count=40):
    return [approach(image, scenery, np.random.default_rng(seed)) for seed in range(count)]


@pytest.fixture
def sign():
    """Return a red square on white."""
    image = np.full((32, 32, 3), 220, np.uint8)
    image[6:26, 6:26] = 200, 20, 20
    return image


def test_approach_with_the_same_generator_is_reproducible(sign):
    scenery = np.zeros_like(sign)
    first, again = (results(sign, scenery, 5) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.shape == sign.shape and one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)
    assert len({one.tobytes() for one in first}) == 5


def test_approach_shrinks_the_sign_and_adds_scenery(sign):
    green = np.zeros_like(sign)
    green[..., 1] = 160
    shown, around = [], []
    for one in results(sign, green):
        values = one.astype(int)
        shown.append((values[..., 0] - values[..., 1] > 60).mean())
        corners = values[[0, 0, -1, -1], [0, -1, 0, -1]]
        around.append((corners[:, 1] - corners[:, 0] > 60).sum())
    # always there, some at a fifth of its area, and then before the scenery
    assert min(shown) > 0.04
    assert min(shown) < 0.15 < 0.3 < max(shown)
    assert max(around) >= 3
    assert 0 in around


def test_approach_of_a_gray_image_adds_scenery(sign):
    gray = sign[..., 1]
    assert all(one.shape == sign.shape for one in results(gray, np.zeros_like(sign), 5))
