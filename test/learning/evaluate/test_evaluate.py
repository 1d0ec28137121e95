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
from pathlib import Path
import subprocess
import sys

import cv2
from digiphys_ros.cli.main import main
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.evaluate.evaluate import match_labels
import numpy as np
import pytest


def test_evaluate_reports_a_trained_bundle(bundle, colors, tmp_path, capsys):
    np.savez(tmp_path / 'gray.npz', x=np.full((20, 24, 24, 3), 120, np.uint8),
             y=np.arange(20) % 2)
    code = main(['evaluate', str(bundle), '--data', str(colors / 'd.npz'), '--labels',
                 str(colors / 'names.txt'), '--val-fraction', '0.2', '--outliers',
                 str(tmp_path / 'gray.npz'), '--robustness', '20', '--baselines', '--json',
                 str(tmp_path / 'r.json'), '--plot', str(tmp_path / 'r.png')])
    assert code == 0
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['images'] == 36
    assert report['accuracy'] > 0.9
    assert report['balanced_accuracy'] > 0.9
    assert 0 <= report['ece'] <= 1
    assert {name: one['images'] for name, one in report['per_class'].items()} == {
        'red': 12, 'green': 12, 'blue': 12}
    assert report['outliers']['images'] == 20
    assert report['outliers']['auroc'] > 0.8
    robustness = report['robustness']
    assert robustness['images'] == 20
    assert all(len(values) == 5 for values in robustness['corruptions'].values())
    steps = list(robustness['fgsm_px'].values())
    assert steps == sorted(steps, reverse=True)
    assert [one['name'] for one in report['baselines']] == ['tree', 'svm']
    assert all(one['images'] == 36 and one['training_images'] == 144
               and 0 <= one['balanced_accuracy'] <= 1 for one in report['baselines'])
    assert (tmp_path / 'r.png').stat().st_size > 30_000
    described = (Path(__file__).parents[3] / 'docs' / 'reference' / 'reports.md').read_text()
    for keys in (report, robustness):
        assert [key for key in keys if f'| `{key}` |' not in described] == []
    assert 'accuracy           ' in capsys.readouterr().out


def test_evaluate_gray_images_skip_color_corruptions(bundle, tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / 'gray.npz', x=rng.integers(0, 256, (70, 24, 24), np.uint8),
             y=np.arange(70) % 2)
    assert main(['evaluate', str(bundle), '--data', str(tmp_path / 'gray.npz'), '--json',
                 str(tmp_path / 'r.json'), '--plot', str(tmp_path / 'r.png')]) == 0
    robustness = json.loads((tmp_path / 'r.json').read_text())['robustness']
    assert (robustness['images'], robustness['color_images']) == (70, 0)
    assert robustness['corruptions'].pop('color_temperature') is None
    assert robustness['mean_accuracy_corrupted'] == pytest.approx(
        np.mean(list(robustness['corruptions'].values())), abs=1e-4)
    assert 'over 11 corruptions' in capsys.readouterr().out


LIMITED = """
import resource
import sys

from digiphys_ros.cli.main import main
from digiphys_ros.learning.datasets.memory import _fields

bundle, warm, large, room, report = sys.argv[1:]
assert main(['evaluate', bundle, '--data', warm, '--robustness', '70']) == 0
used = _fields('/proc/self/status')['VmData']
resource.setrlimit(resource.RLIMIT_DATA, (used + int(room), resource.RLIM_INFINITY))
sys.exit(main(['evaluate', bundle, '--data', large, '--json', report]))
"""


def test_evaluate_photographs_larger_than_the_memory(bundle, colors, tmp_path):
    count, room = 24, 120 << 20
    for index in range(count):
        file = tmp_path / 'photographs' / str(index % 3) / f'{index}.jpg'
        file.parent.mkdir(parents=True, exist_ok=True)
        image = np.zeros((1800, 2400, 3), np.uint8)
        image[:, :, 2 - index % 3] = 180
        assert cv2.imwrite(str(file), image)
    assert image.nbytes * count > 2 * room
    done = subprocess.run(
        [sys.executable, '-c', LIMITED, str(bundle), str(colors / 'd.npz'),
         str(tmp_path / 'photographs'), str(room), str(tmp_path / 'r.json')],
        capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((tmp_path / 'r.json').read_text())
    assert report['images'] == report['robustness']['images'] == count
    assert report['accuracy'] == report['robustness']['accuracy'] == 1.0


def test_evaluate_metrics_equal_those_of_the_training(bundle, colors, tmp_path):
    main(['evaluate', str(bundle), '--data', str(colors / 'd.npz'), '--labels',
          str(colors / 'names.txt'), '--val-fraction', '0.2', '--robustness', '0', '--json',
          str(tmp_path / 'r.json')])
    report = json.loads((tmp_path / 'r.json').read_text())
    card = json.loads((bundle / 'bundle.json').read_text())['metrics']['held-out groups']
    assert report['accuracy'] == card['accuracy']
    assert report['ece'] == pytest.approx(card['ece'], abs=1e-4)
    assert report['robustness'] == {'images': 0}
    # what is fitted on these images is stated as measured on others
    crossed = card['cross_fitted']
    assert crossed.keys() == {'ece', 'answered', 'accuracy_of_answers'}
    text = (bundle / 'MODEL_CARD.md').read_text()
    assert f'| {crossed["ece"]:.4f} | {crossed["answered"]:.4f} |' in text
    assert 'answers are cross-fitted' in text


@pytest.mark.parametrize(('words', 'code', 'sentence'), [
    (['--part', 'val'], 2, 'has no part "val"'),
    (['--part', 'val', '--val-fraction', '0.2'], 2,
     '--part and --val-fraction both choose images'),
    (['--baselines'], 2,
     'which images to train them on: give --validation, --val-fraction FRACTION or --split'),
    (['--engine', 'magic'], 2, 'engine "magic" is unknown'),
    (['--outliers', 'nowhere'], 2, 'nowhere: no such file or folder'),
])
def test_evaluate_wrong_arguments_print_one_sentence(
        bundle, colors, capsys, words, code, sentence):
    assert main(['evaluate', str(bundle), '--data', str(colors / 'd.npz'), *words]) == code
    assert sentence in capsys.readouterr().err.splitlines()[-1]


def numbered(labels, classes):
    return in_memory('d', labels, np.zeros((len(classes), 4, 4, 3), np.uint8),
                     np.asarray(classes, np.int64))


@pytest.mark.field(
    'keras-team/keras #3054', 'the order of class folders is not that of the labels')
def test_match_labels_by_name_or_number():
    by_name = match_labels(numbered(('stop', 'go'), [0, 1]), ('go', 'wait', 'stop'))
    assert by_name.classes.tolist() == [2, 0]
    by_number = match_labels(numbered(('0', '1'), [0, 1]), ('go', 'wait', 'stop'))
    assert by_number.classes.tolist() == [0, 1]
    with pytest.raises(DatasetError, match='the bundle has no class "turn"'):
        match_labels(numbered(('stop', 'turn'), [0, 1]), ('go', 'wait', 'stop'))
    with pytest.raises(DatasetError, match=r'no class "3", it has 3: go, wait, stop: .*0 to 2'):
        match_labels(numbered(('0', '1', '2', '3'), [0, 3]), ('go', 'wait', 'stop'))


def test_match_labels_number_is_its_class_despite_gaps():
    # folders 00003 and 00017 alone, and arrays of numbers that have no sample of some
    folders = match_labels(numbered(('00001', '00002'), [0, 1]), ('go', 'wait', 'stop'))
    assert folders.classes.tolist() == [1, 2]
    # a bundle trained on folders that are named by numbers knows these
    padded = match_labels(numbered(('1', '2', '10'), [2, 0]), ('01', '02', '10'))
    assert padded.classes.tolist() == [2, 0]
    several = match_labels(numbered(tuple('0123'), [1, 2]), ('go', 'wait', 'stop'))
    assert several.classes.tolist() == [1, 2]


def test_match_labels_ignores_names_without_samples():
    data = match_labels(numbered(('stop', 'turn', 'go'), [0, 2]), ('go', 'wait', 'stop'))
    assert data.classes.tolist() == [2, 0]
