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

from dataclasses import replace

from digiphys_ros.bundles import load_bundle, PreprocessSpec
from digiphys_ros.perception import Classifier, create_engine
from digiphys_ros.perception.classify import softmax
from digiphys_ros.perception.frame import Frame
from digiphys_ros.resources import share_dir
from hypothesis import given, strategies as st
import numpy as np
import pytest

FRAME = Frame(np.zeros((8, 8, 3), np.uint8), 'rgb')


class Answers:
    """An engine that always gives the same logits."""

    name, device, tolerance = 'fixed', 'CPU', 0.0
    spec = PreprocessSpec(width=32, height=32)

    def __init__(self, **logits):
        self._logits = np.zeros((1, 44), np.float32)
        for index, value in logits.items():
            self._logits[0, int(index[1:])] = value

    def infer(self, tensor):
        return self._logits


@pytest.fixture(scope='module')
def bundle():
    return load_bundle(share_dir() / 'models' / 'traffic_signs')


def test_classifier_reports_the_best_classes_in_order(bundle):
    result = Classifier(bundle, Answers(c14=20.0, c17=15.0, c1=14.0))(FRAME)
    assert [label for label, _ in result.scores] == ['stop', 'no entry', 'speed limit 30']
    assert [score for _, score in result.scores] == sorted(
        (score for _, score in result.scores), reverse=True)
    assert not result.abstained


@pytest.mark.field('BVLC/caffe #6147', 'an image of none of the classes gets one of them')
def test_classifier_abstains_below_the_threshold(bundle):
    result = Classifier(bundle, Answers(c14=1.0))(FRAME)
    assert result.abstained
    assert result.scores == ()


@pytest.mark.parametrize(('above', 'abstained'), [(-1, False), (0, False), (1, True)])
def test_classifier_answers_at_the_threshold(bundle, above, abstained):
    engine = Answers(c14=3.0)
    best = Classifier(bundle, engine)(FRAME).probabilities.max()
    threshold = best if above == 0 else float(np.nextafter(best, above))
    at = replace(bundle, manifest=bundle.manifest.model_copy(
        update={'abstain_below': threshold}))
    assert Classifier(at, engine)(FRAME).abstained is abstained


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_classifier_abstains_with_a_non_finite_logit(bundle, value):
    assert Classifier(bundle, Answers(c14=20.0, c3=value))(FRAME).abstained


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=20), st.floats(0.05, 20))
def test_softmax_is_a_distribution_in_the_same_order(logits, temperature):
    probabilities = softmax(np.array(logits), temperature)
    assert probabilities.sum() == pytest.approx(1.0)
    assert (probabilities >= 0).all()
    assert probabilities[np.argmax(logits)] == probabilities.max()


def test_softmax_temperature_softens():
    assert softmax(np.array([1.0, 0.0]), 4.0)[0] < softmax(np.array([1.0, 0.0]))[0]
    np.testing.assert_allclose(softmax(np.array([0.0, np.log(3.0)])), [0.25, 0.75])


def test_classifier_batch_equals_single_frames(bundle):
    classifier = Classifier(bundle, create_engine(bundle, 'litert')[0])
    frames = [Frame(frame, 'rgb') for frame in bundle.golden()[0][:4]]
    alone = [classifier(frame).probabilities for frame in frames]
    for count in (1, 4, 2):
        together = [one.probabilities for one in classifier.batch(frames[:count])]
        np.testing.assert_allclose(together, alone[:count], atol=1e-3)
