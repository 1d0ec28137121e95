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


def image(value, size=(6, 8)):
    """Return pixels in the order red, green, blue, all different."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:] = value, 100, 200
    return pixels


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image(value)[:, :, ::-1])


def test_gtsrb_training_images_are_read(tmp_path):
    for number in (0, 1):
        folder = tmp_path / 'GTSRB' / 'Final_Training' / 'Images' / f'{number:05}'
        rows = ['Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId']
        for track in range(2):
            name = f'{track:05}_00000.ppm'
            write(folder / name, 10 * number + track)
            rows.append(f'{name};8;6;1;1;7;5;{number}')
        (folder / f'GT-{number:05}.csv').write_text('\n'.join(rows) + '\n')
    data = open_dataset(str(tmp_path))
    assert data.labels == ('0', '1')
    # track 0 of class 0 is another sign than track 0 of class 1
    assert data.groups.tolist() == ['0/00000', '0/00001', '1/00000', '1/00001']
    np.testing.assert_array_equal(data.read(3), image(11))


def test_gtsrb_test_images_are_read(tmp_path):
    for name, rows in (('Final_Training/Images/00001/GT-00001', ['00000_00000.ppm;1']),
                       ('Final_Test/Images/GT-final_test', ['00000.ppm;0', '00001.ppm;1'])):
        table = tmp_path / f'{name}.csv'
        for row in rows:
            write(table.parent / row.split(';')[0], 7)
        table.write_text('\r\n'.join(['Filename;ClassId', *rows]) + '\r\n')
    data = open_dataset(str(tmp_path))
    assert data.classes.tolist() == [0, 1, 1]
    assert data.parts.tolist() == ['test', 'test', 'train']
    assert len(open_dataset(str(tmp_path), part='test')) == 2
    (tmp_path / 'Final_Test' / 'Images' / 'GT-final_test.csv').write_text('Filename\nx.ppm\n')
    with pytest.raises(DatasetError, match=r'GT-final_test\.csv:2: needs the columns Filename'):
        open_dataset(str(tmp_path))


@pytest.mark.parametrize('table', ['GT-final_test.csv', 'GTSRB/GT-final_test.csv',
                                   'GTSRB/Final_Test/GT-final_test.csv'])
def test_gtsrb_test_table_above_the_images_is_found(tmp_path, table):
    images = tmp_path / 'GTSRB' / 'Final_Test' / 'Images'
    for index in range(2):
        write(images / f'0000{index}.ppm', 40 + index)
    # without classes, as it comes with the images
    (images / 'GT-final_test.test.csv').write_text('Filename;Width\n00000.ppm;8\n')
    (tmp_path / table).write_text('Filename;ClassId\n00001.ppm;1\n00000.ppm;0\n')
    data = open_dataset(str(tmp_path))
    assert data.classes.tolist() == [1, 0]
    np.testing.assert_array_equal(data.read(0), image(41))
    (tmp_path / table).write_text('Filename;ClassId\n00007.ppm;1\n')
    with pytest.raises(DatasetError, match=r'00007\.ppm, which is neither in its folder nor'):
        open_dataset(str(tmp_path))
