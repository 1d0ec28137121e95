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
from digiphys_ros.learning.datasets.duplicates import alike, connected, Fingerprint, same
import numpy as np


def scene(seed, size=(40, 48)):
    """Return an image with shapes in it, none like another."""
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), size[::-1],
                      interpolation=cv2.INTER_CUBIC)


def prints(*images):
    return [Fingerprint(image) for image in images]


def found(*images, groups=None):
    return alike(prints(*images), np.arange(len(images)) if groups is None else np.array(groups))


def test_same_finds_identical_samples():
    one = scene(0)
    other = one.copy()
    other[3, 3, 1] ^= 1
    assert same(prints(one, scene(1), other, one.copy(), scene(1))) == [[0, 3], [1, 4]]
    # as many bytes of the same value, in another shape
    assert same(prints(np.zeros((4, 6), np.uint8), np.zeros((6, 4), np.uint8))) == []


def test_alike_ignores_tables():
    rows = [np.array(row, np.float32) for row in ([1, 2], [1, 2], [1, 2.0001])]
    assert same(prints(*rows)) == [[0, 1]]
    assert found(*rows) == []


def test_alike_finds_copies_with_other_light_size_or_format():
    one = scene(0)
    darker = (one * 0.7).astype(np.uint8)
    smaller = cv2.resize(one, (30, 26), interpolation=cv2.INTER_AREA)
    jpeg = cv2.imdecode(cv2.imencode('.jpg', one, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 1)
    assert found(scene(5), one, scene(6), darker, smaller, jpeg) == [[1, 3, 4, 5]]


def test_alike_ignores_other_and_mirrored_images():
    images = [scene(seed) for seed in range(60)]
    assert found(*images, images[0][:, ::-1]) == []


def test_alike_compares_gray_with_color():
    gray = cv2.cvtColor(scene(0), cv2.COLOR_RGB2GRAY)
    noisy = np.clip(gray + np.random.default_rng(0).integers(-3, 4, gray.shape), 0, 255)
    assert found(gray, scene(1), cv2.merge([noisy.astype(np.uint8)] * 3)) == [[0, 2]]


def test_alike_ignores_images_of_one_group():
    frames = [scene(0), scene(0)]
    frames[1][0, 0] ^= 1
    assert found(*frames, groups=[7, 7]) == []
    assert found(*frames, groups=[7, 8]) == [[0, 1]]


def test_alike_finds_pairs_in_a_large_set():
    # more than one block of them
    images = [scene(seed, (12, 12)) for seed in range(2300)]
    images[2250] = np.clip(images[3].astype(int) + 6, 0, 255).astype(np.uint8)
    assert [3, 2250] in found(*images)


def test_connected_returns_the_components():
    assert connected([(5, 1), (2, 3), (1, 9), (4, 4)]) == [[1, 5, 9], [2, 3], [4]]
    assert connected([]) == []


def test_connected_without_pairs_is_empty():
    assert found() == []
    assert same([]) == []
