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

from digiphys_ros.learning.evaluate import (
    abstain_threshold,
    calibrate,
    calibration,
    cross_fit,
    expected_calibration_error,
    figures,
    fit_temperature,
    wilson_interval,
)
from digiphys_ros.learning.evaluate.figures import (
    abstain_curve,
    auroc,
    by_class,
    coverage_threshold,
    worst_group,
)
from digiphys_ros.perception.classify import softmax
import numpy as np
import pytest


def test_fit_temperature_recovers_the_temperature():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=row) for row in probabilities])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3.0, rel=0.1)


def test_calibration_error_of_an_overconfident_model():
    probabilities = np.tile([0.9, 0.1], (100, 1))
    assert expected_calibration_error(probabilities, np.arange(100) % 2) == pytest.approx(0.4)


def test_abstain_threshold_is_the_lowest_with_the_accuracy():
    probabilities = np.array([[0.95, 0.05]] * 100 + [[0.55, 0.45]] * 100)
    labels = np.array([0] * 100 + [1] * 50 + [0] * 50)
    assert 0.55 < abstain_threshold(probabilities, labels) <= 0.6


def test_calibrate_ambiguous_image_raises_the_threshold():
    logits = np.tile([3.0, 0.0], (200, 1))
    labels = np.array([0] * 199 + [1])
    ambiguous = np.tile([0.3, 0.0], (200, 1))
    temperature, threshold = calibrate(logits, labels)
    assert threshold == 0.3
    same, higher = calibrate(logits, labels, ambiguous=ambiguous)
    assert same == temperature
    surest = softmax(ambiguous, temperature).max()
    assert surest < higher <= surest + 0.02
    # an ambiguous image equal to the others is answered, else most of those would abstain
    assert calibrate(logits, labels, ambiguous=logits)[1] == 0.98
    groups = np.arange(200)
    assert cross_fit(logits, labels, groups, ambiguous=ambiguous)[1].all()


def test_coverage_threshold_keeps_the_fraction_unanswered():
    surest = np.linspace(0.51, 0.97, 200)
    probabilities = np.stack([surest, 1 - surest], axis=1)
    for unanswered in (0.01, 0.1, 0.3):
        threshold = coverage_threshold(probabilities, unanswered)
        assert (surest < threshold).mean() <= unanswered
        assert (surest < threshold + 0.01).mean() > unanswered
    # images that are all alike are answered
    assert coverage_threshold(np.tile([1.0, 0.0], (9, 1)), 0.01) == 0.98


def test_calibrate_with_a_fraction_unanswered_raises_the_threshold():
    rng = np.random.default_rng(0)
    logits = np.stack([rng.uniform(0.5, 8, 1000), np.zeros(1000)], axis=1)
    labels = np.zeros(1000, int)
    temperature, low = calibrate(logits, labels)
    same, high = calibrate(logits, labels, unanswered=0.05)
    assert (low, same) == (0.3, temperature)
    answered = softmax(logits, temperature).max(axis=1) >= high
    assert 0.95 <= answered.mean() < 0.96 or high == 0.98


def test_calibrate_without_sharpening_keeps_temperature_at_1():
    # right more often than it says
    logits = np.tile([1.0, 0.0], (100, 1))
    labels = np.array([0] * 95 + [1] * 5)
    assert calibrate(logits, labels)[0] < 0.5
    assert calibrate(logits, labels, sharpen=False)[0] == 1.0
    assert calibrate(10 * logits, labels, sharpen=False)[0] > 2


def test_cross_fit_measures_on_other_groups():
    # two groups of which each says that the other is badly calibrated
    logits = np.tile([2.0, 0.0], (200, 1))
    groups = np.arange(200) // 100
    labels = np.where(groups == 0, np.arange(200) % 2, 0)
    temperature, threshold = calibrate(logits, labels)
    probabilities, answered = cross_fit(logits, labels, groups)
    honest = calibration(probabilities, answered, labels)
    assert figures(logits, labels, temperature, threshold)['ece'] < 0.02
    assert honest['ece'] > 0.4
    # the first group is always answered, for the second was always right
    assert answered.tolist() == [True] * 100 + [False] * 100
    assert honest['accuracy_of_answers'] == 0.5


def test_cross_fit_of_one_group_uses_the_group():
    logits, labels = np.tile([2.0, 0.0], (10, 1)), np.arange(10) % 2
    probabilities, answered = cross_fit(logits, labels, np.zeros(10))
    assert probabilities.shape == (10, 2)
    assert len(answered) == 10


def test_wilson_interval():
    assert wilson_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_by_class_equals_values_by_hand():
    truth = np.array([0, 0, 0, 1, 1, 3])
    answers = np.array([0, 0, 1, 1, 1, 0])
    report = by_class(answers, truth, ['a', 'b', 'c', 'd'])
    assert report['per_class']['a'] == {
        'precision': 0.66667, 'recall': 0.66667, 'f1': 0.66667, 'images': 3}
    assert report['per_class']['b'] == {
        'precision': 0.66667, 'recall': 1.0, 'f1': 0.8, 'images': 2}
    # c has no images: nothing is reported about it
    assert list(report['per_class']) == ['a', 'b', 'd']
    assert report['worst_class'] == {
        'class': 'd', 'precision': 0.0, 'recall': 0.0, 'f1': 0.0, 'images': 1}
    assert report['confusion'] == [[2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]


def test_abstain_curve_has_fewer_and_better_answers_at_higher_thresholds():
    probabilities = np.array([[0.95, 0.05]] * 10 + [[0.55, 0.45]] * 10)
    labels = np.array([0] * 10 + [1] * 5 + [0] * 5)
    curve = {point['threshold']: point for point in abstain_curve(probabilities, labels)}
    assert curve[0.0] == {'threshold': 0.0, 'coverage': 1.0, 'accuracy': 0.75, 'images': 20}
    assert curve[0.9] == {'threshold': 0.9, 'coverage': 0.5, 'accuracy': 1.0, 'images': 10}
    assert 0.98 not in curve


def test_worst_group_has_enough_images():
    groups = np.array(['a'] * 10 + ['b'] * 5 + ['c'] * 2)
    answers = np.array([0] * 10 + [0, 0, 0, 1, 1] + [1, 1])
    report = worst_group(answers, np.zeros(17, int), groups)
    assert report == {'group': 'b', 'accuracy': 0.6, 'images': 5, 'groups': 2}
    assert worst_group(answers, np.zeros(17, int), np.arange(17)) is None


def test_auroc_is_the_fraction_of_ordered_pairs():
    assert auroc(np.array([0.9, 0.8]), np.array([0.1, 0.85])) == 0.75
