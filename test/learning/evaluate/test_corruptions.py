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
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.learning.evaluate.corruptions import (
    ALL_CORRUPTIONS,
    changes,
    corrupt,
    corrupt_randomly,
    CORRUPTIONS,
    shrink,
    STRENGTHS,
)
import numpy as np
import pytest


def scene(shape):
    rng = np.random.default_rng(0)
    blocks = rng.integers(30, 220, (9, 9, *shape[2:]), np.uint8)
    smooth = cv2.resize(blocks, shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 5, shape), 0, 255).astype(np.uint8)


def change(image, name, strength):
    """Return how far pixels change, on average over several seeds."""
    return np.mean([np.abs(corrupt(image, name, strength, seed).astype(int) - image).mean()
                    for seed in range(5)])


def test_corruptions_are_twelve():
    assert len(CORRUPTIONS) == 12


@pytest.mark.parametrize('shape', [(64, 48, 3), (64, 48), (32, 32, 3)])
@pytest.mark.parametrize('name', ALL_CORRUPTIONS)
def test_corrupt_grows_with_the_strength_and_is_reproducible(name, shape):
    image = scene(shape)
    if name == 'color_temperature' and len(shape) == 2:
        assert not changes(name, image)
        return
    assert changes(name, image)
    before = image.copy()
    changed = corrupt(image, name, 3, seed=3)
    assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(changed, corrupt(image, name, 3, seed=3))
    differences = [change(image, name, strength) for strength in STRENGTHS]
    np.testing.assert_array_equal(image, before)
    assert differences[0] > 0
    assert differences == sorted(differences)


@pytest.mark.parametrize(('roi', 'shape'), [
    (None, (90, 120, 3)), ((0.25, 0.0, 0.5, 1.0), (180, 240, 3))])
def test_shrink_keeps_twice_the_network_input(roi, shape):
    spec = PreprocessSpec(width=60, height=32, roi=roi)
    photograph = scene((900, 1200, 3))
    small = shrink(photograph, spec)
    assert small.shape == shape
    assert abs(small.mean() - photograph.mean()) < 1
    # what is small already comes through untouched
    assert shrink(small, spec) is small


def test_corrupt_randomly_uses_every_given_corruption_with_the_given_strength():
    image = scene((64, 48))
    kinds = {'darkness': 4, 'defocus_blur': 5, 'color_temperature': 5}
    ways = {corrupt(image, 'darkness', strength, 0).tobytes() for strength in (4, 5)} \
        | {corrupt(image, 'defocus_blur', 5, 0).tobytes()}
    seen = {corrupt_randomly(image, kinds, np.random.default_rng(seed)).tobytes()
            for seed in range(40)}
    assert seen == ways
