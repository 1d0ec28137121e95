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

"""What intersection leaves unanswered, on images of nothing that training never saw."""

from digiphys_ros.bundles import load_bundle
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.evaluate.evaluate import Measured
from digiphys_ros.learning.outlier_kinds import outlier_of
from digiphys_ros.perception import create_engine
from digiphys_ros.perception.classify import softmax
from digiphys_ros.resources import find_resource
import numpy as np
import pytest

HELD_OUT = ('bird', 'dog', 'ship', 'truck')
"""Classes of CIFAR-10 that training never saw."""


@pytest.fixture(scope='module')
def answered():
    """Return a function from images to the fraction that is answered."""
    bundle = load_bundle(find_resource('intersection', 'models'))
    measured, manifest = Measured(bundle, create_engine(bundle)[0]), bundle.manifest

    def fraction(images):
        scores = softmax(measured.logits(images), manifest.temperature)
        return (scores.max(axis=1) >= manifest.abstain_below).mean()
    return fraction


@pytest.mark.parametrize('name', HELD_OUT)
def test_intersection_unrelated_photograph_abstains(answered, cifar10, name):
    chosen = np.flatnonzero(cifar10.classes == cifar10.labels.index(name))[:200]
    assert answered([cifar10.read(int(index)) for index in chosen]) <= 0.02


def test_intersection_driving_scene_abstains(answered, data_dir):
    data = open_dataset(str(data_dir / 'driving_track2a.zip'), labeled=False)
    assert answered([data.read(index) for index in range(0, len(data), 30)]) <= 0.02


@pytest.mark.parametrize('kind', ['flat', 'uniform_noise', 'gaussian_noise', 'low_frequency',
                                  'gradient', 'checks', 'stripes', 'salt_and_pepper'])
def test_intersection_synthetic_image_abstains(answered, kind):
    like = np.zeros((96, 128, 3), np.uint8)
    images = [outlier_of(like, kind, np.random.default_rng([7, index])) for index in range(100)]
    assert answered(images) <= 0.05
