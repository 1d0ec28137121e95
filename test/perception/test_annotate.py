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

from digiphys_ros.perception.annotate import ABSTAINED, annotate, RECOGNISED, ROWS
from digiphys_ros.perception.classify import Classification
from digiphys_ros.perception.frame import Frame
import numpy as np
import pytest

LONG = 'vehicles over 3.5 metric tons prohibited, end of all limits'
ANSWER = Classification(((LONG, 0.9), ('stop', 0.08), ('yield', 0.02)), False, np.zeros(3))
NONE = Classification((), True, np.zeros(3))


def drawn(height, width, result=ANSWER, box=None):
    frame = Frame(np.full((height, width, 3), 90, np.uint8), 'rgb')
    return annotate(frame, result, box or (0, 0, width, height))


@pytest.mark.parametrize(('height', 'width'), [(480, 640), (240, 320), (1080, 1920), (64, 64)])
def test_annotate_text_fits_the_strip_below_the_image(height, width):
    image = drawn(height, width)
    assert (image[:height] == 90).all()
    rows = np.split(image[height:], ROWS)
    for row in rows:
        lit = np.argwhere(row.max(axis=2) > 100)
        assert len(lit) > 20
        # no letter is cut off at the edges of its row
        assert lit[:, 1].max() < width - 1
        assert row[0].max() < 100 or height == 64


def test_annotate_keeps_one_size():
    assert drawn(480, 640, NONE).shape == drawn(480, 640).shape


@pytest.mark.parametrize(('result', 'color'), [(ANSWER, RECOGNISED), (NONE, ABSTAINED)])
def test_annotate_outlines_a_region_smaller_than_the_frame(result, color):
    image = drawn(480, 640, result, (160, 100, 480, 300))
    assert image[100, 160].tolist() == image[299, 479].tolist() == list(color)
    assert image[200, 320].tolist() == image[50, 50].tolist() == [90, 90, 90]
