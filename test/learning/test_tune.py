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
import subprocess
import sys
import time

from digiphys_ros.cli.main import main
from digiphys_ros.learning.recipe import load_recipe
import numpy as np
import pytest
import yaml

RANGES = {'optimizer.learning_rate': {'low': 0.0001, 'high': 0.01, 'log': True},
          'batch': {'low': 8, 'high': 16}, 'loss.name': {'choices': ['crossentropy', 'mse']}}

CHOICES = {'loss.name': {'choices': ['crossentropy', 'mse']}}


def words(colors, recipe, folder, trials):
    return ['tune', str(recipe), '--data', str(colors / 'd.npz'), '--study',
            str(folder / 's.db'), '--out', str(folder / 'best.yaml'), '--trials', str(trials),
            '--json', str(folder / 'r.json'), '--plot', str(folder / 's.png')]


def test_tune_finds_a_recipe_and_continues(colors, recipe_file, tmp_path, capsys):
    recipe = recipe_file(epochs=1, tune=RANGES)
    assert main(words(colors, recipe, tmp_path, 2)) == 0
    report = json.loads((tmp_path / 'r.json').read_text())
    assert len(report['trials']) == 2
    best = max(report['trials'], key=lambda trial: trial['accuracy'] or 0)
    assert report['best']['accuracy'] == best['accuracy']
    assert 0.0001 <= best['values']['optimizer.learning_rate'] <= 0.01
    found = load_recipe(tmp_path / 'best.yaml')
    assert found.batch == best['values']['batch']
    assert found.loss.name == best['values']['loss.name']
    assert (tmp_path / 's.png').stat().st_size > 5000
    # a second call, as by another worker or after a break, adds what is missing
    assert main(words(colors, recipe, tmp_path, 3)) == 0
    again = json.loads((tmp_path / 'r.json').read_text())
    assert again['trials'][:2] == report['trials']
    assert len(again['trials']) == 3


def test_tune_with_two_workers_on_one_study(colors, recipe_file, tmp_path):
    recipe = recipe_file(epochs=1, tune=RANGES)
    other = subprocess.Popen(
        [sys.executable, '-m', 'digiphys_ros.cli.main', *words(colors, recipe, tmp_path, 4)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # this process is the second worker, as soon as the first has begun
    while not (tmp_path / 's.db').exists():
        assert other.poll() is None, other.stderr.read()
        time.sleep(0.05)
    assert main(words(colors, recipe, tmp_path, 4)) == 0
    output = other.communicate()[1]
    assert other.returncode == 0, output
    trials = json.loads((tmp_path / 'r.json').read_text())['trials']
    # each may have had one in hand when the fourth was done
    assert 4 <= len(trials) <= 5
    assert len({json.dumps(trial['values']) for trial in trials}) == len(trials)


@pytest.fixture(scope='module')
def begun(colors, tmp_path_factory):
    """Return a folder with a study of one trial."""
    folder = tmp_path_factory.mktemp('begun')
    recipe = folder / 'recipe.yaml'
    recipe.write_text(yaml.safe_dump({
        'name': 'colors', 'network': {'name': 'article_cnn'}, 'description': 'one',
        'preprocess': {'width': 24, 'height': 24}, 'epochs': 1, 'batch': 16, 'tune': CHOICES}))
    assert main(words(colors, recipe, folder, 1)) == 0
    return folder


@pytest.mark.parametrize(('changes', 'extra', 'sentence'), [
    ({'batch': 9}, [], 'different recipe, and do not compare: name another file with --study'),
    ({}, ['--data', 'more.npz'], 'different data and split'),
    ({}, ['--val-fraction', '0.4'], 'different split'),
    ({}, ['--epochs', '2'], 'different epochs'),
    ({'tune': {'batch': {'low': 8, 'high': 16}}}, [], 'different fields to search'),
    ({'tune': {'loss.name': {'choices': ['mse', 'binary_crossentropy']}}}, [],
     'field `tune.loss.name`: the study has other choices'),
])
def test_tune_refuses_a_study_with_other_inputs(
        colors, begun, recipe_file, tmp_path, capsys, monkeypatch, changes, extra, sentence):
    monkeypatch.chdir(tmp_path)
    with np.load(colors / 'd.npz') as arrays:
        np.savez('more.npz', **{name: arrays[name][:120] for name in arrays})
    recipe = recipe_file(**{'epochs': 1, 'description': 'the same', 'tune': CHOICES, **changes})
    assert main([*words(colors, recipe, begun, 2), *extra]) == 2
    output = capsys.readouterr().err.replace('\r', '\n')
    assert sentence in output.splitlines()[-1] and 'Traceback' not in output


def test_tune_uses_the_validation_part(colors, recipe_file, tmp_path):
    with np.load(colors / 'd.npz') as arrays:
        np.savez(tmp_path / 'p.npz', x_train=arrays['x'], y_train=arrays['y'],
                 x_val=arrays['x'][:30], y_val=arrays['y'][:30])
    assert main([*words(colors, recipe_file(epochs=1, tune=RANGES), tmp_path, 1), '--data',
                 str(tmp_path / 'p.npz'), '--val-fraction', 'part']) == 0
    assert json.loads((tmp_path / 'r.json').read_text())['validation_images'] == 30


@pytest.mark.parametrize(('changes', 'extra', 'code', 'sentence'), [
    ({}, [], 2, 'field `tune` is empty'),
    ({'tune': RANGES}, ['--trials', '0'], 2, '--trials must be at least 1'),
    ({'tune': RANGES}, ['--study', '/nowhere/s.db'], 2, 'study /nowhere/s.db: cannot be opened'),
    ({'tune': {'optimizer.speed': {'low': 1, 'high': 2}}}, [], 2, 'optimizer.speed'),
])
def test_tune_wrong_arguments_print_one_sentence(
        colors, recipe_file, tmp_path, capsys, changes, extra, code, sentence):
    recipe = recipe_file(epochs=1, **changes)
    assert main([*words(colors, recipe, tmp_path, 1), *extra]) == code
    assert sentence in capsys.readouterr().err.splitlines()[-1]
