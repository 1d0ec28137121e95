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

from contextlib import contextmanager
from dataclasses import replace
import json
import os
import resource
import signal
import subprocess
import sys
import time

from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train import train
from digiphys_ros.learning.train.log import Curves
from digiphys_ros.learning.train.train import material_of
from digiphys_ros.perception import Classifier, create_engine
from digiphys_ros.perception.frame import Frame
import numpy as np
import pytest
import yaml


def command(colors, recipe, out, *words):
    return ['train', str(recipe), '--data', str(colors / 'd.npz'), '--labels',
            str(colors / 'names.txt'), '--out', str(out), *words]


def test_train_writes_a_bundle_that_classifies(trained):
    folder, code = trained
    assert code == 0
    bundle = load_bundle(folder / 'bundle')
    assert bundle.labels == ('red', 'green', 'blue')
    classifier = Classifier(bundle, create_engine(bundle)[0])
    blue = np.full((100, 80, 3), 30, np.uint8)
    blue[..., 2] = 180
    assert classifier(Frame(blue, 'rgb')).scores[0][0] == 'blue'


def test_train_reports_its_metrics(trained):
    folder, _ = trained
    report = json.loads((folder / 'report.json').read_text())
    figures = report['metrics']['held-out groups']
    assert figures['images'] == 36
    assert figures['accuracy'] > 0.9
    assert len(report['history']) == 4
    card = (folder / 'bundle' / 'MODEL_CARD.md').read_text()
    assert f'| held-out groups | 36 | {figures["accuracy"]:.4f}' in card
    log = (folder / 'bundle.training' / 'log.csv').read_text().splitlines()
    assert log[0].startswith('epoch,accuracy,loss,val_accuracy,val_loss')
    assert len(log) == 5
    assert (folder / 'bundle.training' / 'curves.png').stat().st_size > 5000
    assert list((folder / 'bundle.training' / 'tensorboard').iterdir())


def test_curves_are_not_redrawn_at_once(tmp_path):
    history = [{name: 1.0 / epoch for name in ('loss', 'accuracy', 'val_loss', 'val_accuracy')}
               for epoch in range(1, 4)]
    curves, path = Curves(tmp_path), tmp_path / 'curves.png'
    curves.grow(history[:2])
    first = path.read_bytes()
    curves.grow(history)
    assert path.read_bytes() == first
    curves.draw(history)
    assert path.read_bytes() != first


def test_train_with_ambiguous_images_abstains_on_them(colors, recipe_file,
                                                      tmp_path):
    ambiguous = {'fraction': 0.4, 'corruptions': {'contrast': 5, 'darkness': 5}}
    assert main(command(colors, recipe_file(epochs=30, ambiguous=ambiguous), tmp_path / 'b')) == 0
    bundle = load_bundle(tmp_path / 'b')
    figures = bundle.manifest.metrics['held-out groups']
    assert figures['answered'] > 0.9
    assert figures['ambiguous_answered'] < 0.2
    assert f'contrast from strength 5, darkness from strength 5) it answers ' \
        f'{figures["ambiguous_answered"]:.4f}' in (tmp_path / 'b/MODEL_CARD.md').read_text()
    classifier = Classifier(bundle, create_engine(bundle)[0])
    images = np.load(colors / 'd.npz')['x'][:30]
    for light, abstained in ((1.0, False), (0.1, True)):
        answers = [classifier(Frame((image * light).astype(np.uint8), 'rgb')) for image in images]
        assert np.mean([one.abstained is abstained for one in answers]) > 0.8


def test_golden_frames_are_not_images_of_the_data(trained, colors):
    frames, _ = load_bundle(trained[0] / 'bundle').golden()
    images = np.load(colors / 'd.npz')['x']
    assert frames.shape[1:] != images.shape[1:]


@pytest.mark.field(
    'tensorflow/tensorflow #27049', 'a training that is resumed gives another result')
def test_train_killed_resumes_to_the_same_weights(colors, recipe_file, tmp_path):
    recipe = recipe_file(epochs=6, augment={'crop': 0.1, 'noise': 0.05, 'mixup': 0.2},
                         early_stopping={'patience': 5})
    assert main(command(colors, recipe, tmp_path / 'whole')) == 0
    killed = subprocess.Popen(
        [sys.executable, '-m', 'digiphys_ros.cli.main',
         *command(colors, recipe, tmp_path / 'broken')],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / 'broken.training' / 'checkpoint.npz'
    # killed as soon as there is a checkpoint: most likely in the middle of an epoch
    while not checkpoint.exists():
        assert killed.poll() is None, killed.stderr.read()
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / 'broken').exists()
    with np.load(checkpoint) as saved:
        assert len(json.loads(str(saved['state']))['history']) < 6
    assert main(command(colors, recipe, tmp_path / 'broken', '--resume')) == 0
    whole, broken = (load_bundle(tmp_path / run) for run in ('whole', 'broken'))
    # to the last bit: what the weights make of the golden frames, and all figures
    np.testing.assert_array_equal(whole.golden()[1], broken.golden()[1])
    assert whole.manifest.metrics == broken.manifest.metrics


def test_resume_with_another_recipe_is_refused(colors, recipe_file, tmp_path, capsys):
    assert main(command(colors, recipe_file(epochs=1), tmp_path / 'b')) == 0
    code = main(command(colors, recipe_file(epochs=1, batch=8), tmp_path / 'b', '--resume'))
    assert code == 2
    assert 'another recipe or other data: start without --resume' in capsys.readouterr().err


@pytest.mark.field('Nerogar/OneTrainer #1147', 'training goes on although its loss is NaN')
def test_train_with_a_non_finite_loss_leaves_no_bundle(
        colors, recipe_file, tmp_path, capsys):
    recipe = recipe_file(optimizer={'name': 'sgd', 'learning_rate': 1e20})
    assert main(command(colors, recipe, tmp_path / 'b')) == 2
    output = capsys.readouterr().err.splitlines()[-1]
    assert output.startswith('digiphys: recipe ')
    assert 'in epoch 1' in output and 'lower the field `optimizer.learning_rate`' in output
    assert not (tmp_path / 'b').exists()


@contextmanager
def small_disk(file_bytes):
    """Let no file grow beyond this size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_train_on_a_full_disk_keeps_the_last_checkpoint(colors, recipe_file, tmp_path, capsys):
    with small_disk(100_000):
        code = main(command(colors, recipe_file(epochs=2), tmp_path / 'b'))
    output = capsys.readouterr().err
    assert code == 2
    assert 'checkpoint.npz: cannot be written' in output
    assert 'Traceback' not in output
    assert not [path for path in (tmp_path / 'b.training').iterdir() if 'new' in path.name]


@pytest.mark.field(
    'eg4000/SKU110K_CVPR19 #23', 'training ends at a broken image that is not named')
def test_train_truncated_image_is_named(tmp_path, recipe_file, capsys):
    import cv2
    for index, (label, value) in enumerate([('a', 10), ('b', 200)] * 6):
        (tmp_path / 'data' / label).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / 'data' / label / f'{index}.png'),
                    np.full((24, 24, 3), value + index, np.uint8))
    broken = tmp_path / 'data' / 'a' / '4.png'
    broken.write_bytes(broken.read_bytes()[:60])
    code = main(['train', str(recipe_file(epochs=1, augment={'noise': 0.1})), '--data',
                 str(tmp_path / 'data'), '--out', str(tmp_path / 'b')])
    assert code == 2
    output = capsys.readouterr().err
    assert 'a/4.png: the PNG file ends too early' in output.splitlines()[-1]


@pytest.mark.parametrize(('words', 'sentence'), [
    (['--val-fraction', '1.5'], '--val-fraction 1.5: a fraction between 0 and 1'),
    (['--set', 'epochs'], '--set epochs: FIELD=VALUE'),
    (['--set', 'optimizer.color=3'], 'optimizer.color'),
    (['--epochs', '0'], 'epochs'),
    (['--labels', 'nowhere'], '"nowhere.txt" was not found'),
])
def test_train_wrong_arguments_print_one_sentence(colors, recipe_file, tmp_path, capsys, words,
                                                  sentence):
    code = main([*command(colors, recipe_file(), tmp_path / 'b'), *words])
    output = capsys.readouterr().err
    assert code == 2
    assert sentence in output
    assert output.count('\n') == 1


@pytest.mark.parametrize('changes', [
    {'loss': {'name': 'mse'}, 'optimizer': {'name': 'adamw', 'weight_decay': 0.01}},
    {'loss': {'name': 'binary_crossentropy', 'label_smoothing': 0.1},
     'class_weights': 'balanced', 'schedule': {'name': 'cosine', 'warmup_epochs': 1}},
    {'optimizer': {'name': 'sgd', 'learning_rate': 0.05, 'momentum': 0.9, 'nesterov': True,
                   'weight_decay': 0.001}, 'lora': {'rank': 4}, 'epochs': 8},
])
def test_train_with_each_option_learns_the_colors(colors, tmp_path, changes):
    recipe = Recipe.model_validate({
        'name': 'c', 'network': {'name': 'article_cnn'}, 'batch': 16, 'epochs': 6,
        'preprocess': {'width': 24, 'height': 24}, **changes})
    data = open_dataset(str(colors / 'd.npz'))
    result = train(recipe, data.take(range(120)), {'rest': data.take(range(120, 180))},
                   tmp_path / 'c', work=tmp_path / 'work')
    assert result.bundle.manifest.metrics['rest']['accuracy'] > 0.9


def test_train_with_a_background_class(tmp_path, recipe_file, data_dir):
    recipe = recipe_file(epochs=1, background={
        'label': 'no_sign', 'scenery': str(data_dir / 'driving_track2a.zip'), 'crops': 50,
        'drawn': 80}, preprocess={'width': 32, 'height': 32})
    with np.load(data_dir / 'gtsrb_train.npz') as signs:
        keep = np.isin(signs['track'], np.unique(signs['track'])[::40])
        np.savez(tmp_path / 'few.npz', **{name: signs[name][keep] for name in ('x', 'y', 'track')})
    code = main(['train', str(recipe), '--data', str(tmp_path / 'few.npz'), '--labels', 'gtsrb',
                 '--out', str(tmp_path / 'b')])
    # classes without samples are reported before the training
    assert code == 2
    names = open_dataset(str(data_dir / 'gtsrb_train.npz'))
    chosen = [int(np.flatnonzero(names.classes == label)[index]) for label in range(43)
              for index in (0, 40)]
    with np.load(data_dir / 'gtsrb_train.npz') as signs:
        np.savez(tmp_path / 'few.npz', **{name: signs[name][chosen]
                                          for name in ('x', 'y', 'track')})
    code = main(['train', str(recipe), '--data', str(tmp_path / 'few.npz'), '--labels', 'gtsrb',
                 '--out', str(tmp_path / 'b'), '--val-fraction', '0.5'])
    assert code == 0
    manifest = load_bundle(tmp_path / 'b').manifest
    assert manifest.background == 'no_sign'
    assert len(manifest.labels) == 44
    assert set(manifest.metrics) == {'held-out groups', 'scenery without a sign', 'drawn signs'}


@pytest.fixture(scope='module')
def weather(tmp_path_factory):
    """Return a folder with a table and a model of it."""
    folder = tmp_path_factory.mktemp('weather')
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (200, 3)) * (1, 100, 0.01)
    labels = np.where(rows[:, 0] + rows[:, 1] / 100 > 0, 'warm', 'cold')
    lines = [','.join([*map(str, row), label])
             for row, label in zip(rows, labels, strict=True)]
    (folder / 't.csv').write_text('\n'.join(['a,b,c,label', *lines]) + '\n')
    assert main(['train', 'mlp', '--data', str(folder / 't.csv'), '--out',
                 str(folder / 'weather'), '--epochs', '20']) == 0
    return folder


def test_train_on_a_table(weather, tmp_path, capsys):
    about = json.loads((weather / 'weather' / 'model.json').read_text())
    assert about['labels'] == ['cold', 'warm']
    assert about['metrics']['held-out groups']['accuracy'] > 0.9
    import keras
    model = keras.models.load_model(weather / 'weather' / 'model.keras', safe_mode=True)
    assert np.asarray(model(np.array([[2.0, 200.0, 0.0]], np.float32))).argmax() == 1
    assert about['validation'] == {'fraction': 0.2, 'seed': 0}
    # images in a recipe and a table do not go together
    assert main(['train', 'perceptron', '--data', str(weather / 't.csv'), '--out',
                 str(tmp_path / 'x')]) == 2
    assert 'remove the field' in capsys.readouterr().err.splitlines()[-1]


def test_evaluate_a_table_model(weather, tmp_path, capsys):
    words = ['evaluate', str(weather / 'weather'), '--data', str(weather / 't.csv')]
    assert main([*words, '--validation', '--json', str(tmp_path / 'r.json'), '--plot',
                 str(tmp_path / 'r.png')]) == 0
    assert 'calibration error' in capsys.readouterr().out
    report = json.loads((tmp_path / 'r.json').read_text())
    about = json.loads((weather / 'weather' / 'model.json').read_text())
    measured = about['metrics']['held-out groups']
    assert {name: report[name] for name in measured} == measured
    assert set(report['per_class']) == {'cold', 'warm'}
    assert report['robustness'] == {'images': 0}
    (tmp_path / 'two.csv').write_text('a,b,label\n1,2,cold\n2,1,warm\n')
    for more, sentence in ((['--data', str(tmp_path / 'two.csv')], 'has 2 columns of numbers'),
                           (['--outliers', 'x'], '--outliers: is for bundles')):
        assert main([*words, *more]) != 0
        assert sentence in capsys.readouterr().err


def test_train_on_a_table_with_a_full_disk_keeps_the_old_model(weather, capsys):
    before = {path.name: path.read_bytes() for path in (weather / 'weather').iterdir()}
    words = ['train', 'mlp', '--data', str(weather / 't.csv'), '--out', str(weather / 'weather'),
             '--epochs', '20', '--resume']
    with small_disk(20_000):
        code = main(words)
    output = capsys.readouterr().err
    assert code == 2
    assert 'cannot be written' in output and 'Traceback' not in output
    assert {path.name: path.read_bytes() for path in (weather / 'weather').iterdir()} == before


def test_train_on_a_table_does_not_overwrite_other_files(weather, tmp_path, capsys):
    (tmp_path / 'notes').mkdir()
    (tmp_path / 'notes' / 'a.txt').write_text('hello')
    assert main(['train', 'mlp', '--data', str(weather / 't.csv'), '--out',
                 str(tmp_path / 'notes')]) == 2
    assert 'already exists and is not a model of a table' in capsys.readouterr().err


ACROSS = ['turn left ahead\nturn right ahead\nstop', 'Right\nstop\nleft',
          'keep_left\nkeep_right\nstop']
FLIPS = [({'augment': {'flip_horizontal': True}}, 'augment.flip_horizontal'),
         ({'tta': 'flip'}, 'tta')]
TURNS = {'augment': {'flip_vertical': True}}


@pytest.mark.field('AlexeyAB/darknet #2416', 'flipped images confuse left and right')
@pytest.mark.parametrize(('labels', 'changes', 'field'), [
    *((labels, *flip) for labels in ACROSS for flip in FLIPS),
    ('thumbs up\nthumbs down\nnone', TURNS, 'augment.flip_vertical'),
    ('lower_edge\nupper_edge\nnone', TURNS, 'augment.flip_vertical')])
def test_flip_of_mirrored_classes_is_refused(
        colors, recipe_file, tmp_path, capsys, labels, changes, field):
    (tmp_path / 'names.txt').write_text(labels)
    words = ['train', str(recipe_file(epochs=1, **changes)), '--data', str(colors / 'd.npz'),
             '--labels', str(tmp_path / 'names.txt'), '--out', str(tmp_path / 'b')]
    assert main(words) == 2
    held_out, error = capsys.readouterr().err.splitlines()
    assert held_out.startswith('validation: ')
    assert f'field `{field}`: the mirror image of "' in error
    assert not (tmp_path / 'b.training').exists()


def test_flip_ignores_left_and_right_inside_words(colors, recipe_file):
    recipe = Recipe.model_validate(yaml.safe_load(recipe_file(
        augment={'flip_horizontal': True}).read_text()))
    data = replace(open_dataset(str(colors / 'd.npz')), labels=('leftover', 'rightover', 'left'))
    assert material_of(recipe, data, {}).training is data
