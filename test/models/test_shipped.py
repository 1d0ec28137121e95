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

"""What ships in models/: small, whole, and as good as its card says."""

from itertools import pairwise
import json
import re
import shlex

from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.learning.train.card import model_card
from digiphys_ros.perception import check_golden, create_engine
from digiphys_ros.resources import share_dir
import pytest

MODELS = share_dir() / 'models'
SHIPPED = sorted(path.name for path in MODELS.iterdir() if path.is_dir())

RENAMED = {r'picture(s?)': r'image\1', 'sim signals --collect': 'sim collect traffic_lights --out',
           '--validation': '--val-fraction'}
"""Words and commands of hashed manifests that the cards write as today."""


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_bundle_is_small_and_passes_its_golden_frames(name):
    bundle = load_bundle(MODELS / name)
    assert bundle.manifest.name == name
    assert sum(file.stat().st_size for file in bundle.directory.iterdir()) <= 3_000_000
    check_golden(bundle, create_engine(bundle)[0])


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_card_has_data_split_metrics_limits_and_command(name):
    manifest = load_bundle(MODELS / name).manifest
    card = (MODELS / name / 'MODEL_CARD.md').read_text(encoding='utf-8')
    for text in (*manifest.provenance['sources'], manifest.provenance['split'],
                 manifest.provenance['command'], manifest.provenance['recipe']['limits'].strip()):
        for old, new in RENAMED.items():
            text = re.sub(rf'(?<!\w){old}(?!\w)', new, text)
        assert text in card
    for part in manifest.metrics.values():
        assert f'| {part["images"]} | {part["accuracy"]:.4f} (' in card


@pytest.mark.parametrize('name', SHIPPED)
def test_model_card_of_a_shipped_bundle_has_its_ambiguous_images(name):
    manifest = load_bundle(MODELS / name).manifest
    recipe = manifest.provenance['recipe']
    assert ('ambiguous images (' in model_card(manifest)) is (
        'ambiguous' in recipe or 'doubtful' in recipe)


def test_docs_have_the_metrics_of_every_bundle():
    page = share_dir() / 'docs' / 'reference' / 'bundle.md'
    text = page.read_text(encoding='utf-8')
    for name in SHIPPED:
        [row] = [line for line in text.splitlines() if line.startswith(f'| [`{name}`]')]
        figures = next(iter(load_bundle(MODELS / name).manifest.metrics.values()))
        assert f'| {figures["images"]}' in row
        assert row.endswith(f'| {figures["accuracy"]:.3f} | {figures["balanced_accuracy"]:.3f} |')


def data_of(command, data_dir):
    """Return the options that name a bundle's data, from its training's command."""
    words = shlex.split(command)
    given = dict(pairwise(words))
    labels = ['--labels', given['--labels']] if '--labels' in given else []
    return ['--data', str(data_dir / given['--data']), *labels]


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_card_equals_an_evaluation_on_held_out_images(name, data_dir, tmp_path):
    manifest = load_bundle(MODELS / name).manifest
    options = data_of(manifest.provenance['command'], data_dir)
    if not (data_dir / options[1]).exists():
        pytest.skip(f'{options[1]} is made by the simulator')
    report = tmp_path / 'report.json'
    assert main(['evaluate', name, *options, '--validation', '--robustness', '0', '--json',
                 str(report)]) == 0
    measured, stated = json.loads(report.read_text()), next(iter(manifest.metrics.values()))
    assert measured['images'] == stated['images']
    assert measured['accuracy'] == pytest.approx(stated['accuracy'], abs=0.002)
    assert measured['ece'] == pytest.approx(stated['ece'], abs=0.005)
