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
import pickle

import cv2
from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.learning.held_out import held_out_in
import numpy as np
import pytest

RECIPE = """\
name: t
network: {name: perceptron}
epochs: 1
batch: 8
preprocess: {width: 8, height: 8}
"""
LEFT_OUT = '10 samples of the test part are left out: they are for digiphys evaluate --part test\n'


def random_images(count):
    """Return noise that is bright where its class, in turn, is 1."""
    images = np.random.default_rng(0).integers(0, 90, (count, 32, 32, 3)).astype(np.uint8)
    images[1::2] += 150
    return images, np.arange(count) % 2


def of_batches(folder):
    folder.mkdir()
    images, classes = random_images(50)
    planes = images.transpose(0, 3, 1, 2).reshape(50, -1)
    for name, chosen in (('data_batch_1', slice(40)), ('test_batch', slice(40, 50))):
        (folder / name).write_bytes(pickle.dumps(
            {b'data': planes[chosen], b'labels': classes[chosen].tolist()}))
    return folder


def of_folders(folder, parts=(('train', 40), ('test', 10))):
    for part, count in parts:
        for index, (image, label) in enumerate(zip(*random_images(count), strict=True)):
            path = folder / part / 'ab'[label] / f'{index}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), image)
    return folder


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    return tmp_path / 'recipe.yaml'


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Return a folder with a bundle trained with a tenth held out, and its data."""
    folder = tmp_path_factory.mktemp('trained')
    (folder / 'recipe.yaml').write_text(RECIPE)
    of_folders(folder / 'd')
    assert main(['train', str(folder / 'recipe.yaml'), '--data', str(folder / 'd'), '--out',
                 str(folder / 'b'), '--val-fraction', '0.1', '--seed', '3']) == 0
    return folder


@pytest.mark.parametrize('make', [of_batches, of_folders])
def test_no_subcommand_trains_on_the_test_part(recipe, tmp_path, capsys, make):
    data = ['--data', str(make(tmp_path / 'd'))]
    report = str(tmp_path / 'r.json')
    assert main(['train', str(recipe), *data, '--out', str(tmp_path / 'b')]) == 0
    assert LEFT_OUT in capsys.readouterr().err
    manifest = load_bundle(tmp_path / 'b').manifest
    assert manifest.provenance['training_images'] == 32
    assert manifest.metrics['held-out groups']['images'] == 8
    assert 'whole groups, the test part left out.' in (
        tmp_path / 'b' / 'MODEL_CARD.md').read_text()
    assert main(['baseline', *data, '--model', 'tree', '--json', report]) == 0
    assert LEFT_OUT in capsys.readouterr().err
    measured = json.loads((tmp_path / 'r.json').read_text())['tree']
    assert (measured['training_images'], measured['images']) == (32, 8)
    assert main(['export', str(tmp_path / 'b'), *data, '--formats', 'keras', '--json',
                 report]) == 0
    output = capsys.readouterr().err
    assert LEFT_OUT in output and 'held out here' not in output
    assert json.loads((tmp_path / 'r.json').read_text())['formats'][0]['images'] == 8


def test_split_manifest_does_not_train_on_the_test_part(recipe, tmp_path, capsys):
    data = ['--data', str(of_folders(tmp_path / 'd'))]
    split = tmp_path / 's.json'
    assert main(['data', 'split', data[1], '--out', str(split)]) == 0
    assert main(['train', str(recipe), *data, '--split', str(split), '--out',
                 str(tmp_path / 'b')]) == 0
    assert LEFT_OUT in capsys.readouterr().err
    manifest = load_bundle(tmp_path / 'b').manifest
    assert manifest.provenance['training_images'] + \
        manifest.metrics['held-out groups']['images'] == 40
    assert manifest.provenance['validation'] == {'split': 's.json'}
    assert main(['export', str(tmp_path / 'b'), *data]) == 2
    assert 'trained with --split s.json: give that file' in capsys.readouterr().err


def test_train_joins_training_and_validation_parts_by_default(
        recipe, tmp_path, capsys):
    data = ['--data', str(of_folders(tmp_path / 'd', (('train', 30), ('val', 10), ('test', 10))))]
    words = ['train', str(recipe), *data, '--out', str(tmp_path / 'b')]
    assert main(words) == 0
    assert load_bundle(tmp_path / 'b').manifest.provenance['training_images'] == 32
    assert main([*words, '--val-fraction', 'part']) == 0
    provenance = load_bundle(tmp_path / 'b').manifest.provenance
    assert provenance['training_images'] == 30
    assert provenance['validation'] == {'part': 'val'}
    capsys.readouterr()
    assert main(['baseline', *data, '--val-fraction', 'part', '--model', 'tree', '--json',
                 '-']) == 0
    assert json.loads(capsys.readouterr().out)['tree']['images'] == 10
    assert main([*words, '--val-fraction', 'part', '--split', 's.json']) == 2
    assert '--split and --val-fraction part both choose' in capsys.readouterr().err


def test_train_on_a_test_part_is_refused(recipe, tmp_path, capsys):
    images, classes = random_images(10)
    np.savez(tmp_path / 'd.npz', x_test=images, y_test=classes)
    assert main(['train', str(recipe), '--data', str(tmp_path / 'd.npz'), '--out',
                 str(tmp_path / 'b')]) == 2
    assert 'd.npz: has only a test part' in capsys.readouterr().err


@pytest.mark.parametrize(('words', 'images', 'warned'), [
    ([], 4, False),
    (['--val-fraction', '0.1', '--seed', '3'], 4, False),
    (['--val-fraction', '0.2'], 8, True),
    (['--seed', '0'], 4, True),
])
def test_export_holds_out_the_images_of_the_training(
        trained, tmp_path, capsys, words, images, warned):
    assert main(['export', str(trained / 'b'), '--data', str(trained / 'd'), '--formats', 'keras',
                 '--json', str(tmp_path / 'r.json'), *words]) == 0
    output = capsys.readouterr().err
    assert ('held out here: fraction' in output) is warned
    assert ('; in training: fraction 0.1, seed 3: some' in output) is warned
    assert json.loads((tmp_path / 'r.json').read_text())['formats'][0]['images'] == images


@pytest.mark.parametrize(('provenance', 'record'), [
    ({'command': 'digiphys train a --data d --validation 0.1'}, {'fraction': 0.1, 'seed': 0}),
    ({'command': 'digiphys train a --data d --seed 4'}, {'fraction': 0.2, 'seed': 4}),
    ({'command': 'digiphys train a --data d', 'recipe': {'seed': 5}},
     {'fraction': 0.2, 'seed': 5}),
    ({'command': 'digiphys train a --data d --validation part'}, {'part': 'val'}),
    ({'command': 'digiphys train a --data d --split s.json'}, {'split': 's.json'}),
    ({'command': 'digiphys train a', 'validation': {'fraction': 0.3, 'seed': 1}},
     {'fraction': 0.3, 'seed': 1}),
    ({'command': 'digiphys train a', 'validation': {'share': 0.3, 'seed': 1}},
     {'fraction': 0.3, 'seed': 1}),
    ({'command': 'by hand'}, {}),
    ({}, {}),
])
def test_held_out_in_reads_records_and_commands_of_older_bundles(provenance, record):
    assert held_out_in(provenance) == record


@pytest.mark.parametrize(('words', 'images', 'sentence'), [
    ([], 50, 'the parts test (10) and train (40) are joined; --part takes one of them'),
    (['--part', 'test'], 10, ''),
    (['--validation'], 4, LEFT_OUT),
    (['--val-fraction', '0.2'], 8,
     'held out here: fraction 0.2, seed 3; in training: fraction 0.1'),
])
def test_evaluate_reports_its_images(trained, capsys, words, images, sentence):
    assert main(['evaluate', str(trained / 'b'), '--data', str(trained / 'd'), '--robustness',
                 '0', '--json', '-', *words]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)['images'] == images
    assert sentence in output.err
    assert sentence or 'joined' not in output.err


@pytest.mark.parametrize('tolerance', ['-1', 'nan', '1'])
def test_export_tolerance_outside_zero_to_one_is_refused(trained, capsys, tolerance):
    assert main(['export', str(trained / 'b'), '--data', str(trained / 'd'), '--tolerance',
                 tolerance]) == 2
    assert f'--tolerance {float(tolerance)}: must be' in capsys.readouterr().err
