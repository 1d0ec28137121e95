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


import json
import zipfile

import cv2
from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.resources import share_dir
import numpy as np
import pytest
import yaml

SIGNS = share_dir() / 'models' / 'traffic_signs'
KEYS = ('images', 'accuracy', 'balanced_accuracy', 'ece', 'per_class', 'robustness')


def report_of(capsys, *words):
    assert main(['evaluate', *map(str, words), '--json', '-']) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope='module')
def signs(data_dir, tmp_path_factory):
    """Return an .npz of real signs of the classes 3, 17 and 30."""
    folder = tmp_path_factory.mktemp('signs')
    with np.load(data_dir / 'gtsrb_train.npz') as arrays:
        y = arrays['y'].astype(np.int64)
        # some frames of four tracks each
        chosen = np.concatenate([np.flatnonzero(y == number)[:120:4] for number in (3, 17, 30)])
        np.savez(folder / 'test.npz', x=arrays['x'][chosen], y=y[chosen],
                 group=arrays['track'][chosen])
    return folder / 'test.npz'


@pytest.mark.parametrize('labels', [[], ['--labels', 'gtsrb']])
def test_evaluate_numeric_labels_are_the_classes_of_the_bundle(signs, capsys, labels):
    report = report_of(capsys, SIGNS, '--data', signs, '--robustness', '5', *labels)
    assert set(KEYS) <= report.keys()
    assert report['accuracy'] > 0.8 and report['balanced_accuracy'] > 0.8
    seen = {name: one['images'] for name, one in report['per_class'].items() if one['images']}
    assert set(seen) == {'speed limit 60', 'no entry', 'snow or ice'}
    assert sum(seen.values()) == report['images']
    assert report['robustness']['images'] == 5
    assert report['worst_group']['groups'] > 3


def test_evaluate_arrays_without_groups_work(signs, tmp_path, capsys):
    with np.load(signs) as arrays:
        np.savez(tmp_path / 'd.npz', x=arrays['x'], y=arrays['y'])
    report = report_of(capsys, SIGNS, '--data', tmp_path / 'd.npz', '--robustness', '0')
    assert report['accuracy'] > 0.8


@pytest.mark.parametrize('named', [True, False])
@pytest.mark.parametrize('packed', [True, False])
def test_evaluate_class_folders_by_name_or_number_work(
        signs, tmp_path, capsys, named, packed):
    labels = load_bundle(SIGNS).labels
    with np.load(signs) as arrays:
        pairs = list(zip(arrays['x'], arrays['y'].tolist(), strict=True))
    uri = tmp_path / 'd'
    for index, (image, number) in enumerate(pairs):
        folder = uri / (labels[number] if named else f'{number:05}')
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{index}.png'), image[:, :, ::-1])
    if packed:
        uri = tmp_path / 'd.zip'
        with zipfile.ZipFile(uri, 'w') as archive:
            for file in (tmp_path / 'd').rglob('*.png'):
                archive.write(file, file.relative_to(tmp_path).as_posix())
    report = report_of(capsys, SIGNS, '--data', uri, '--robustness', '0')
    assert report['images'] == len(pairs)
    assert report['accuracy'] > 0.8


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    """Return a bundle of two classes of gray images of 28x28, and its training data."""
    folder = tmp_path_factory.mktemp('shapes')
    classes = np.arange(80) % 2
    images = np.random.default_rng(0).integers(0, 60, (80, 28, 28), np.uint8)
    images[classes == 1, 8:20, 8:20] += 150
    np.savez(folder / 'test.npz', x=images, y=classes)
    np.savez(folder / 'named.npz', x=images, y=classes, labels=np.array(['normal', 'ill']))
    (folder / 'recipe.yaml').write_text(yaml.safe_dump({
        'name': 'shapes', 'network': {'name': 'article_cnn'}, 'epochs': 5, 'batch': 16,
        'preprocess': {'width': 28, 'height': 28, 'color': 'mono'}}))
    assert main(['train', str(folder / 'recipe.yaml'), '--data', str(folder / 'named.npz'),
                 '--out', str(folder / 'bundle')]) == 0
    return folder


@pytest.mark.parametrize('name', ['test.npz', 'named.npz', 'color.npz', 'part'])
def test_evaluate_gray_images_of_two_classes_work(shapes, tmp_path, capsys, name):
    with np.load(shapes / 'test.npz') as arrays:
        x, y = arrays['x'], arrays['y']
    np.savez(shapes / 'color.npz', x=np.stack([x] * 3, -1), y=y[:, None])
    np.savez(shapes / 'parts.npz', test_images=x, test_labels=y, train_images=x[:0],
             train_labels=y[:0])
    words = ['--data', shapes / 'parts.npz', '--part', 'test'] if name == 'part' else \
        ['--data', shapes / name]
    report = report_of(capsys, shapes / 'bundle', *words, '--robustness', '4')
    assert report['accuracy'] == 1.0
    assert list(report['per_class']) == ['normal', 'ill']
    assert report['robustness']['fgsm_px']


def test_evaluate_single_image_has_figures(shapes, tmp_path, capsys):
    with np.load(shapes / 'test.npz') as arrays:
        np.savez(tmp_path / 'd.npz', x=arrays['x'][1:2], y=arrays['y'][1:2])
    report = report_of(capsys, shapes / 'bundle', '--data', tmp_path / 'd.npz')
    assert (report['images'], report['accuracy']) == (1, 1.0)


@pytest.mark.parametrize(('words', 'code', 'sentence'), [
    (['--data', '{d}/table.npz'], 2, 'table.npz: holds a table of numbers, and a bundle is for'),
    (['--data', '{d}/good.npz', '--outliers', '{d}/table.npz'], 2, 'table.npz: holds a table'),
    (['--data', '{d}/more.npz'], 2, 'more.npz: the bundle has no class "44", it has 44: speed'),
    (['--data', '{d}/more.npz'], 2, '; the first of "44" is x[1].'),
    (['--data', '{d}/named.npz'], 2, 'named.npz: the bundle has no class "x", it has 44: speed'),
    (['--data', '{d}/good.npz', '--limit', '-3'], 2, '--limit at least 1, received 0 and -3'),
    (['--data', '{d}/good.npz', '--limit', '0'], 2, '--limit at least 1'),
    (['--data', '{d}/good.npz', '--robustness', '-1'], 2, '--robustness must be at least 0'),
    (['--data', '{d}/good.npz', '--part', 'best'], 2, "argument --part: invalid choice: 'best'"),
    (['--data', '{d}/good.npz', '--plot', '/nowhere/r.png'], 2, '--plot /nowhere/r.png: cannot'),
    (['--data', '{d}/good.npz', '--plot', '{d}/r.xyz'], 2, 'r.xyz: cannot be written'),
    (['--data', '{d}/good.npz', '--json', '/nowhere/r.json'], 2, '--json /nowhere/r.json: cannot'),
])
def test_evaluate_invalid_input_gets_one_sentence(tmp_path, capsys, words, code, sentence):
    x, y = np.zeros((6, 32, 32, 3), np.uint8), np.arange(6) % 2
    np.savez(tmp_path / 'good.npz', x=x, y=y)
    np.savez(tmp_path / 'table.npz', x=np.zeros((6, 784)), y=y)
    np.savez(tmp_path / 'more.npz', x=x, y=y * 44)
    np.savez(tmp_path / 'named.npz', x=x, y=y, labels=np.array(['stop', 'x']))
    quick = [] if '--robustness' in words else ['--robustness', '0']
    assert main(['evaluate', str(SIGNS), *[word.format(d=tmp_path) for word in words],
                 *quick]) == code
    output = capsys.readouterr().err.replace('\r', '\n').splitlines()[-1]
    assert output.startswith('digiphys: ') and sentence in output
    assert len(output) < 500
