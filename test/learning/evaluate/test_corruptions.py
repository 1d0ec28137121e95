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
from digiphys_ros.learning.evaluate.corruptions import corrupt, CORRUPTIONS, STRENGTHS
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


def test_there_are_twelve():
    assert len(CORRUPTIONS) == 12


@pytest.mark.parametrize('shape', [(64, 48, 3), (64, 48), (32, 32, 3)])
@pytest.mark.parametrize('name', CORRUPTIONS)
def test_each_changes_more_and_more_and_can_be_repeated(name, shape):
    image = scene(shape)
    before = image.copy()
    changed = corrupt(image, name, 3, seed=3)
    assert (changed.shape, changed.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(changed, corrupt(image, name, 3, seed=3))
    changes = [change(image, name, strength) for strength in STRENGTHS]
    np.testing.assert_array_equal(image, before)
    if name == 'colour_temperature' and len(shape) == 2:
        assert changes == [0.0] * 5
        return
    assert changes[0] > 0
    assert changes == sorted(changes)
