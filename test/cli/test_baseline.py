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

from digiphys_ros.cli.main import main
import numpy as np
import pytest


@pytest.fixture
def data_path(tmp_path):
    """Return an .npz of images with horizontal or vertical stripes."""
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 2
    images = rng.integers(0, 40, (60, 32, 32)).astype(np.uint8)
    images[classes == 0, ::4] += 150
    images[classes == 1, :, ::4] += 150
    np.savez(tmp_path / 'd.npz', x=images, y=classes.astype(np.uint8))
    return tmp_path / 'd.npz'


def test_baseline_measures_both_models(data_path, tmp_path, capsys):
    assert main(['baseline', '--data', str(data_path), '--json', str(tmp_path / 'r.json')]) == 0
    reports = json.loads((tmp_path / 'r.json').read_text())
    assert set(reports) == {'tree', 'svm'}
    assert reports['svm']['accuracy'] > 0.9
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ['tree', 'svm']
    assert f'accuracy {reports["svm"]["accuracy"]:.4f}' in lines[1]
    assert 'on 12 samples' in lines[1]


def test_baseline_measures_only_the_named_model(data_path, capsys):
    assert main(['baseline', '--data', str(data_path), '--model', 'svm', '--json', '-']) == 0
    assert set(json.loads(capsys.readouterr().out)) == {'svm'}


@pytest.mark.parametrize(('words', 'reason'), [
    (['--model', 'forest'], 'forest'),
    (['--val-fraction', '1.5'], '--val-fraction 1.5'),
])
def test_baseline_wrong_arguments_are_refused(data_path, capsys, words, reason):
    assert main(['baseline', '--data', str(data_path), *words]) == 2
    assert reason in capsys.readouterr().err


def test_baseline_missing_data_is_refused(tmp_path, capsys):
    assert main(['baseline', '--data', str(tmp_path / 'nothing.npz')]) != 0
    assert 'nothing.npz' in capsys.readouterr().err
