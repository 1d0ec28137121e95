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

import cv2
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest


def image(value, size=(6, 8)):
    """Return pixels in the order red, green, blue, all different."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:] = value, 100, 200
    return pixels


@pytest.fixture
def folder(tmp_path):
    for index, label in enumerate(['class10', 'class2', 'class2', 'class10']):
        (tmp_path / 'd' / label).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / 'd' / label / f'{index}.png'), image(index)[:, :, ::-1])
    return tmp_path / 'd'


def zipped(folder, path, prefix=''):
    with zipfile.ZipFile(path, 'w') as archive:
        for file in folder.rglob('*.png'):
            archive.write(file, prefix + file.relative_to(folder).as_posix())
        archive.writestr('__MACOSX/class2/._1.png', b'')
        archive.writestr('README.txt', b'hello')
    return path


@pytest.mark.parametrize('packed', [False, True])
def test_open_class_folders(folder, tmp_path, packed):
    uri = zipped(folder, tmp_path / 'd.zip', 'all/of/it/') if packed else folder
    data = open_dataset(str(uri))
    # 2 comes before 10
    assert data.labels == ('class2', 'class10')
    assert data.classes.tolist() == [0, 0, 1, 1]
    assert [key.split('/')[-1] for key in data.keys] == ['1.png', '2.png', '0.png', '3.png']
    np.testing.assert_array_equal(data.read(3), image(3))
    assert data.arrays().shape == (4, 6, 8, 3)


def test_open_parts_above_the_classes(folder, tmp_path):
    for part in ('train', 'valid'):
        zipped(folder, tmp_path / f'{part}.zip')
        with zipfile.ZipFile(tmp_path / f'{part}.zip') as archive:
            archive.extractall(tmp_path / 'parts' / part)
    assert len(open_dataset(str(tmp_path / 'parts'))) == 8
    only = open_dataset(str(tmp_path / 'parts'), part='val')
    assert len(only) == 4
    assert all(key.startswith('valid/') for key in only.keys)
    assert set(open_dataset(str(tmp_path / 'parts')).parts) == {'train', 'val'}
    with pytest.raises(DatasetError, match='part "test", only train, valid'):
        open_dataset(str(tmp_path / 'parts'), part='test')
    (tmp_path / 'parts' / 'valid').rename(tmp_path / 'parts' / 'meta')
    # `train` and `meta` are no classes
    with pytest.raises(DatasetError, match='meta is next to the folders of parts'):
        open_dataset(str(tmp_path / 'parts'))


@pytest.mark.parametrize('names', [
    {'x': 'x', 'y': 'y', 'g': 'patient'}, {'x': 'x_train', 'y': 'y_train', 'g': 'group_train'},
    {'x': 'train_images', 'y': 'train_labels', 'g': 'track_train'}])
def test_open_arrays(tmp_path, names):
    np.savez(tmp_path / 'd.npz', **{
        names['x']: np.stack([image(index) for index in range(4)]),
        names['y']: np.array([[0], [1], [0], [1]]), names['g']: np.array([7, 7, 8, 9])})
    data = open_dataset(str(tmp_path / 'd.npz'), labels=['no', 'yes'])
    assert data.labels == ('no', 'yes')
    assert data.groups.tolist() == [7, 7, 8, 9]
    np.testing.assert_array_equal(data.read(2), image(2))


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
@pytest.mark.parametrize('kept', [0, 1 << 20])
def test_open_arrays_too_large_for_memory_stay_on_disk(tmp_path, monkeypatch, save, kept):
    from digiphys_ros.learning.datasets import arrays
    monkeypatch.setattr(arrays, 'budget_bytes', lambda: kept)
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3)).astype(np.uint8)
    save(tmp_path / 'd.npz', x_train=images[:4], y_train=np.arange(4) % 2, x_val=images[4:],
         y_val=np.arange(3) % 2)
    data = open_dataset(str(tmp_path / 'd.npz'))
    np.testing.assert_array_equal(data.arrays(), images)
    assert data.parts.tolist() == ['train'] * 4 + ['val'] * 3
    assert data.keys[4] == 'x_val[0]'


def test_open_damaged_npz_is_refused(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3)).astype(np.uint8)
    np.savez_compressed(tmp_path / 'd.npz', x=images, y=np.arange(7) % 2)
    whole = (tmp_path / 'd.npz').read_bytes()
    broken = bytearray(whole)
    broken[len(whole) // 4] ^= 255
    for content in (b'', whole[:len(whole) // 2], bytes(broken)):
        (tmp_path / 'd.npz').write_bytes(content)
        with pytest.raises(DatasetError, match=r'd\.npz.* cannot be read as \.npz'):
            open_dataset(str(tmp_path / 'd.npz'))


def test_open_npz_with_python_objects_is_refused(tmp_path):
    np.savez(tmp_path / 'd.npz', x=np.array([{}, {}]), y=np.arange(2))
    with pytest.raises(DatasetError, match='cannot be read as'):
        open_dataset(str(tmp_path / 'd.npz'))


def test_open_table_with_non_finite_numbers_is_refused(tmp_path):
    np.savez(tmp_path / 'd.npz', x=[[0.5, 1.0], [2.0, np.nan]], y=[0, 1])
    with pytest.raises(DatasetError, match=r'x\[1\]: column 1 is nan, a finite number'):
        open_dataset(str(tmp_path / 'd.npz')).read(1)


def test_open_table(tmp_path):
    np.savez(tmp_path / 'd.npz', x=np.arange(12).reshape(4, 3), y=[0, 1, 1, 0])
    data = open_dataset(str(tmp_path / 'd.npz'))
    assert data.kind == 'table'
    assert data.read(1).tolist() == [3.0, 4.0, 5.0]
    assert data.read(1).dtype == np.float32


@pytest.mark.parametrize(('arrays', 'words'), [
    ({'x': np.zeros((4, 8, 8, 3), np.uint8)}, 'needs an array `y`'),
    ({'x': np.zeros((4, 8, 8, 3)), 'y': np.arange(4)}, 'uint8'),
    ({'x': np.zeros((4, 8, 8, 3), np.uint8), 'y': np.arange(3)}, 'equally long'),
    ({'x': np.zeros((4, 8, 8, 3), np.uint8), 'y': np.zeros((4, 2), int)}, 'whole numbers'),
    ({'x': np.zeros((2, 8, 8, 3), np.uint8), 'y': np.array([0, -1])},
     r'`y\[1\]` is -1: out of range'),
])
def test_open_wrong_arrays_are_refused(tmp_path, arrays, words):
    np.savez(tmp_path / 'd.npz', **arrays)
    with pytest.raises(DatasetError, match=words):
        open_dataset(str(tmp_path / 'd.npz'))


def test_open_labels_out_of_range_are_refused(tmp_path):
    np.savez(tmp_path / 'd.npz', x=np.zeros((3, 4, 4), np.uint8), y=[0, 1, 2])
    with pytest.raises(DatasetError, match=r'x\[2\]: label 2 is out of range, there are 2'):
        open_dataset(str(tmp_path / 'd.npz'), labels=['a', 'b'])


def test_open_missing_path_is_refused(tmp_path):
    with pytest.raises(DatasetError, match='does not exist; a data set is'):
        open_dataset(str(tmp_path / 'nowhere'))
    with pytest.raises(DatasetError, match='holds no images'):
        open_dataset(str(tmp_path))
    (tmp_path / 'd.zip').write_bytes(b'nonsense')
    with pytest.raises(DatasetError, match=r'cannot be read as \.zip'):
        open_dataset(str(tmp_path / 'd.zip'))


def test_open_image_outside_class_folders_is_refused(folder):
    (folder / 'class2' / '1.png').rename(folder / 'stray.png')
    with pytest.raises(DatasetError, match=r'stray\.png is in no class folder'):
        open_dataset(str(folder))


def test_arrays_of_different_sizes_are_refused(folder):
    cv2.imwrite(str(folder / 'class10' / '3.png'), np.zeros((3, 3), np.uint8))
    with pytest.raises(DatasetError, match=r'class10/3\.png is \(3, 3\), class2/1\.png is'):
        open_dataset(str(folder)).arrays()


def test_check_trainable_refuses_single_and_empty_classes():
    from digiphys_ros.learning.datasets.dataset import in_memory
    images = np.zeros((2, 4, 4), np.uint8)
    with pytest.raises(DatasetError, match='at least two classes'):
        in_memory('d', ('a',), images, np.zeros(2, np.int64)).check_trainable()
    with pytest.raises(DatasetError, match='no sample of the class b'):
        in_memory('d', ('a', 'b', 'c'), images, np.array([0, 2])).check_trainable()


@pytest.mark.parametrize(('name', 'count', 'labels'), [
    ('cifar10_train.zip', 50000, 10), ('magnetic_tile_train.zip', 1084, 6),
    ('traffic_light_train.zip', 1187, 3), ('pneumonia_mnist_train.npz', 5232, 2)])
def test_open_real_data(data_dir, name, count, labels):
    data = open_dataset(str(data_dir / name))
    assert (len(data), len(data.labels)) == (count, labels)
    assert data.read(count - 1).dtype == np.uint8
