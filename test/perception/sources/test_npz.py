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

from itertools import islice

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import open_source
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def test_npz_is_played_by_track(tmp_path):
    images = RNG.integers(0, 255, (4, 8, 8, 3)).astype(np.uint8)
    np.savez(tmp_path / 'd.npz', x=images, y=np.array([7, 3, 7, 3], np.uint8),
             track=np.array([1, 0, 1, 0]), frame=np.array([1, 1, 0, 0]))
    frames = list(open_source(str(tmp_path / 'd.npz')))
    assert [frame.label for frame in frames] == ['3', '3', '7', '7']
    for frame, index in zip(frames, (3, 1, 2, 0), strict=True):
        np.testing.assert_array_equal(frame.pixels, images[index])
    assert frames[0].encoding == 'rgb8'


def test_npz_gray_images_are_played(tmp_path):
    np.savez(tmp_path / 'd.npz', x_train=np.zeros((2, 8, 8), np.uint8), y_train=np.array([0, 1]))
    frames = list(open_source(str(tmp_path / 'd.npz')))
    assert [(frame.encoding, frame.label) for frame in frames] == [('mono8', '0'), ('mono8', '1')]


def test_npz_without_images_is_refused(tmp_path):
    np.savez(tmp_path / 'd.npz', images=np.zeros(3))
    with pytest.raises(SourceError, match='found images'):
        open_source(str(tmp_path / 'd.npz'))


def test_npz_real_track_is_one_sign_coming_closer(data_dir):
    with np.load(data_dir / 'gtsrb_train.npz') as archive:
        track, frame, label = archive['track'], archive['frame'], archive['y']
    first = np.flatnonzero(track == track.min())
    played = list(islice(open_source(str(data_dir / 'gtsrb_train.npz')), len(first)))
    assert {one.label for one in played} == {str(label[first[0]])}
    with np.load(data_dir / 'gtsrb_train.npz') as archive:
        expected = archive['x'][first[np.argsort(frame[first])]]
    np.testing.assert_array_equal(np.stack([one.pixels for one in played]), expected)


@pytest.mark.parametrize(('arrays', 'words'), [
    ({'x': np.zeros((2, 4, 4, 3), np.float32)}, ['`x` must be', 'float32']),
    ({'x': np.zeros((2, 4), np.uint8)}, ['received (2, 4)']),
    ({'x': np.zeros((2, 0, 4), np.uint8)}, ['received (2, 0, 4)']),
    ({'x': np.zeros((0, 4, 4), np.uint8)}, ['no readable image']),
    ({'x': np.zeros((2, 4, 4), np.uint8), 'y': np.zeros(3)}, ['`y` must hold one value', '(3,)']),
    ({'x': np.array([{}])}, ['cannot be read as .npz']),
])
def test_npz_inconsistent_arrays_are_refused(tmp_path, arrays, words):
    np.savez(tmp_path / 'd.npz', **arrays)
    with pytest.raises(SourceError) as refused:
        open_source(str(tmp_path / 'd.npz'))
    for word in ['d.npz', *words]:
        assert word in str(refused.value)
