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


from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest

IMAGES = np.zeros((4, 6, 5, 3), np.uint8)


def opened(tmp_path, part=None, **arrays):
    np.savez(tmp_path / 'd.npz', **{'x': IMAGES, 'y': np.arange(4) % 2, **arrays}
             if part is None else arrays)
    return open_dataset(str(tmp_path / 'd.npz'), part=part)


@pytest.mark.parametrize('name', ['group', 'track', 'session', 'patient', 'groups',
                                  'tracks'])
def test_npz_group_array_has_several_names_and_may_be_strings(tmp_path, name):
    data = opened(tmp_path, **{name: np.array([['p1'], ['p1'], ['p2'], ['p3']])})
    assert data.groups.tolist() == ['p1', 'p1', 'p2', 'p3']


def test_npz_parts_have_the_classes_of_all(tmp_path):
    parts = {'x_train': IMAGES, 'y_train': np.array([0, 1, 2, 2]), 'x_val': IMAGES[:2],
             'y_val': np.array([0, 1]), 'x_test': IMAGES[:1]}
    # a test part without labels is in nobody's way until it is asked for
    assert opened(tmp_path, 'val', **parts).labels == ('0', '1', '2')
    assert opened(tmp_path, 'train', **parts).labels == ('0', '1', '2')
    with pytest.raises(DatasetError, match='needs an array `y_test`'):
        opened(tmp_path, 'test', **parts)


@pytest.mark.parametrize('name', ['labels', 'class_names', 'classes'])
@pytest.mark.parametrize('kind', ['U', 'S'])
def test_npz_reads_class_names(tmp_path, name, kind):
    data = opened(tmp_path, **{name: np.array(['cat', 'dog', 'bird'], kind)})
    assert data.labels == ('cat', 'dog', 'bird')


def test_npz_numeric_class_names_are_ignored(tmp_path):
    assert opened(tmp_path, classes=np.arange(9)).labels == ('0', '1')


@pytest.mark.parametrize(('y', 'labels'), [
    (np.array([False, True, True, False]), ('0', '1')),
    (np.array([0.0, 1.0, 1.0, 0.0], np.float32), ('0', '1')),
    (np.array(['cat', 'dog', 'dog', 'cat']), ('cat', 'dog')),
    (np.array([b'cat', b'dog', b'dog', b'cat']), ('cat', 'dog')),
])
def test_npz_classes_of_any_type_are_read(tmp_path, y, labels):
    data = opened(tmp_path, y=y)
    assert (data.labels, data.classes.tolist()) == (labels, [0, 1, 1, 0])


def test_npz_names_in_y_keep_the_order_of_the_file(tmp_path):
    data = opened(tmp_path, y=np.array(list('abab')), class_names=np.array(['b', 'c', 'a']))
    assert data.classes.tolist() == [2, 0, 2, 0]
    parts = {'x_train': IMAGES, 'y_train': np.array(list('bbcc')), 'x_val': IMAGES[:1],
             'y_val': np.array(['a'])}
    assert opened(tmp_path, 'train', **parts).classes.tolist() == [1, 1, 2, 2]


def test_npz_drops_alpha(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 4), np.uint8)
    np.testing.assert_array_equal(opened(tmp_path, x=images).read(2), images[2, :, :, :3])


def test_npz_single_channel_is_gray(tmp_path):
    assert opened(tmp_path, x=IMAGES[..., :1]).read(0).shape == (6, 5)


@pytest.mark.parametrize(('arrays', 'words'), [
    ({'group': np.arange(3)}, '`x` and `group` must be equally long, received 4 and 3'),
    ({'group': np.zeros((4, 2))}, r'`group` must hold one value for each sample.*\(4, 2\)'),
    ({'labels': np.array(['a', 'a'])}, 'class names must be unique'),
    ({'labels': np.array('a')}, r'`y\[1\]` is 1: out of range, there are 1 classes'),
    ({'y': np.array([0, 1, 10 ** 12, 1])}, r'`y\[2\]` is 1000000000000: out of range'),
    ({'y': np.array([0, 1, 0.5, 1])}, r'`y\[2\]` is 0\.5, a whole number is needed'),
    ({'y': np.array([0, 1, np.nan, 1])}, r'`y\[2\]` is nan'),
    ({'y': np.array(list('abac')), 'labels': np.array(['a', 'b'])},
     r'`y\[3\]` is c: out of range, there are 2 classes \(a, b\)'),
    ({'y': np.int64(1)}, '`y` must be .* whole numbers'),
    ({'y': np.array([0, None, 0, 1])}, '`y` cannot be read'),
    ({'x': IMAGES[:0], 'y': np.zeros(0, int)}, 'has no samples'),
    ({'x': np.uint8(3)}, '`x` must be images'),
    ({'x': np.zeros((4, 6, 5, 2), np.uint8)}, '`x` must be images.*received .*5, 2'),
])
def test_npz_error_names_file_and_array(tmp_path, arrays, words):
    with pytest.raises(DatasetError, match=rf'd\.npz: .*{words}'):
        opened(tmp_path, **arrays)
