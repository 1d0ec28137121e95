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

from digiphys_ros.cli.main import main
import numpy as np
import pytest
import yaml

SMALL = {
    'name': 'colors', 'network': {'name': 'article_cnn'},
    'preprocess': {'width': 24, 'height': 24}, 'epochs': 4, 'batch': 16}


def colored(count, seed=0):
    """Return images whose class is their color, three a track."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) // 3 % 3
    images = rng.integers(0, 60, (count, 24, 24, 3)).astype(np.uint8)
    images[np.arange(count), :, :, labels] += 150
    return images, labels, np.arange(count) // 3


@pytest.fixture(scope='session')
def colors(tmp_path_factory):
    """Return a folder with an .npz of colored images, their names, and ``recipe()``."""
    folder = tmp_path_factory.mktemp('colors')
    images, labels, tracks = colored(180)
    np.savez(folder / 'd.npz', x=images, y=labels.astype(np.uint8), track=tracks)
    (folder / 'names.txt').write_text('red\ngreen\nblue\n')
    return folder


@pytest.fixture(scope='session')
def trained(colors, tmp_path_factory):
    """Return a folder with the bundle of a training, its report, and the exit code."""
    pytest.importorskip('tensorflow', reason='tensorflow is not installed')
    folder = tmp_path_factory.mktemp('trained')
    (folder / 'recipe.yaml').write_text(yaml.safe_dump(SMALL))
    code = main(['train', str(folder / 'recipe.yaml'), '--data', str(colors / 'd.npz'),
                 '--labels', str(colors / 'names.txt'), '--out', str(folder / 'bundle'),
                 '--json', str(folder / 'report.json')])
    return folder, code


@pytest.fixture(scope='session')
def bundle(trained):
    """Return the folder of a trained bundle, which no test changes."""
    folder, code = trained
    assert code == 0
    return folder / 'bundle'


@pytest.fixture
def recipe_file(tmp_path):
    """Return a function that writes a small recipe with some fields changed."""
    def write(**changes):
        path = tmp_path / 'recipe.yaml'
        path.write_text(yaml.safe_dump({**SMALL, **changes}))
        return path
    return write
