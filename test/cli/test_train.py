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
from digiphys_ros.cli.main import main
import numpy as np
import pytest

RECIPE = """\
name: t
network: {name: article_cnn}
epochs: 1
batch: 8
preprocess: {width: 24, height: 24}
"""


def write(folder, *names):
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((8, 9, 3), index, np.uint8))
    return folder


def of_empty_class(folder):
    write(folder, *(f'{name}/{index}.png' for name in 'ab' for index in range(4)))
    (folder / 'c').mkdir()


def of_one_class(folder):
    write(folder, 'a/0.png', 'a/1.png')


def of_no_image(folder):
    (folder / 'a').mkdir(parents=True)
    (folder / 'a' / 'x.txt').write_text('hello')


def of_arrays(**arrays):
    images = {'x': np.zeros((8, 24, 24, 3), np.uint8), 'y': np.arange(8) % 2}

    def make(path):
        kept = {name: value for name, value in {**images, **arrays}.items()
                if value is not None}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **kept)
    return make


def of_bytes(content):
    def make(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return make


def of_table(text, *names):
    def make(path):
        write(path.parent, *names)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return make


def of_a_zip_with_a_broken_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w') as archive:
        for name in ('a/0.png', 'a/1.png', 'b/0.png', 'b/1.png'):
            archive.writestr(name, b'hello')


@pytest.mark.parametrize(('name', 'make', 'sentence'), [
    ('d', of_empty_class, 'd: no sample of the class c: add some or remove the class'),
    ('d', of_one_class, 'd: at least two classes are needed, received a'),
    ('d', of_no_image, 'd: holds no images'),
    ('d.npz', of_arrays(y=None), 'd.npz: needs an array `y`, found x'),
    ('d.npz', of_arrays(x=None, z=np.zeros(3)), 'd.npz: needs an array `x`, found y, z'),
    ('d.npz', of_arrays(y=np.arange(8) - 1), 'd.npz: `y[0]` is -1: out of range'),
    ('d.npz', of_arrays(y=np.arange(8) % 2 * 10 ** 9), 'd.npz: `y[1]` is 1000000000: out of'),
    ('d.npz', of_arrays(y=np.arange(8) % 2 * 9000), 'd.npz: no sample of the class 1, 2, 3'),
    ('d.npz', of_arrays(group=np.zeros((8, 2))), 'd.npz: `group` must hold one value for each'),
    ('d.npz', of_arrays(labels=np.array(['a', 'a'])), 'd.npz: class names must be unique'),
    ('d.npz', of_bytes(b'hello'), 'd.npz cannot be read as .npz'),
    ('d.zip', of_bytes(b'hello'), 'd.zip: cannot be read as .zip'),
    ('d.zip', of_bytes(b''), 'd.zip: cannot be read as .zip'),
    ('d.zip', of_a_zip_with_a_broken_image, '.png: this is not a JPEG, PNG'),
    ('d.csv', of_table('file,label\n0.png,a\n'), 'd.csv:2: field `file`: there is no 0.png'),
    ('d.csv', of_table('file,label\n0.png,\n', '0.png'), 'd.csv:2: needs a value for each of'),
    ('d.csv', of_bytes(b'\xff\xfe'), 'd.csv cannot be read as CSV'),
    ('d.jpg', of_bytes(b'hello'), 'd.jpg: is no data set; one is a folder'),
])
def test_train_bad_data_gets_one_sentence_and_no_bundle(tmp_path, capsys, name, make, sentence):
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    make(tmp_path / 'data' / name)
    assert main(['train', str(tmp_path / 'recipe.yaml'), '--data', str(tmp_path / 'data' / name),
                 '--out', str(tmp_path / 'b'), '--val-fraction', '0.5']) == 2
    output = capsys.readouterr().err.replace('\r', '\n').splitlines()[-1]
    assert output.startswith('digiphys: ') and sentence in output
    assert len(output) < 400
    assert not (tmp_path / 'b').exists()


@pytest.mark.parametrize(('name', 'labels', 'sentence'), [
    ('d.npz', 'a\nb\n', 'x[2]: label 2 is out of range, there are 2 classes (0 to 1)'),
    ('d.csv', 'a\nb\n', '2.png: label 2 is out of range, there are 2 classes (0 to 1)'),
])
def test_train_label_without_a_name_is_refused(tmp_path, capsys, name, labels, sentence):
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    (tmp_path / 'names.txt').write_text(labels)
    np.savez(tmp_path / 'd.npz', x=np.zeros((3, 8, 8), np.uint8), y=np.arange(3))
    of_table('file,label\n0.png,0\n1.png,1\n2.png,2\n', '0.png', '1.png', '2.png')(
        tmp_path / 'd.csv')
    assert main(['train', str(tmp_path / 'recipe.yaml'), '--data', str(tmp_path / name),
                 '--labels', str(tmp_path / 'names.txt'), '--out', str(tmp_path / 'b')]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(('more', 'sentence'), [
    ('lerning_rate: 3', 'recipe.yaml:6: field `lerning_rate`: there is no such field'),
    ('optimizer: {learning_rat: 3}', 'field `optimizer.learning_rat`'),
    ('loss: [', 'recipe.yaml:7: is not valid YAML'),
])
def test_train_wrong_recipe_is_named_with_its_line(tmp_path, capsys, more, sentence):
    (tmp_path / 'recipe.yaml').write_text(f'{RECIPE}{more}\n')
    of_arrays()(tmp_path / 'd.npz')
    assert main(['train', str(tmp_path / 'recipe.yaml'), '--data', str(tmp_path / 'd.npz'),
                 '--out', str(tmp_path / 'b')]) == 2
    output = capsys.readouterr().err
    assert sentence in output and output.count('\n') == 1


@pytest.mark.parametrize(('recipe', 'name', 'sentence'), [
    ('mlp', 'd.npz', 'field `preprocess` is missing: '),
    ('perceptron', 'd.csv', 'd.csv is a table of numbers without images to prepare'),
])
def test_train_recipe_and_data_of_different_type_are_refused(
        tmp_path, capsys, recipe, name, sentence):
    of_arrays()(tmp_path / 'd.npz')
    (tmp_path / 'd.csv').write_text('a,label\n' + '1,x\n2,y\n' * 4)
    assert main(['train', recipe, '--data', str(tmp_path / name), '--out', str(tmp_path / 'b'),
                 '--val-fraction', '0.5']) == 2
    output = capsys.readouterr().err.splitlines()[-1]
    assert sentence in output and str(tmp_path / name) in output
    assert not (tmp_path / 'b').exists()


@pytest.mark.parametrize('out', ['photos', 'notes.txt'])
def test_train_out_folder_that_is_not_a_bundle_is_refused_before_training(tmp_path, capsys, out):
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    of_arrays()(tmp_path / 'd.npz')
    write(tmp_path, 'photos/0.png')
    (tmp_path / 'notes.txt').write_text('hello')
    assert main(['train', str(tmp_path / 'recipe.yaml'), '--data', str(tmp_path / 'd.npz'),
                 '--out', str(tmp_path / out)]) == 2
    assert f'{out}: already exists and is not a bundle' in capsys.readouterr().err
    assert (tmp_path / 'photos' / '0.png').exists()
    assert (tmp_path / 'notes.txt').read_text() == 'hello'
    assert not (tmp_path / f'{out}.training').exists()


def test_train_validation_part_that_lacks_a_class_works(tmp_path, capsys):
    rng = np.random.default_rng(0)
    classes = np.arange(48) % 3
    images = rng.integers(0, 60, (48, 24, 24, 3), np.uint8)
    images[np.arange(48), :, :, classes] += 150
    np.savez(tmp_path / 'd.npz', x_train=images, y_train=classes,
             x_val=images[classes != 1], y_val=classes[classes != 1])
    (tmp_path / 'recipe.yaml').write_text(RECIPE.replace('epochs: 1', 'epochs: 6'))
    assert main(['train', str(tmp_path / 'recipe.yaml'), '--data', str(tmp_path / 'd.npz'),
                 '--val-fraction', 'part', '--out', str(tmp_path / 'b')]) == 0
    assert '"accuracy": 1.0' in capsys.readouterr().out
