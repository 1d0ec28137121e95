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


import zipfile

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import arrays
from digiphys_ros.learning.datasets.arrays import Arrays
import numpy as np
from numpy.lib import format as npy
import pytest

SAVES = [np.savez, np.savez_compressed]


@pytest.fixture
def no_room(monkeypatch):
    monkeypatch.setattr(arrays, 'budget_bytes', lambda: 0)


@pytest.mark.parametrize('save', SAVES)
def test_arrays_by_name(tmp_path, save):
    save(tmp_path / 'd.npz', x=np.arange(6).reshape(3, 2), y=np.array(['a', 'b']))
    found = Arrays(tmp_path / 'd.npz')
    assert sorted(found) == ['x', 'y']
    assert 'x' in found and 'z' not in found
    assert found['y'].tolist() == ['a', 'b']


@pytest.mark.parametrize('save', SAVES)
@pytest.mark.parametrize('array', [
    np.arange(24, dtype=np.uint8).reshape(4, 3, 2), np.arange(4, dtype='>f8'),
    np.asfortranarray(np.arange(12).reshape(4, 3)), np.zeros((4, 0), np.uint8)])
def test_rows_from_disk_equal_the_array(tmp_path, save, array, no_room):
    save(tmp_path / 'd.npz', x=array)
    rows = Arrays(tmp_path / 'd.npz').rows('x')
    assert rows.shape == array.shape and rows.dtype == array.dtype
    for index in (3, 0, 2):
        np.testing.assert_array_equal(rows.read(index), array[index])


def test_rows_larger_than_the_budget_are_not_loaded(tmp_path, no_room, monkeypatch):
    np.savez(tmp_path / 'd.npz', x=np.arange(8).reshape(4, 2))

    def read_array(*args, **options):
        raise AssertionError('the whole array was read')
    monkeypatch.setattr(npy, 'read_array', read_array)
    assert Arrays(tmp_path / 'd.npz').rows('x').read(3).tolist() == [6, 7]


def test_arrays_with_a_long_header_are_read(tmp_path, no_room):
    # version 2.0 of the format is for headers beyond 64 KiB
    with zipfile.ZipFile(tmp_path / 'd.npz', 'w') as archive, archive.open('x.npy', 'w') as file:
        npy.write_array(file, np.arange(4).reshape(2, 2), version=(2, 0))
    assert Arrays(tmp_path / 'd.npz').rows('x').read(1).tolist() == [2, 3]


@pytest.mark.parametrize('name', ['x', 'gone'])
def test_arrays_unreadable_file_is_named(tmp_path, name, no_room):
    with zipfile.ZipFile(tmp_path / 'd.npz', 'w') as archive:
        archive.writestr('x.npy', b'no array')
    found = Arrays(tmp_path / 'd.npz')
    for read in (found.rows, found.__getitem__):
        with pytest.raises(DatasetError, match=rf'd\.npz: `{name}` cannot be read as \.npz'):
            read(name)


def test_arrays_of_python_objects_are_refused(tmp_path, no_room):
    np.savez(tmp_path / 'd.npz', x=np.array([{}, []], object))
    with pytest.raises(DatasetError, match='`x` cannot be read'):
        Arrays(tmp_path / 'd.npz').rows('x')
