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


from digiphys_ros.learning.augment.geometry import transform
import numpy as np
import pytest

STILL = {'crop': 0.0, 'scale': 0.0, 'perspective': 0.0, 'horizontal': False, 'vertical': False}


def spot(row, column, side=40):
    """Return a white disk on black."""
    rows, columns = np.mgrid[:side, :side]
    return (255 * ((rows - row) ** 2 + (columns - column) ** 2 < 30)).astype(np.uint8)


def center(image):
    rows, columns = np.nonzero(image > 127)
    return rows.mean(), columns.mean()


def several(image, **options):
    return [transform(image, np.random.default_rng(seed), **{**STILL, **options})
            for seed in range(30)]


def test_transform_without_options_changes_nothing():
    for one in several(spot(10, 20)):
        np.testing.assert_array_equal(one, spot(10, 20))


def test_transform_shift_is_whole_pixels_within_the_limit():
    places = np.array([center(one) for one in several(spot(20, 20), crop=0.2)]) - 20
    assert np.abs(places).max() <= 0.2 * 40
    assert places.min() < -4 and places.max() > 4
    np.testing.assert_allclose(places, np.rint(places), atol=1e-9)


def test_transform_mirrors_the_edge():
    bright = np.full((20, 20, 3), 200, np.uint8)
    for options in ({'crop': 0.5}, {'scale': 0.9}, {'perspective': 0.4}):
        for one in several(bright, **options):
            assert one.min() == 200


def test_transform_scales_both_ways_around_the_center():
    sizes = []
    for one in several(spot(20, 20), scale=0.5):
        sizes.append((one > 127).sum() / (spot(20, 20) > 127).sum())
        np.testing.assert_allclose(center(one), (20, 20), atol=1)
    assert 1 / 1.5 ** 2 * 0.8 < min(sizes) < 0.8
    assert 1.25 < max(sizes) < 1.5 ** 2 * 1.2


def test_transform_perspective_distorts_a_square():
    square = np.zeros((60, 60), np.uint8)
    square[15:45, 15:45] = 255
    widths = [((one[20] > 127).sum(), (one[40] > 127).sum())
              for one in several(square, perspective=0.2)]
    assert max(abs(top - low) for top, low in widths) > 4


@pytest.mark.parametrize(('way', 'axis'), [('horizontal', 1), ('vertical', 0)])
def test_transform_flips_half_of_the_images(way, axis):
    image = spot(8, 13)
    flipped = [np.array_equal(one, np.flip(image, axis)) for one in several(image, **{way: True})]
    assert 8 <= sum(flipped) <= 22
