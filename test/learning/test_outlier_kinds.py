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

import cv2
from digiphys_ros.learning.outlier_kinds import KINDS, outlier_of
import numpy as np
import pytest


def scene(*channels):
    """Return a bright sky above a dark road with a line to the left."""
    image = np.full((24, 32, *channels), 200, np.uint8)
    image[12:] = 60
    image[12:, 4:6] = 250
    return image


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('channels', [(3,), ()], ids=['color', 'gray'])
def test_outlier_of_any_kind_has_the_form_of_the_scene_and_is_another_image(kind, channels):
    image = scene(*channels)
    made = outlier_of(image, kind, np.random.default_rng(0))
    assert (made.shape, made.dtype) == (image.shape, np.uint8)
    assert np.abs(made.astype(int) - image).mean() > 5
    assert (image == scene(*channels)).all()


@pytest.mark.parametrize('kind', KINDS)
def test_outlier_of_one_seed_is_the_same_again(kind):
    first, again, other = (outlier_of(scene(3), kind, np.random.default_rng(seed))
                           for seed in (1, 1, 2))
    assert (first == again).all()
    assert kind == 'negative' or kind == 'upside_down' or (first != other).any()


def test_outlier_upside_down_has_the_sky_below():
    for seed in range(8):
        made = outlier_of(scene(3), 'upside_down', np.random.default_rng(seed))
        assert made[:10].mean() < 100 < made[14:].mean()


def test_outlier_blurred_has_no_edge_left():
    def sharpness(image):
        return np.abs(cv2.Laplacian(image.astype(np.float32), -1)).mean()
    for seed in range(8):
        made = outlier_of(scene(3), 'blurred', np.random.default_rng(seed))
        assert sharpness(made) < 0.2 * sharpness(scene(3))


def test_outlier_half_missing_keeps_the_other_part():
    for seed in range(8):
        same = (outlier_of(scene(3), 'half_missing', np.random.default_rng(seed)) == scene(3)
                ).all(axis=-1)
        assert 0.2 < same.mean() < 0.7
