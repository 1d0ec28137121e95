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


def test_csv_of_files_is_images(tmp_path):
    for index in range(3):
        write(tmp_path / 'images' / f'{index}.png', index)
    (tmp_path / 'labels.csv').write_text(
        'file,label,patient\n0.png,ill,7\n1.png,well,8\n2.png,ill,7\n')
    for uri in (tmp_path, tmp_path / 'labels.csv'):
        data = open_dataset(str(uri))
        assert data.labels == ('ill', 'well')
        assert data.classes.tolist() == [0, 1, 0]
        assert data.groups.tolist() == ['7', '8', '7']
        np.testing.assert_array_equal(data.read(2), image(2))


def test_csv_of_numbers_is_a_table(tmp_path):
    (tmp_path / 'd.csv').write_text('a,b,label\n1,2.5,x\n-3,4,y\n')
    data = open_dataset(str(tmp_path / 'd.csv'))
    assert data.kind == 'table'
    assert data.read(1).tolist() == [-3.0, 4.0]
    assert data.keys == ('d.csv:2', 'd.csv:3')


@pytest.mark.parametrize(('text', 'words'), [
    ('file,color,size\n', 'needs a column `label`, found file, color, size'),
    ('file,class\n', 'holds no row'),
    ('file,label\n', 'holds no row'),
    ('a,label\n1,x\n2\n', 'd.csv cannot be read as CSV: line 3 has 1 values, and the first line'),
    ('a,label\n1,x\nred,y\n', 'd.csv:3: field `a`: a number is needed, received "red"'),
    ('a,label\nnan,x\n2,y\n', 'd.csv:2: field `a`: a number is needed, received "nan"'),
    ('file,label\nno.png,x\n', 'd.csv:2: field `file`: there is no no.png and no images/no.png'),
    ('label\nx\n', 'needs a column `file`, or columns of numbers'),
])
def test_csv_error_names_the_line(tmp_path, text, words):
    (tmp_path / 'd.csv').write_text(text)
    with pytest.raises(DatasetError) as output:
        open_dataset(str(tmp_path / 'd.csv'))
    assert words in str(output.value)


def test_csv_without_labels_is_one_class(tmp_path):
    for session in ('day', 'night'):
        write(tmp_path / 'drive' / session / '0.png', 9)
    write(tmp_path / 'drive' / '1.png', 9)
    (tmp_path / 'log').mkdir()
    write(tmp_path / 'log' / '0.png', 9)
    (tmp_path / 'log' / 'labels.csv').write_text('file,session,angle\n0.png,3,0.5\n')
    for name, count, groups in (('drive', 3, 3), ('log', 1, 1)):
        with pytest.raises(DatasetError, match=r'is in no class folder|needs a column `label`'):
            open_dataset(str(tmp_path / name))
        data = open_dataset(str(tmp_path / name), labeled=False)
        assert data.labels == ('unlabeled',)
        assert (len(data), len(set(data.groups.tolist()))) == (count, groups)
        with pytest.raises(DatasetError, match='at least two classes'):
            data.check_trainable()


def test_csv_driving_log_without_labels_is_one_class(data_dir):
    data = open_dataset(str(data_dir / 'driving_track2a.zip'), labeled=False)
    assert data.read(5999).shape == (120, 160, 3)
    assert len(set(data.groups.tolist())) == 1


def images(folder, *names):
    for index, name in enumerate(names):
        write(folder / name, index)


def found(uri):
    """Return the labels of the images by the brightness that each was written with."""
    data = open_dataset(str(uri))
    return {int(data.read(index)[0, 0, 0]): data.labels[data.classes[index]]
            for index in range(len(data))}


@pytest.mark.field(
    'mlfoundations/open_clip #144', 'the columns of a CSV have other names than expected')
@pytest.mark.field('asreview/asreview #302', 'a CSV has semicolons')
@pytest.mark.field('p2irc/deepplantphenomics #41', 'a CSV begins with a byte order mark')
@pytest.mark.parametrize('text', [
    'file,label\n0.png,a\n1.png,b\n', 'file;label\n0.png;a\n1.png;b\n',
    'sep=;\nfile;label\n0.png;a\n1.png;b\n', 'file\tlabel\n0.png\ta\n1.png\tb\n',
    'file , label\n 0.png , a \n1.png, b\n\n', '"file", "label"\n"0.png", "a"\n"1.png", "b"\n',
    'filename,class\n0.png,a\n1.png,b\n', 'Image Path,Category\n0.png,a\n1.png,b\n',
    'image_id,diagnosis\n0,a\n1,b\n', 'id,breed\n0,a\n1,b\n', 'Image,Id\n0.png,a\n1.png,b\n',
    'filename, a, b\n0.png, 1, 0\n1.png, 0, 1\n',
    'filename,width,height,class,xmin,ymin,xmax,ymax\n0.png,8,6,a,0,0,2,2\n'
    '0.png,8,6,a,3,3,5,5\n1.png,8,6,b,0,0,2,2\n',
    '\ufefffile,label\r\n0.png,a\r\n1.png,b\r\n',
], ids=['plain', 'semicolons', 'excel', 'tabs', 'blanks', 'quoted', 'roboflow', 'spelled',
        'kaggle_image_id', 'kaggle_two_columns', 'kaggle_whales', 'roboflow_one_hot',
        'roboflow_boxes', 'windows'])
def test_csv_of_a_common_export_is_read(tmp_path, text):
    images(tmp_path, '0.png', '1.png')
    (tmp_path / 'd.csv').write_text(text)
    assert found(tmp_path / 'd.csv') == {0: 'a', 1: 'b'}


@pytest.mark.parametrize('prefix', [
    '{folder}/images/', '/content/project/images/', 'C:\\Users\\me\\images\\', 'images/',
    './images/', '../d/images/', 'http://host/images/'])
def test_csv_with_paths_of_another_machine_finds_its_images(tmp_path, prefix):
    images(tmp_path / 'd', 'images/0.png', 'images/1.png', 'other/0.png', 'other/1.png')
    start = prefix.format(folder=tmp_path / 'd')
    (tmp_path / 'd' / 'd.csv').write_text(f'file,label\n{start}0.png,a\n{start}1.png,b\n')
    data = open_dataset(str(tmp_path / 'd' / 'd.csv'))
    assert data.keys == ('images/0.png', 'images/1.png')
    assert data.skipped == ('other/0.png', 'other/1.png')


def test_csv_with_absolute_paths_finds_images_elsewhere(tmp_path):
    images(tmp_path / 'there', '0.png', '1.png')
    (tmp_path / 'here').mkdir()
    where = tmp_path / 'there'
    (tmp_path / 'here' / 'd.csv').write_text(
        f'file,label\n{where}/0.png,a\n{where}/1.png,b\n')
    assert found(tmp_path / 'here' / 'd.csv') == {0: 'a', 1: 'b'}


def test_csv_uses_the_images_of_the_folder_with_its_name(tmp_path):
    images(tmp_path, 'train/0.png', 'train/1.png')
    for name in ('0.png', '1.png'):
        write(tmp_path / 'test' / name, 99)
    (tmp_path / 'trainLabels.csv').write_text('id,label\n0,a\n1,b\n')
    assert found(tmp_path / 'trainLabels.csv') == {0: 'a', 1: 'b'}
    (tmp_path / 'd.csv').write_text('id,label\n0,a\n1,b\n')
    with pytest.raises(DatasetError, match='its images are in test and in train'):
        open_dataset(str(tmp_path / 'd.csv'))


def test_csv_ignores_images_of_the_same_name_in_another_folder(tmp_path):
    images(tmp_path, 'train/0.png', 'other/1.png')
    (tmp_path / 'd.csv').write_text('file,label\ntrain/0.png,a\ntrain/1.png,b\n')
    with pytest.raises(DatasetError, match=r'd\.csv:3: field `file`: there is no train/1\.png'):
        open_dataset(str(tmp_path / 'd.csv'))


def test_csv_group_column_may_be_patient_id(tmp_path):
    images(tmp_path, '0.png', '1.png', '2.png')
    (tmp_path / 'd.csv').write_text(
        'Patient ID,filename,class\np1,0.png,a\np1,1.png,b\np2,2.png,b\n')
    data = open_dataset(str(tmp_path / 'd.csv'))
    assert data.groups.tolist() == ['p1', 'p1', 'p2']
    assert data.grouping == 'column `Patient ID`'


def test_csv_with_semicolons_reads_decimal_commas(tmp_path):
    (tmp_path / 'd.csv').write_text('a;b;label\n1,5;2;x\n-3,25;4;y\n')
    data = open_dataset(str(tmp_path / 'd.csv'))
    assert data.read(1).tolist() == [-3.25, 4.0]


@pytest.mark.parametrize(('text', 'words'), [
    ('file,label\n0.png,a\n0.png,b\n', 'd.csv:3: 0.png is b, and a in line 2'),
    ('file,a,b\n0.png,1,1\n', 'd.csv:2: one class an image is needed, received a, b'),
    ('file,a,b\n0.png,0,0\n', 'd.csv:2: one class an image is needed, received none')])
def test_csv_image_with_two_classes_is_refused(tmp_path, text, words):
    images(tmp_path, '0.png')
    (tmp_path / 'd.csv').write_text(text)
    with pytest.raises(DatasetError) as refused:
        open_dataset(str(tmp_path / 'd.csv'))
    assert words in str(refused.value)


def test_csv_parts_of_roboflow_are_read(tmp_path):
    for index, part in enumerate(('train', 'valid', 'test')):
        write(tmp_path / part / 'x.jpg', index)
        one_hot = ('1, 0', '0, 1', '1, 0')[index]
        (tmp_path / part / '_classes.csv').write_text(f'filename, Cat, Dog\nx.jpg, {one_hot}\n')
    (tmp_path / 'README.roboflow.txt').write_text('x')
    data = open_dataset(str(tmp_path))
    assert data.labels == ('Cat', 'Dog')
    assert data.parts.tolist() == ['test', 'train', 'val']
    assert data.skipped == ()
    held_out = open_dataset(str(tmp_path), part='val')
    assert [data.labels[index] for index in held_out.classes] == ['Dog']


def test_csv_several_tables_without_parts_are_refused(tmp_path):
    for name in ('a', 'b'):
        images(tmp_path / name, '0.png')
        (tmp_path / name / 'labels.csv').write_text('file,label\n0.png,x\n')
    with pytest.raises(DatasetError, match=r'several tables \(a/labels.csv, b/labels.csv\)'):
        open_dataset(str(tmp_path))
