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
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.inspection import inspect_dataset
from digiphys_ros.learning.datasets.split import Split
import numpy as np
import pytest


def data_of(images, classes, groups=None, parts=None, labels=('a', 'b')):
    def read(index):
        if images[index] is None:
            raise DatasetError(f'd: x[{index}]: the file ends too early.')
        return images[index]
    count = len(images)
    return Dataset('d', labels, np.array(classes), np.arange(count) if groups is None
                   else np.array(groups), tuple(f'x[{index}]' for index in range(count)), read,
                   parts=None if parts is None else np.array(parts))


def images(count, size=(16, 16, 3)):
    return list(np.random.default_rng(0).integers(0, 256, (count, *size), np.uint8))


def test_inspect_good_data_has_no_problems():
    found = inspect_dataset(data_of(images(6), [0, 1] * 3))
    assert found.problems() == []
    report = found.report()
    assert report['classes'] == {'a': 3, 'b': 3}
    assert (report['samples'], report['groups'], report['imbalance']) == (6, 6, 1.0)
    assert report['leakage'] is None


def test_inspect_counts_sizes_and_names_unreadable_samples():
    mixed = [*images(3), *images(2, (8, 9)), None]
    report = inspect_dataset(data_of(mixed, [0, 1] * 3)).report()
    assert report['sizes'] == {'16x16x3': 3, '8x9': 2}
    assert report['unreadable'] == [
        {'sample': 'x[5]', 'reason': 'd: x[5]: the file ends too early.'}]
    assert report['problems'] == ['1 samples cannot be read']


def test_inspect_duplicates_have_right_indices_despite_unreadable_samples():
    some = images(5)
    some[0], some[4] = None, some[2]
    found = inspect_dataset(data_of(some, [0, 1, 0, 1, 1]))
    assert found.exact == [[2, 4]]
    assert found.mislabeled() == [[2, 4]]
    assert '1 sets of equal samples have different labels' in found.problems()


def test_inspect_single_or_empty_class_is_a_problem():
    assert 'at least two classes' in inspect_dataset(
        data_of(images(2), [0, 0], labels=('a',))).problems()[0]
    found = inspect_dataset(data_of(images(3), [0, 2, 2], labels=('a', 'b', 'c')))
    assert found.problems() == ['no sample of the class b: add some or remove the class']
    assert found.report()['classes'] == {'a': 1, 'b': 0, 'c': 2}


def test_inspect_finds_leakage_between_parts_of_the_data():
    some = images(6)
    some[5] = some[0]
    nearly = some[1].copy()
    nearly[0, 0] ^= 1
    some[4] = nearly
    found = inspect_dataset(data_of(some, [0, 1, 0, 1, 1, 0], [0, 1, 2, 2, 4, 5],
                                    ['train', 'train', 'train', 'val', 'val', 'val']))
    assert found.leaks() == {'exact': [[0, 5]], 'near': [[1, 4]], 'groups': [[2, 3]]}
    report = found.report()
    assert report['parts'] == {'train': 3, 'val': 3}
    assert report['leakage']['groups'] == [{'train': ['x[2]'], 'val': ['x[3]']}]
    assert report['problems'] == [
        '3 sets of samples that belong together lie in several parts']


@pytest.mark.parametrize(('validation', 'leaks'), [([0], 1), ([0, 3], 0)])
def test_inspect_finds_leakage_between_parts_of_a_split(validation, leaks):
    some = images(5)
    some[3] = some[0]
    train = sorted({*range(5)} - {*validation})
    split = Split(np.array(train), np.array(validation), np.array([], np.int64))
    found = inspect_dataset(data_of(some, [0, 1, 0, 0, 1]), split)
    assert len(found.leaks()['exact']) == leaks
