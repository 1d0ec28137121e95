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

from digiphys_ros.errors import DatasetError, UsageError
from digiphys_ros.learning.baselines import BASELINES, train_baseline
from digiphys_ros.learning.datasets import Dataset, split_dataset
import numpy as np
import pytest


def images(count, classes):
    """Return stripes whose direction is their class, of many sizes, some gray."""
    rng = np.random.default_rng(0)

    def read(index):
        rng = np.random.default_rng(index)
        height, width = rng.integers(30, 60, 2)
        rows, columns = np.mgrid[:height, :width]
        angle = np.pi * (labels[index] + rng.uniform(-0.2, 0.2)) / classes
        wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) / 2 + rng.uniform(0, 6))
        image = np.clip(128 + 80 * wave + rng.normal(0, 20, wave.shape), 0, 255)
        gray = image.astype(np.uint8)
        return gray if index % 2 else np.stack([gray] * 3, axis=2)

    labels = rng.integers(0, classes, count)
    return Dataset('stripes', tuple(f'c{index}' for index in range(classes)), labels,
                   np.arange(count), tuple(map(str, range(count))), read)


def table(count):
    """Return rows whose class is on which side of a line they are, columns of many sizes."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(count, 3)).astype(np.float32)
    classes = (rows[:, 0] + rows[:, 1] > 0).astype(np.int64)
    rows *= (1000, 1000, 0.01)
    return Dataset('table', ('a', 'b'), classes, np.arange(count), tuple(map(str, range(count))),
                   lambda index: rows[index], kind='table')


@pytest.mark.parametrize('kind', BASELINES)
@pytest.mark.parametrize('data', [images(240, 3), images(160, 2), table(400)],
                         ids=['images', 'two classes', 'table'])
def test_baseline_learns_and_reports(kind, data):
    split = split_dataset(data, 0.25)
    report = train_baseline(kind, data.take(split.train), data.take(split.validation))
    assert report['baseline'] == kind
    assert report['images'] == len(split.validation)
    assert report['training_images'] == len(split.train)
    assert report['features'] == (3 if data.kind == 'table' else 576)
    assert report['accuracy'] > 0.85
    assert report['accuracy_95'][0] < report['accuracy'] <= report['accuracy_95'][1]
    assert {'balanced_accuracy', 'ece', 'answered', 'accuracy_of_answers'} <= report.keys()


def test_baseline_is_reproducible():
    data = images(80, 2)
    first, second = (train_baseline('tree', data, data, seed=3) for _ in range(2))
    assert {**first, 'training_s': 0} == {**second, 'training_s': 0}


def test_baseline_unknown_name_is_refused():
    data = table(20)
    with pytest.raises(UsageError, match='no baseline "forest", there are: tree, svm'):
        train_baseline('forest', data, data)


def test_baseline_single_class_is_refused():
    data = table(40)
    one = data.take(np.flatnonzero(data.classes == 0))
    with pytest.raises(DatasetError, match='two classes'):
        train_baseline('svm', one, one)
