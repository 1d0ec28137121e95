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
from digiphys_ros.errors import SourceError
from digiphys_ros.learning.datasets import background_crops
import numpy as np
import pytest


def test_background_crops_are_random_and_reproducible(tmp_path):
    rows, columns = np.mgrid[:60, :80]
    image = np.stack([np.full_like(rows, 200), rows * 4, columns * 3], 2).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'p.png'), image[:, :, ::-1])
    crops = background_crops(str(tmp_path), 30, 16, seed=5)
    assert crops.shape == (30, 16, 16, 3) and crops.dtype == np.uint8
    np.testing.assert_array_equal(crops, background_crops(str(tmp_path), 30, 16, seed=5))
    assert not np.array_equal(crops, background_crops(str(tmp_path), 30, 16, seed=6))
    # red, green, blue in this order; cut-outs of many sizes and places, none stretched
    assert (crops[..., 0] == 200).all()
    height, width = (crops[:, -1, 0, 1].astype(int) - crops[:, 0, 0, 1]) / 4, \
        (crops[:, 0, -1, 2].astype(int) - crops[:, 0, 0, 2]) / 3
    np.testing.assert_allclose(height, width, atol=1.5)
    assert height.min() < 25 and height.max() > 45
    assert len(np.unique(crops[:, 0, 0, 1])) > 10


def test_background_crops_accept_gray_and_tiny_images(tmp_path):
    np.savez(tmp_path / 'g.npz', x=np.full((2, 1, 3), 77, np.uint8))
    crops = background_crops(str(tmp_path / 'g.npz'), 9, 8, seed=0)
    assert crops.shape == (9, 8, 8, 3)
    assert (crops == 77).all()


def test_background_crops_without_images_are_refused(tmp_path):
    (tmp_path / 'x.png').write_bytes(b'nonsense')
    with pytest.raises(SourceError, match='holds no readable image'):
        background_crops(str(tmp_path), 3, 8, 0)
