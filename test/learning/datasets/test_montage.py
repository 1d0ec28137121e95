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
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.montage import COLUMNS, GAP_PX, montage, NAME_PX, TILE_PX
import numpy as np
import pytest

STEP = TILE_PX + GAP_PX


def data_of(samples, classes, labels):
    def read(index):
        if samples[index] is None:
            raise DatasetError('broken')
        return samples[index]
    return Dataset('d', labels, np.array(classes), np.arange(len(samples)),
                   tuple(map(str, range(len(samples)))), read)


def tile(drawn, row, column):
    top, left = row * STEP, NAME_PX + column * STEP
    return drawn[top:top + TILE_PX, left:left + TILE_PX]


def full(*color, size=(20, 20)):
    return np.full((*size, 3), color, np.uint8)


def test_montage_draws_one_class_a_row(tmp_path):
    samples = [full(255, 0, 0), full(0, 0, 255), np.full((9, 9), 90, np.uint8), None]
    montage(data_of(samples, [0, 1, 1, 2], ('red', 'b', 'c', 'none')), tmp_path / 'm.png')
    drawn = cv2.imread(str(tmp_path / 'm.png'))
    assert drawn.shape == (4 * STEP, NAME_PX + COLUMNS * STEP, 3)
    # OpenCV reads blue, green, red
    assert (tile(drawn, 0, 0) == (0, 0, 255)).all()
    assert (tile(drawn, 1, 0) == (255, 0, 0)).all()
    assert (tile(drawn, 1, 1) == 90).all()
    assert (tile(drawn, 2, 0) == (0, 0, 255)).all()
    # no sample of the last class; names are on the left
    assert (tile(drawn, 3, 0) == 255).all() and (tile(drawn, 0, 1) == 255).all()
    assert all((drawn[row * STEP:(row + 1) * STEP, :NAME_PX] < 128).any() for row in range(4))


def test_montage_keeps_proportions(tmp_path):
    montage(data_of([full(10, 20, 30, size=(100, 25))], [0], ('tall',)), tmp_path / 'm.png')
    drawn = tile(cv2.imread(str(tmp_path / 'm.png')), 0, 0)
    inside = (drawn == (30, 20, 10)).all(2)
    assert inside.any(1).sum() == TILE_PX and inside.any(0).sum() == TILE_PX // 4
    assert (drawn[~inside] == 200).all()


def test_montage_limits_samples_and_classes(tmp_path):
    samples = [full(1, 2, 3)] * 90
    montage(data_of(samples, [0] * 21 + [*range(1, 70)], tuple(map(str, range(70)))),
            tmp_path / 'm.png')
    drawn = cv2.imread(str(tmp_path / 'm.png'))
    assert drawn.shape[0] == 60 * STEP
    assert (tile(drawn, 0, COLUMNS - 1) == (3, 2, 1)).all()


def test_montage_draws_near_duplicates_in_pairs(tmp_path):
    samples = [full(9, 9, 9), full(250, 0, 0), full(0, 250, 0)]
    montage(data_of(samples, [0, 0, 0], ('a',)), tmp_path / 'm.png', [[1, 2, 0]])
    drawn = cv2.imread(str(tmp_path / 'm.png'))
    assert drawn.shape[0] == 2 * STEP
    pair = drawn[STEP:STEP + TILE_PX, NAME_PX:NAME_PX + 2 * TILE_PX]
    assert (pair[:, :TILE_PX] == (0, 0, 250)).all() and (pair[:, TILE_PX:] == (0, 250, 0)).all()


@pytest.mark.parametrize('name', ['nowhere/m.png', 'm.xyz', '.'])
def test_montage_unwritable_file_is_named(tmp_path, name):
    with pytest.raises(DatasetError, match=r'the montage cannot be written: name a \.png'):
        montage(data_of([full(1, 1, 1)], [0], ('a',)), tmp_path / name)
