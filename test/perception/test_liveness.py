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

from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.liveness import LivenessMonitor
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def noise(level=100):
    return Frame(RNG.integers(level - 5, level + 5, (48, 64, 3)).astype(np.uint8), 'rgb')


def test_new_pictures_are_fresh_and_the_same_again_is_repeated():
    monitor = LivenessMonitor(8.0, True)
    first = noise()
    same = Frame(first.pixels.copy(), 'rgb')
    assert [monitor.check(one) for one in (first, same, noise(), first)] == [
        'fresh', 'repeated', 'fresh', 'fresh']


def test_repeats_pass_where_they_are_legitimate():
    monitor = LivenessMonitor(8.0, False)
    frame = noise()
    assert [monitor.check(frame), monitor.check(frame)] == ['fresh', 'fresh']


@pytest.mark.parametrize(('pixels', 'expected'), [
    (np.full((48, 64, 3), 3, np.uint8), 'black'),
    (np.full((48, 64, 3), 30, np.uint8), 'fresh'),
    (np.full((48, 64), 300, np.uint16), 'black'),
    (np.full((48, 64), 0.5, np.float32), 'fresh'),
])
def test_dark_pictures_are_black_in_every_depth(pixels, expected):
    colour = 'rgb' if pixels.ndim == 3 else 'mono'
    assert LivenessMonitor(8.0, True).check(Frame(pixels, colour)) == expected


def test_black_can_be_switched_off():
    dark = Frame(np.zeros((48, 64, 3), np.uint8), 'rgb')
    assert LivenessMonitor(0.0, True).check(dark) == 'fresh'


def test_another_size_is_fresh():
    monitor = LivenessMonitor(8.0, True)
    monitor.check(Frame(np.full((48, 64, 3), 50, np.uint8), 'rgb'))
    assert monitor.check(Frame(np.full((24, 32, 3), 50, np.uint8), 'rgb')) == 'fresh'
