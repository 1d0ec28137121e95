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

import argparse
from dataclasses import replace
import json

from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.cli.view import add_view, View, view_of, with_region
from digiphys_ros.errors import ConfigError, UsageError
from digiphys_ros.learning.baselines import train_baseline
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.recipe import load_recipe
from digiphys_ros.resources import share_dir
import numpy as np
import pytest
import yaml

SIGNS = share_dir() / 'models' / 'traffic_signs'
HALF = '[0.5, 0.0, 0.5, 1.0]'


def view(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_view(parser)
    return view_of(parser.parse_args([str(word) for word in words]))


def parameters(tmp_path, **sections):
    """Write a parameters file; ``__`` in a name becomes ``/``, ``all`` the wildcard."""
    file = tmp_path / 'robot.yaml'
    file.write_text(''.join(
        f'/{name.replace("__", "/").replace("all", "**")}:\n  ros__parameters: {{{text}}}\n'
        for name, text in sections.items()))
    return file


def test_view_without_options_is_left_to_the_bundle():
    assert view() == View(None, 0)


@pytest.mark.parametrize(('sections', 'roi', 'bit_depth'), [
    ({'all__classifier': f'roi: {HALF}, bit_depth: 12', 'all__gate': 'lease_s: 0.5'},
     (0.5, 0, 0.5, 1), 12),
    ({'all__classifier': 'roi: [0.0, 0.0, 1.0, 1.0]'}, None, 0),
    ({'all__classifier': 'top_k: 3'}, None, 0),
    ({'all': f'roi: {HALF}'}, (0.5, 0, 0.5, 1), 0),
    ({'all': 'roi: [0.0, 0.0, 0.5, 0.5]', 'r1__classifier': f'roi: {HALF}'},
     (0.5, 0, 0.5, 1), 0),
    ({'r1__classifier': f'roi: {HALF}', 'r2__classifier': f'roi: {HALF}'},
     (0.5, 0, 0.5, 1), 0),
])
def test_view_is_that_of_the_classifier_in_the_parameters_file(
        tmp_path, capsys, sections, roi, bit_depth):
    file = parameters(tmp_path, **sections)
    assert view('--config', file) == View(roi, bit_depth)
    assert 'from robot.yaml' in capsys.readouterr().err


def test_view_roi_goes_before_the_file(tmp_path):
    file = parameters(tmp_path, r1__classifier=f'roi: {HALF}, bit_depth: 12',
                      r2__classifier='roi: [0.1, 0.1, 0.5, 0.5]')
    with pytest.raises(ConfigError, match=r'classifiers differ in `roi`.*choose one with --roi'):
        view('--config', file)
    assert view('--config', file, '--roi', '0,0,0.5,1') == View((0, 0, 0.5, 1), 12)


@pytest.mark.parametrize('text', ['1,2,3', 'a,b,c,d', '0,0,2,1', '0,0,0,1', 'nan,0,1,1'])
def test_view_roi_outside_the_frame_is_refused(text):
    with pytest.raises(argparse.ArgumentError, match=r'fractions of the frame'):
        view('--roi', text)


@pytest.mark.parametrize(('text', 'says'), [
    ('roi: [0.5, 0.0, 0.6, 1.0]', 'robot.yaml:2: .*roi must be'), ('roi: half', 'robot.yaml:2')])
def test_view_wrong_region_in_the_file_names_file_and_line(tmp_path, text, says):
    with pytest.raises(ConfigError, match=says):
        view('--config', parameters(tmp_path, all__classifier=text))


def test_view_file_without_a_classifier_is_refused(tmp_path):
    with pytest.raises(UsageError, match='no section for the node classifier'):
        view('--config', parameters(tmp_path, all__gate='lease_s: 0.5'))


def test_with_region_sets_the_region_and_keeps_the_ranges():
    recipe = load_recipe('cifar10')
    seen = with_region(recipe, View((0.5, 0.0, 0.5, 1.0)))
    assert seen.preprocess.roi == (0.5, 0.0, 0.5, 1.0)
    assert seen.tune == recipe.tune != {}
    assert with_region(recipe, View()) is recipe


@pytest.fixture(scope='module')
def halves(tmp_path_factory):
    """Return images with one sign in the left half, and the labeled sign in the right half."""
    from digiphys_ros.applications.traffic_signs.signs import draw_sign
    names = ['stop', 'yield', 'no entry', 'keep left']
    images = np.full((len(names), 64, 128, 3), 110, np.uint8)
    for index, image in enumerate(images):
        for left, number in ((72, index), (8, index - 1)):
            sign = draw_sign(names[number], 48)
            image[8:56, left:left + 48] = sign[:, :, :3] + 110 * (1 - sign[:, :, 3:] / 255)
    file = tmp_path_factory.mktemp('halves') / 'halves.npz'
    np.savez(file, x=images.repeat(8, 0), y=np.arange(len(names)).repeat(8),
             labels=np.array(names))
    return file


def test_evaluate_uses_only_the_region(halves, tmp_path, capsys):
    file = parameters(tmp_path, all__classifier=f'roi: {HALF}')

    def accuracy(*words):
        assert main(['evaluate', str(SIGNS), '--data', str(halves), '--robustness', '4', *words,
                     '--json', '-']) == 0
        report = json.loads(capsys.readouterr().out)
        assert report['robustness']['accuracy'] == report['accuracy']
        return report['accuracy'], report['roi']
    assert accuracy('--roi', '0.5,0,0.5,1') == (1.0, [0.5, 0.0, 0.5, 1.0])
    assert accuracy('--config', str(file)) == (1.0, [0.5, 0.0, 0.5, 1.0])
    assert accuracy('--roi', '0,0,0.5,1')[0] == 0.0


def test_train_and_export_use_the_region(halves, tmp_path, capsys):
    (tmp_path / 'recipe.yaml').write_text(yaml.safe_dump({
        'name': 'halves', 'network': {'name': 'article_cnn'}, 'epochs': 1,
        'preprocess': {'width': 28, 'height': 28}}))
    bundle = tmp_path / 'bundle'
    file = parameters(tmp_path, all__classifier=f'roi: {HALF}')
    assert main(['train', str(tmp_path / 'recipe.yaml'), '--data', str(halves), '--out',
                 str(bundle), '--config', str(file)]) == 0
    manifest = load_bundle(bundle).manifest
    assert manifest.preprocess.roi == (0.5, 0.0, 0.5, 1.0)
    assert '--roi 0.5,0,0.5,1' in manifest.provenance['command']
    assert main(['export', str(bundle), '--data', str(halves), '--formats', 'litert_float32',
                 '--tolerance', '0.9', '--roi', '0,0,0.5,1',
                 '--out', str(tmp_path / 'small')]) == 0
    assert load_bundle(tmp_path / 'small').spec == manifest.preprocess
    assert 'Traceback' not in capsys.readouterr().err


def test_baseline_uses_only_the_region(halves):
    data = open_dataset(str(halves))

    def without_left(index):
        image = data.read(index).copy()
        image[:, :64] = 110
        return image
    signs = replace(data, read=without_left)
    right, left = ((0.5, 0.0, 0.5, 1.0), (0.0, 0.0, 0.5, 1.0))
    assert train_baseline('svm', signs, signs, roi=right)['accuracy'] == 1.0
    assert train_baseline('svm', signs, signs, roi=left)['accuracy'] == 0.25
