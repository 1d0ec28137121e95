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
from digiphys_ros.learning.datasets.dataset import (
    concat,
    Dataset,
    in_memory,
    join_parts,
    list_names,
    MOST_CLASSES,
    number_labels,
)
import numpy as np
import pytest


def data_of(values, classes, labels=('a', 'b'), uri='d', groups=None):
    images = [np.full((2, 2), value, np.uint8) for value in values]
    return Dataset(uri, labels, np.array(classes, np.int64),
                   np.arange(len(values)) if groups is None else np.array(groups),
                   tuple(f'{uri}{value}' for value in values), images.__getitem__)


def seen(data):
    return [int(data.read(index)[0, 0]) for index in range(len(data))]


def test_take_of_a_subset_uses_its_indices():
    data = data_of([0, 1, 2, 3], [0, 1, 0, 1]).take([3, 1, 0]).take([2, 0])
    assert seen(data) == [0, 3]
    assert data.keys == ('d0', 'd3')
    assert data.classes.tolist() == [0, 1]


def test_join_parts_keeps_groups_separate():
    parts = [data_of([0, 1], [0, 1], groups=[7, 7]), data_of([2, 3], [1, 1], groups=[7, 8])]
    data = join_parts('both', ('a', 'b'), parts)
    assert seen(data) == [0, 1, 2, 3]
    assert len(set(data.groups.tolist())) == 3
    assert data.groups[0] == data.groups[1]


def test_concat_merges_classes_by_name():
    whole = concat([data_of([0, 1], [0, 1]),
                    data_of([2, 3], [0, 1], ('b', 'c'), uri='e')])
    assert whole.labels == ('a', 'b', 'c')
    assert [whole.labels[index] for index in whole.classes] == ['a', 'b', 'b', 'c']
    assert whole.parts.tolist() == ['d', 'd', 'e', 'e']
    assert whole.keys[3] == 'e: e3'
    table = Dataset('t', ('a',), np.array([0]), np.array([0]), ('t',), lambda index: None, 'table')
    with pytest.raises(DatasetError, match='d and t: some are images, some tables'):
        concat([data_of([0], [0]), table])


@pytest.mark.parametrize('labels', [('a', 'a'), ('a', '')])
def test_dataset_with_duplicate_class_names_is_refused(labels):
    with pytest.raises(DatasetError, match='class names must be unique'):
        in_memory('d', labels, np.zeros((2, 2, 2), np.uint8), np.array([0, 1]))


def test_dataset_label_far_out_of_range_is_refused():
    assert number_labels(2) == ('0', '1', '2')
    labels = number_labels(10 ** 15)
    assert len(labels) == MOST_CLASSES
    with pytest.raises(DatasetError, match=r'd\[1\]: label 1000000000000000 is out of range'):
        in_memory('d', labels, np.zeros((2, 2, 2), np.uint8), np.array([0, 10 ** 15]))


def test_list_names_shortens_long_lists():
    assert list_names(['a', 'b']) == 'a, b'
    assert list_names(number_labels(99), 3) == '0, 1, 2 and 97 more'
    with pytest.raises(DatasetError) as output:
        in_memory('d', number_labels(50_000), np.zeros((2, 2, 2), np.uint8),
                  np.array([0, 50_000])).check_trainable()
    assert 'no sample of the class 1, 2, 3' in str(output.value)
    assert len(str(output.value)) < 200
