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
from digiphys_ros.learning.datasets import (
    Dataset,
    load_split,
    open_dataset,
    save_split,
    Split,
    split_dataset,
)
from hypothesis import given, strategies as st
import numpy as np
import pytest


def numbered(classes, groups):
    """Return a data set whose samples are their own index."""
    count = int(max(classes)) + 1
    return Dataset('numbers', tuple(map(str, range(count))), np.asarray(classes, np.int64),
                   np.asarray(groups), tuple(f'n{index}' for index in range(len(classes))),
                   lambda index: np.full((2, 2), index, np.uint8))


@pytest.mark.field('HULKs/hulk #2831', 'parts of a data set share recordings')
@pytest.mark.field(
    'HHTseng/video-classification #20', 'frames of one video are on both sides of the split')
@given(st.lists(st.integers(0, 30), min_size=2, max_size=80), st.floats(0.05, 0.5),
       st.floats(0, 0.3), st.integers(0, 9))
def test_split_keeps_groups_whole_and_all_samples(numbers, validation, test, seed):
    groups = np.array(numbers)
    # the class follows from the group, as with tracks
    classes = groups % 5
    data = numbered(classes, groups)
    try:
        split = split_dataset(data, validation, test, seed)
    except DatasetError:
        assert all(len(set(groups[classes == label])) == 1 for label in set(classes))
        return
    parts = [split.train, split.validation, split.test]
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not set(groups[parts[one]]) & set(groups[parts[other]])
    again = split_dataset(data, validation, test, seed)
    np.testing.assert_array_equal(again.validation, split.validation)


def test_split_holds_out_the_fraction_of_each_class():
    classes = np.repeat([0, 1], [900, 100])
    split = split_dataset(numbered(classes, np.arange(1000)), 0.2, 0.1)
    assert np.bincount(classes[split.validation]).tolist() == [180, 20]
    assert np.bincount(classes[split.test]).tolist() == [90, 10]


def test_split_is_the_same_on_every_machine():
    data = numbered([0, 1] * 10, np.arange(20))
    # by SHA-256 of seed and group, so these numbers hold wherever it runs
    assert split_dataset(data, 0.3, seed=3).validation.tolist() == [0, 1, 10, 13, 14, 15]


def test_split_of_signs_keeps_tracks_whole(data_dir):
    data = open_dataset(str(data_dir / 'gtsrb_train.npz'))
    split = split_dataset(data, 0.2)
    assert len(split.validation) == pytest.approx(0.2 * len(data), rel=0.03)
    assert not set(data.groups[split.train]) & set(data.groups[split.validation])
    assert (data.take(split.validation).counts() > 0).all()


def test_load_split_returns_the_saved_split(tmp_path):
    data = numbered([0, 1] * 10, np.arange(20))
    split = split_dataset(data, 0.2, 0.2)
    save_split(tmp_path / 's.json', data, split, {'seed': 0})
    back = load_split(tmp_path / 's.json', data)
    for name in ('train', 'validation', 'test'):
        np.testing.assert_array_equal(getattr(back, name), getattr(split, name))


def test_load_split_of_changed_data_is_refused(tmp_path):
    data = numbered([0, 1] * 10, np.arange(20))
    save_split(tmp_path / 's.json', data, split_dataset(data), {})
    other = Dataset('numbers', data.labels, data.classes, data.groups, data.keys,
                    lambda index: np.full((2, 2), index + (index == 7), np.uint8))
    with pytest.raises(DatasetError, match='n7 of numbers has changed'):
        load_split(tmp_path / 's.json', other)
    with pytest.raises(DatasetError, match='was made for 20 samples, numbers has 18'):
        load_split(tmp_path / 's.json', data.take(range(18)))


@pytest.mark.parametrize('text', ['', '[]', '{"schema_version": 9}', '{"samples": 3}'])
def test_load_split_of_another_file_is_refused(tmp_path, text):
    (tmp_path / 's.json').write_text(text)
    with pytest.raises(DatasetError, match=r's\.json'):
        load_split(tmp_path / 's.json', numbered([0, 1], [0, 1]))


@pytest.mark.parametrize(('validation', 'test'), [(1.0, 0.0), (-0.1, 0.0), (0.6, 0.5)])
def test_split_invalid_fractions_are_refused(validation, test):
    with pytest.raises(DatasetError, match='together below 1'):
        split_dataset(numbered([0, 1], [0, 1]), validation, test)


def test_split_of_one_group_is_refused():
    with pytest.raises(DatasetError, match='no group may lie on both sides'):
        split_dataset(numbered([0, 1, 0], [5, 5, 5]))


def test_split_parts_are_int64_indices():
    split = split_dataset(numbered([0, 1] * 5, np.arange(10)))
    assert isinstance(split, Split)
    assert split.test.size == 0
