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
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import ImageSet, load_npz, read_labels, split_by_group
from digiphys_ros.learning.evaluate import (
    abstain_threshold,
    expected_calibration_error,
    fit_temperature,
    wilson_interval,
)
from digiphys_ros.perception import Classifier, create_engine, load_bundle
from digiphys_ros.perception.frame import Frame
from hypothesis import given, strategies as st
import numpy as np
import pytest


def coloured(count, seed=0):
    """Return pictures whose class is their colour, three a track."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) // 3 % 3
    images = rng.integers(0, 60, (count, 24, 24, 3)).astype(np.uint8)
    images[np.arange(count), :, :, labels] += 150
    return images, labels, np.arange(count) // 3


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('train')
    images, labels, tracks = coloured(180)
    np.savez(folder / 'd.npz', x=images, y=labels.astype(np.uint8), track=tracks)
    (folder / 'names.txt').write_text('red\ngreen\nblue\n')
    code = main(['train', '--data', str(folder / 'd.npz'), '--labels', str(folder / 'names.txt'),
                 '--out', str(folder / 'colours'), '--epochs', '4', '--json',
                 str(folder / 'report.json')])
    return folder, code


def test_train_writes_a_bundle_that_classifies(trained):
    folder, code = trained
    assert code == 0
    bundle = load_bundle(folder / 'colours')
    assert bundle.labels == ('red', 'green', 'blue')
    classifier = Classifier(bundle, create_engine(bundle)[0])
    blue = np.full((100, 80, 3), 30, np.uint8)
    blue[..., 2] = 180
    assert classifier(Frame(blue, 'rgb')).scores[0][0] == 'blue'


def test_train_reports_what_it_measured(trained):
    folder, _ = trained
    report = json.loads((folder / 'report.json').read_text())
    figures = report['metrics']['held-out groups']
    assert figures['images'] == 36
    assert figures['accuracy'] > 0.9
    assert len(report['history']) == 4
    card = (folder / 'colours' / 'MODEL_CARD.md').read_text()
    assert f'| held-out groups | 36 | {figures["accuracy"]:.4f}' in card
    assert (folder / 'colours_curves.png').stat().st_size > 5000


def test_the_exported_model_carries_no_optimizer(trained):
    folder, _ = trained
    bundle = load_bundle(folder / 'colours')
    assert bundle.file('keras').stat().st_size < 1.3 * bundle.file('litert').stat().st_size


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), min_size=2, max_size=80),
       st.floats(0.05, 0.5), st.integers(0, 9))
def test_no_group_is_on_both_sides(pairs, share, seed):
    groups = np.array([group for _, group in pairs])
    # the class follows from the group, as with tracks
    data = ImageSet(np.zeros((len(pairs), 1, 1, 3), np.uint8), groups % 5, groups)
    training, validation = split_by_group(data, share, seed)
    assert not set(groups[training]) & set(groups[validation])
    assert sorted([*training, *validation]) == list(range(len(pairs)))
    again = split_by_group(data, share, seed)
    np.testing.assert_array_equal(again[1], validation)


@pytest.mark.parametrize(('arrays', 'words'), [
    ({'x': np.zeros((4, 8, 8, 3), np.uint8)}, 'needs an array `y`'),
    ({'x': np.zeros((4, 8, 8, 3)), 'y': np.arange(4)}, 'uint8'),
    ({'x': np.zeros((4, 8, 8, 3), np.uint8), 'y': np.arange(3)}, 'equally long'),
    ({'x': np.zeros((4, 8, 8, 3), np.uint8), 'y': np.zeros(4)}, 'at least two classes'),
])
def test_wrong_data_is_told(tmp_path, arrays, words):
    np.savez(tmp_path / 'd.npz', **arrays)
    with pytest.raises(DatasetError, match=words):
        load_npz(tmp_path / 'd.npz')


def test_label_names_must_differ(tmp_path):
    (tmp_path / 'names.txt').write_text('a\na\n')
    with pytest.raises(DatasetError, match='different names'):
        read_labels(tmp_path / 'names.txt')


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=row) for row in probabilities])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3.0, rel=0.1)


def test_calibration_error_of_a_braggart():
    probabilities = np.tile([0.9, 0.1], (100, 1))
    assert expected_calibration_error(probabilities, np.arange(100) % 2) == pytest.approx(0.4)


def test_threshold_is_the_lowest_that_is_right_often_enough():
    probabilities = np.array([[0.95, 0.05]] * 100 + [[0.55, 0.45]] * 100)
    labels = np.array([0] * 100 + [1] * 50 + [0] * 50)
    assert 0.55 < abstain_threshold(probabilities, labels) <= 0.6


def test_wilson_interval():
    assert wilson_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)
