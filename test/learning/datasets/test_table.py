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

import cv2
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest


def picture(value, size=(6, 8)):
    """Return pixels in the order red, green, blue, all different."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:] = value, 100, 200
    return pixels


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture(value)[:, :, ::-1])


def test_a_csv_of_files(tmp_path):
    for index in range(3):
        write(tmp_path / 'images' / f'{index}.png', index)
    (tmp_path / 'labels.csv').write_text(
        'file,label,patient\n0.png,ill,7\n1.png,well,8\n2.png,ill,7\n')
    for uri in (tmp_path, tmp_path / 'labels.csv'):
        data = open_dataset(str(uri))
        assert data.labels == ('ill', 'well')
        assert data.classes.tolist() == [0, 1, 0]
        assert data.groups.tolist() == ['7', '8', '7']
        np.testing.assert_array_equal(data.read(2), picture(2))


def test_a_csv_of_numbers_is_a_table(tmp_path):
    (tmp_path / 'd.csv').write_text('a,b,label\n1,2.5,x\n-3,4,y\n')
    data = open_dataset(str(tmp_path / 'd.csv'))
    assert data.kind == 'table'
    assert data.read(1).tolist() == [-3.0, 4.0]
    assert data.keys == ('d.csv:2', 'd.csv:3')


@pytest.mark.parametrize(('text', 'words'), [
    ('file,class\n', 'needs a column `label`, found file, class'),
    ('file,label\n', 'holds no row'),
    ('a,label\n1,x\n2\n', 'd.csv cannot be read as CSV: line 3 has 1 values, and the first line'),
    ('a,label\n1,x\nred,y\n', 'd.csv:3: field `a`: a number is needed, received "red"'),
    ('a,label\nnan,x\n2,y\n', 'd.csv:2: field `a`: a number is needed, received "nan"'),
    ('file,label\nno.png,x\n', 'd.csv:2: field `file`: there is no no.png and no images/no.png'),
    ('label\nx\n', 'needs a column `file`, or columns of numbers'),
])
def test_a_wrong_csv_is_told_with_its_line(tmp_path, text, words):
    (tmp_path / 'd.csv').write_text(text)
    with pytest.raises(DatasetError) as told:
        open_dataset(str(tmp_path / 'd.csv'))
    assert words in str(told.value)


def test_images_without_labels(tmp_path):
    for session in ('day', 'night'):
        write(tmp_path / 'drive' / session / '0.png', 9)
    write(tmp_path / 'drive' / '1.png', 9)
    (tmp_path / 'log').mkdir()
    write(tmp_path / 'log' / '0.png', 9)
    (tmp_path / 'log' / 'labels.csv').write_text('file,session,angle\n0.png,3,0.5\n')
    for name, count, groups in (('drive', 3, 3), ('log', 1, 1)):
        with pytest.raises(DatasetError, match=r'lies in no class folder|needs a column `label`'):
            open_dataset(str(tmp_path / name))
        data = open_dataset(str(tmp_path / name), labelled=False)
        assert data.labels == ('unlabelled',)
        assert (len(data), len(set(data.groups.tolist()))) == (count, groups)
        with pytest.raises(DatasetError, match='at least two classes'):
            data.check_trainable()


def test_a_driving_log_without_labels(data_dir):
    data = open_dataset(str(data_dir / 'driving_track2a.zip'), labelled=False)
    assert data.read(5999).shape == (120, 160, 3)
    assert len(set(data.groups.tolist())) == 1
