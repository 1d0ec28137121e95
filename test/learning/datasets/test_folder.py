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


import os
import zipfile

import cv2
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest


def write(folder, *names):
    """Write images of which each has another brightness."""
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((4, 5, 3), index, np.uint8))
    return folder


def zipped(folder, path):
    with zipfile.ZipFile(path, 'w') as archive:
        for file in sorted(folder.rglob('*')):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


@pytest.mark.parametrize('packed', [False, True])
def test_folder_empty_class_folder_is_a_class(tmp_path, packed):
    folder = write(tmp_path / 'd', 'all/a/0.png', 'all/b/1.png')
    (folder / 'all' / 'c').mkdir()
    (folder / 'all' / '.hidden').mkdir()
    uri = zipped(folder, tmp_path / 'd.zip') if packed else folder
    data = open_dataset(str(uri))
    assert data.labels == ('a', 'b', 'c')
    with pytest.raises(DatasetError, match='no sample of the class c: add some or remove'):
        data.check_trainable()


@pytest.mark.parametrize('packed', [False, True])
def test_folder_parts_have_the_classes_of_all(tmp_path, packed):
    folder = write(tmp_path / 'd', 'train/a/0.png', 'train/b/1.png', 'train/c/2.png',
                   'val/a/3.png', 'val/c/4.png')
    uri = str(zipped(folder, tmp_path / 'd.zip') if packed else folder)
    held_out = open_dataset(uri, part='val')
    # c is class 2 in every part, though this one has no b
    assert held_out.labels == ('a', 'b', 'c')
    assert held_out.classes.tolist() == [0, 2]
    assert [int(held_out.read(index)[0, 0, 0]) for index in range(2)] == [3, 4]
    assert set(held_out.parts.tolist()) == {'val'}


@pytest.mark.parametrize('packed', [False, True])
def test_folder_in_a_class_folder_is_one_group_in_every_class(tmp_path, packed):
    folder = write(tmp_path / 'd', 'all/a/day1/0.png', 'all/a/day1/1.png', 'all/a/day2/2.png',
                   'all/b/day1/deeper/0.png', 'all/b/day1.png', 'all/b/day2.png')
    uri = zipped(folder, tmp_path / 'd.zip') if packed else folder
    data = open_dataset(str(uri))
    group = dict(zip((key.removeprefix('all/') for key in data.keys), data.groups.tolist(),
                     strict=True))
    assert group['a/day1/0.png'] == group['a/day1/1.png'] == group['b/day1/deeper/0.png']
    # images that lie in no folder of their own are groups of their own
    assert len(set(group.values())) == 4


def test_folder_with_all_images_of_the_classes_is_not_a_group(tmp_path):
    folder = write(tmp_path, 'a/images/0.png', 'a/images/1.png', 'b/images/2.png')
    assert len(set(open_dataset(str(folder)).groups.tolist())) == 3


def test_folder_reads_all_file_formats(tmp_path):
    folder = write(tmp_path, 'a/0.png', 'b/1.png')
    alpha = np.zeros((9, 3, 4), np.uint8)
    alpha[..., 2] = 200
    cv2.imwrite(str(folder / 'a' / 'alpha.png'), alpha)
    cv2.imwrite(str(folder / 'a' / 'gray.png'), np.full((2, 2), 70, np.uint8))
    cv2.imwrite(str(folder / 'a' / 'deep.png'), np.full((2, 2, 3), 257 * 70, np.uint16))
    data = open_dataset(str(folder))
    found = {key: data.read(index) for index, key in enumerate(data.keys)}
    assert all(one.dtype == np.uint8 for one in found.values())
    assert found['a/alpha.png'].shape == (9, 3, 3)
    assert found['a/alpha.png'][0, 0].tolist() == [200, 0, 0]
    assert found['a/gray.png'].shape == (2, 2)
    assert found['a/deep.png'][0, 0].tolist() == [70, 70, 70]


@pytest.mark.parametrize(('content', 'words'), [
    (b'', 'the file is empty'), (b'hello', 'this is not a JPEG, PNG'), (None, 'ends too early')])
@pytest.mark.parametrize('packed', [False, True])
def test_folder_broken_image_is_named_on_access(tmp_path, content, words, packed):
    folder = write(tmp_path / 'd', 'a/0.png', 'b/1.png')
    broken = folder / 'b' / '1.png'
    broken.write_bytes(broken.read_bytes()[:40] if content is None else content)
    uri = zipped(folder, tmp_path / 'd.zip') if packed else folder
    data = open_dataset(str(uri))
    assert data.read(0).shape == (4, 5, 3)
    with pytest.raises(DatasetError, match=rf'{uri}: b/1\.png: .*{words}'):
        data.read(1)


@pytest.mark.skipif(os.geteuid() == 0, reason='root may read everything')
def test_folder_unreadable_image_is_named(tmp_path):
    folder = write(tmp_path, 'a/0.png', 'b/1.png')
    (folder / 'a' / '0.png').chmod(0)
    with pytest.raises(DatasetError, match=r'a/0\.png cannot be read: Permission denied'):
        open_dataset(str(folder)).read(0)


def test_folder_names_that_are_numbers_get_the_label_names(tmp_path):
    folder = write(tmp_path, '00001/0.png', '00003/1.png')
    data = open_dataset(str(folder), labels=['zero', 'one', 'two', 'three'])
    assert [data.labels[index] for index in data.classes] == ['one', 'three']
    with pytest.raises(DatasetError, match=r'00003/1\.png: label 3 is out of range, there are 2'):
        open_dataset(str(folder), labels=['a', 'b'])


def groups_in(folder):
    data = open_dataset(str(folder))
    return len(set(data.groups.tolist())), data.grouping


def folders(tmp_path, names, images=6):
    return write(tmp_path, *(f'{label}/{name}/{index}.png' for label in 'ab' for name in names
                             for index in range(images)))


@pytest.mark.parametrize('names', [
    ('batch0', 'batch1'), ('part1', 'part2'), ('images', 'more'), ('1', '2'), ('camel', 'horse'),
    ('session_1', 'batch1')])
def test_folder_subfolders_that_are_not_groups_are_named(tmp_path, names):
    count, why = groups_in(folders(tmp_path, names))
    assert count == 24
    assert f'the folders {", ".join(sorted(names))} in the class folders do not look like' in why
    assert 'digiphys data split --group' in why


@pytest.mark.parametrize('names', [
    ('day1', 'day2'), ('patient-07', 'patient-12'), ('track_001', 'track_002'), ('day', 'night'),
    ('2024-05-01', '2024-05-02 rain'), ('20240501', '20240502'), ('Session A', 'Session B'),
    [f'{number:05}' for number in range(10)], [f'batch{number}' for number in range(12)]])
def test_folder_subfolders_named_as_groups_are_groups(tmp_path, names):
    count, why = groups_in(folders(tmp_path, names, images=2))
    assert count == len(names)
    assert why.startswith(f'folders in the class folders ({sorted(names)[0]}')


def test_folder_subfolders_with_one_dominant_are_not_groups(tmp_path):
    write(tmp_path, *(f'a/all/{index}.png' for index in range(30)))
    folders(tmp_path, [f'{number:05}' for number in range(10)], images=1)
    assert groups_in(tmp_path)[0] == 50


@pytest.mark.field('keras-team/keras #17182', 'A folder of classes holds TIFF files, which are '
                   'left out.')
@pytest.mark.parametrize('packed', [False, True])
def test_folder_reads_tiff_and_gif_and_names_other_files(tmp_path, packed):
    images = pytest.importorskip('PIL.Image', reason='Pillow writes the GIF file')
    folder = write(tmp_path / 'd', 'a/0.png', 'a/1.tiff', 'b/2.TIF')
    images.new('RGB', (5, 4), (9, 9, 9)).save(folder / 'b' / '3.gif')
    for name in ('a/4.heic', 'b/5.heic', 'notes.txt', 'a/._0.png', 'b/Thumbs.db'):
        (folder / name).write_bytes(b'x')
    uri = zipped(folder, tmp_path / 'd.zip') if packed else folder
    data = open_dataset(str(uri))
    assert data.keys == ('a/0.png', 'a/1.tiff', 'b/2.TIF', 'b/3.gif')
    assert [data.read(index)[0, 0].tolist() for index in range(4)] == [
        [0, 0, 0], [1, 1, 1], [2, 2, 2], [9, 9, 9]]
    assert set(data.skipped) == {'a/4.heic', 'b/5.heic', 'notes.txt', 'a/._0.png', 'b/Thumbs.db'}
    from digiphys_ros.learning.datasets.summary import left_out
    assert left_out(data).startswith('5 files: 2 .heic (a/4.heic, b/5.heic), 1 ')


def test_folder_images_of_other_parts_are_not_reported_as_left_out(tmp_path):
    folder = write(tmp_path, 'train/a/0.png', 'train/b/1.png', 'test/a/2.png', 'test/b/3.png')
    assert open_dataset(str(folder), part='train').skipped == ()


@pytest.mark.parametrize('bits', [10, 12])
def test_folder_16_bit_files_are_scaled_by_their_depth(tmp_path, bits):
    write(tmp_path, 'a/0.png', 'b/1.png')
    cv2.imwrite(str(tmp_path / 'a' / 'deep.png'), np.full((4, 5), (1 << bits) - 1, np.uint16))
    data = open_dataset(str(tmp_path))
    assert data.read(data.keys.index('a/deep.png'))[0, 0] == 255
