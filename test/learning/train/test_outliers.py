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

import cv2
from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.datasets import Dataset, open_dataset
from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.datasets.stream import Stream
from digiphys_ros.learning.recipe import load_recipe
from digiphys_ros.learning.recipe_abstain import OutliersSpec
from digiphys_ros.learning.train.background import Material
from digiphys_ros.learning.train.outliers import Outliers
from digiphys_ros.learning.train.train import _unanswerable, prepare_of
from digiphys_ros.perception import Classifier, create_engine, Frame
import numpy as np
import pytest


@pytest.fixture
def things(tmp_path):
    """Return an .npz of images in classes 0 to 2, each as bright as ten times its class."""
    images = np.stack([np.full((24, 24, 3), 10 * (index % 3), np.uint8) for index in range(90)])
    np.savez(tmp_path / 'things.npz', x=images, y=np.arange(90) % 3)
    return str(tmp_path / 'things.npz')


def scenes(value):
    return in_memory('scenes', ('a', 'b'), np.full((4, 24, 24, 3), value, np.uint8),
                     np.arange(4) % 2)


def test_outliers_held_out_are_never_drawn(things):
    spec = OutliersSpec(fraction=0.5, images={things: ('1',)})
    outliers = Outliers(spec, scenes(100), scenes(200))
    drawn = {int(outliers.draw(np.random.default_rng(seed))[0, 0, 0]) for seed in range(60)}
    assert drawn == {0, 20}
    held = {one.kind: one for one in outliers.held_out()}
    unseen, seen = held[f'{things}, 1'], held[f'{things}, classes trained on']
    assert (unseen.unseen, unseen.count, int(unseen.read(0).max())) == (True, 30, 10)
    assert not seen.unseen
    trained = open_dataset(things)
    assert seen.count == sum(trained.classes[::10] != 1)


def test_outliers_from_scenes_separate_training_and_evaluation():
    spec = OutliersSpec(fraction=0.5, kinds=('negative',), unseen_kinds=('upside_down',))
    outliers = Outliers(spec, scenes(100), scenes(200))
    assert outliers.draw(np.random.default_rng(0)).max() == 155
    seen, unseen = outliers.held_out()
    assert (seen.kind, seen.unseen, int(seen.read(7).max())) == ('negative', False, 55)
    assert (unseen.kind, unseen.unseen, int(unseen.read(7).max())) == ('upside_down', True, 200)


def test_outliers_of_a_class_that_the_images_lack_are_refused(things):
    with pytest.raises(ConfigError, match=r'`outliers.images`.* has no class "cat", it has: 0, 1'):
        Outliers(OutliersSpec(fraction=0.5, images={things: ('cat',)}), scenes(1), scenes(1))


def test_outliers_in_the_stream_have_the_fraction_and_a_uniform_target(recipe_file):
    recipe = load_recipe(recipe_file(outliers={'fraction': 0.3, 'kinds': ['negative']}))
    data = in_memory('d', ('a', 'b'), np.full((400, 24, 24, 3), 255, np.uint8), np.arange(400) % 2)
    material = Material(data, {}, outliers=Outliers(recipe.outliers, data, data))
    stream = Stream(data, prepare_of(recipe), batch=400, seed=0, **_unanswerable(recipe, material))
    tensors, targets, _ = next(iter(stream.epoch(0)))
    dark = tensors.numpy().mean(axis=(1, 2, 3)) < 0.5
    assert 0.2 < dark.mean() < 0.4
    assert (targets.numpy()[dark] == 0.5).all()
    assert (targets.numpy()[~dark].max(axis=1) == 1).all()


@pytest.fixture(scope='module')
def exposed(colors, tmp_path_factory):
    """Return a bundle that was trained with outliers."""
    folder = tmp_path_factory.mktemp('exposed')
    recipe = folder / 'recipe.yaml'
    recipe.write_text(json.dumps({
        'name': 'colors', 'network': {'name': 'article_cnn'}, 'epochs': 25, 'batch': 16,
        'preprocess': {'width': 24, 'height': 24},
        'outliers': {'fraction': 0.4, 'kinds': ['checks', 'uniform_noise'],
                     'unseen_kinds': ['stripes'], 'unanswered': 0.05}}))
    assert main(['train', str(recipe), '--data', str(colors / 'd.npz'), '--labels',
                 str(colors / 'names.txt'), '--out', str(folder / 'b')]) == 0
    return folder / 'b'


def test_train_with_outliers_abstains_on_them(exposed, colors):
    bundle = load_bundle(exposed)
    assert bundle.manifest.metrics['held-out groups']['answered'] > 0.85
    rows = bundle.manifest.provenance['outliers']
    assert {kind: row['unseen'] for kind, row in rows.items()} == {
        'checks': False, 'uniform_noise': False, 'stripes': True}
    assert rows['checks']['answered'] < 0.2 and rows['uniform_noise']['answered'] < 0.2
    assert rows['checks']['auroc'] > 0.95
    classifier = Classifier(bundle, create_engine(bundle)[0])
    noise = np.random.default_rng(0).integers(0, 200, (20, 24, 24, 3)).astype(np.uint8)
    assert np.mean([classifier(Frame(image, 'rgb')).abstained for image in noise]) > 0.7
    images = np.load(colors / 'd.npz')['x'][:30]
    assert np.mean([classifier(Frame(image, 'rgb')).abstained for image in images]) < 0.3


def test_card_has_a_row_for_each_kind_of_outlier(exposed):
    card = Path(exposed, 'MODEL_CARD.md').read_text(encoding='utf-8')
    for kind, row in load_bundle(exposed).manifest.provenance['outliers'].items():
        seen = 'no' if row['unseen'] else 'such'
        assert f'| {kind.replace("_", " ")} | {seen} | 1000 | {row["answered"]:.4f} | ' in card


def test_init_from_starts_with_the_weights_and_is_recorded(exposed, colors, recipe_file,
                                                           tmp_path):
    recipe = recipe_file(init_from=str(exposed), epochs=1,
                         optimizer={'name': 'sgd', 'learning_rate': 1e-9})
    assert main(['train', str(recipe), '--data', str(colors / 'd.npz'), '--labels',
                 str(colors / 'names.txt'), '--out', str(tmp_path / 'b')]) == 0
    first, second = load_bundle(exposed), load_bundle(tmp_path / 'b')
    assert np.allclose(first.golden()[1], second.golden()[1], atol=1e-3)
    assert second.manifest.provenance['init_from'] == {'bundle': 'colors', 'hash': first.hash}
    assert f'weights of the bundle `colors` {first.hash[:12]}' in \
        (tmp_path / 'b/MODEL_CARD.md').read_text(encoding='utf-8')


@pytest.mark.parametrize('changes, words', [
    ({'network': {'name': 'residual'}}, 'is of another network'),
    ({'init_from': 'nowhere'}, '`init_from`'),
], ids=['network', 'no bundle'])
def test_init_from_of_another_network_is_refused(exposed, colors, recipe_file,
                                                 tmp_path, capsys, changes, words):
    recipe = recipe_file(**{'init_from': str(exposed), **changes})
    assert main(['train', str(recipe), '--data', str(colors / 'd.npz'), '--labels',
                 str(colors / 'names.txt'), '--out', str(tmp_path / 'b')]) == 2
    assert words in capsys.readouterr().err


def test_init_from_with_other_classes_is_refused(exposed, colors, recipe_file,
                                                 tmp_path, capsys):
    recipe = recipe_file(init_from=str(exposed))
    assert main(['train', str(recipe), '--data', str(colors / 'd.npz'),
                 '--out', str(tmp_path / 'b')]) == 2
    assert 'has other classes than the data' in capsys.readouterr().err


def test_collected_images_are_trained_on_and_measured_separately(
        colors, recipe_file, tmp_path):
    rng = np.random.default_rng(0)
    collected = tmp_path / 'collected'
    for label, value in (('red', (0, 0, 200)), ('nothing', (90, 90, 90))):
        for world in range(10):
            folder = collected / label / f'world_{world}'
            folder.mkdir(parents=True)
            noise = rng.integers(0, 40, (30, 30, 3))
            cv2.imwrite(str(folder / '0.png'), (noise + value).astype(np.uint8))
    recipe = recipe_file(background={'label': 'nothing', 'collected': str(collected),
                                     'approach': False}, epochs=8)
    assert main(['train', str(recipe), '--data', str(colors / 'd.npz'), '--labels',
                 str(colors / 'names.txt'), '--out', str(tmp_path / 'b')]) == 0
    metrics = load_bundle(tmp_path / 'b').manifest.metrics
    assert metrics['simulated scenes']['images'] == 4
    assert isinstance(open_dataset(str(collected)), Dataset)
