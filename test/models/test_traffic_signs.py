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

"""What traffic_signs leaves unanswered, on images that training never saw."""

import cv2
from digiphys_ros.bundles import load_bundle
from digiphys_ros.learning.evaluate.evaluate import Measured
from digiphys_ros.perception import create_engine, open_source
from digiphys_ros.perception.classify import softmax
from digiphys_ros.resources import find_resource
import numpy as np
import pytest

MIDDLE = np.s_[28:92, 48:112]
"""About the region of interest of config/traffic_signs.yaml, of 160x120 pixels."""


@pytest.fixture(scope='module')
def judge():
    """Return a function from images to what fraction is answered, and surely called a sign."""
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    measured, manifest = Measured(bundle, create_engine(bundle)[0]), bundle.manifest
    background = bundle.labels.index(manifest.background)

    def fractions(images):
        scores = softmax(measured.logits(images), manifest.temperature)
        surest = scores.max(axis=1)
        sign = (scores.argmax(axis=1) != background) & (surest >= 0.6)
        answered = surest >= manifest.abstain_below
        return answered.mean(), (answered & sign).mean()
    return fractions


@pytest.fixture(scope='module')
def track(data_dir):
    """Return every twentieth frame of a drive: (N, 120, 160, 3), RGB."""
    source = open_source(str(data_dir / 'driving_track2a.zip'))
    frames = [frame for index, frame in enumerate(source) if index % 20 == 0]
    assert {frame.encoding for frame in frames} == {'bgr8'}
    return np.stack([frame.pixels[..., ::-1] for frame in frames])


def half_missing(frame):
    covered = frame.copy()
    covered[:, :80] = 0
    return covered


def test_traffic_signs_unseen_classes_abstain(judge, cifar10):
    data = cifar10
    unseen = np.isin(data.classes, [data.labels.index(name) for name in
                                    ('bird', 'dog', 'ship', 'truck')])
    chosen = np.random.default_rng(1).permutation(np.flatnonzero(unseen))[:1500]
    answered, sign = judge([data.read(int(index)) for index in chosen])
    assert answered <= 0.05
    assert sign <= 0.01


def test_traffic_signs_road_is_answered(judge, track):
    answered, sign = judge([frame[MIDDLE] for frame in track])
    assert answered >= 0.98
    assert sign <= 0.01


@pytest.mark.parametrize('corrupt', [
    lambda frame: frame[::-1], lambda frame: frame[::-1, ::-1], half_missing,
    lambda frame: cv2.GaussianBlur(frame, (0, 0), 12),
], ids=['mirrored', 'turned by half', 'half missing', 'blurred'])
def test_traffic_signs_distorted_road_abstains(judge, track, corrupt):
    answered, _ = judge([np.ascontiguousarray(corrupt(frame))[MIDDLE] for frame in track])
    assert answered <= 0.05


@pytest.mark.parametrize(('low', 'high'), [(0, 24), (0, 256), (248, 256)],
                         ids=['dark', 'full', 'white'])
def test_traffic_signs_noise_abstains(judge, low, high):
    noise = np.random.default_rng(0).integers(low, high, (200, 64, 64, 3)).astype(np.uint8)
    assert judge(list(noise))[0] <= 0.02
