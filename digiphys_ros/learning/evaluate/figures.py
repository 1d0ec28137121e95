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

"""Metrics of a model."""

from collections.abc import Sequence
import math
from typing import Any

from digiphys_ros.perception.classify import softmax
import numpy as np
from numpy.typing import NDArray


SURE = 0.98
"""Highest threshold with ambiguous images."""


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a fraction (Wilson, 1927)."""
    if not count:
        return 0.0, 1.0
    z, fraction = 1.959964, right / count
    center = (fraction + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(
        fraction * (1 - fraction) / count + z * z / (4 * count * count))
    return center - half, center + half


def expected_calibration_error(probabilities: NDArray[Any], labels: NDArray[Any],
                               bins: int = 15) -> float:
    """
    Return the mean gap between confidence and accuracy (Guo et al., 2017).

    :param probabilities: (N, classes).
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    members = [index == bin_ for bin_ in np.unique(index)]
    return float(sum(member.mean() * abs(confidence[member].mean() - right[member].mean())
                     for member in members))


def fit_temperature(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the temperature from 0.25 to 8 with the lowest negative log likelihood."""
    candidates = np.geomspace(0.25, 8, 161)
    losses = [-np.log(np.maximum(softmax(logits, float(value))[np.arange(len(labels)), labels],
                                 1e-12)).mean() for value in candidates]
    return float(round(candidates[int(np.argmin(losses))], 4))


def abstain_threshold(probabilities: NDArray[Any], labels: NDArray[Any],
                      accuracy: float = 0.99, highest: float = 0.9) -> float:
    """
    Return the lowest threshold at which the answers reach an accuracy.

    :param accuracy: required fraction of right answers.
    :param highest: returned if no lower threshold reaches it.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    for threshold in np.arange(0.3, highest, 0.02):
        answered = confidence >= threshold
        if answered.any() and right[answered].mean() >= accuracy:
            return float(round(threshold, 2))
    return highest


def coverage_threshold(probabilities: NDArray[Any], unanswered: float) -> float:
    """
    Return the highest threshold, a multiple of 0.01, with enough answers.

    :param probabilities: (N, classes).
    :param unanswered: largest fraction of images without an answer.
    """
    surest = np.sort(probabilities.max(axis=1))
    return float(min(np.floor(100 * surest[int(unanswered * len(surest))]) / 100, SURE))


def calibrate(logits: NDArray[Any], labels: NDArray[Any], *, sharpen: bool = True,
              ambiguous: NDArray[Any] | None = None, unanswered: float | None = None
              ) -> tuple[float, float]:
    """
    Return the temperature, and the threshold below which to abstain.

    :param sharpen: False allows no temperature below 1. On other images a model is overconfident,
        and such a temperature makes it worse.
    :param ambiguous: logits of ambiguous images, as many rows; an answer to one counts as wrong.
    :param unanswered: raises the threshold until this fraction of the images has no answer.
    """
    temperature = fit_temperature(logits, labels)
    if not sharpen:
        temperature = max(temperature, 1.0)
    probabilities = softmax(logits, temperature)
    if ambiguous is None:
        threshold = abstain_threshold(probabilities, labels)
    else:
        both = np.concatenate([probabilities, softmax(ambiguous, temperature)])
        threshold = abstain_threshold(
            both, np.concatenate([labels, np.full(len(ambiguous), -1)]), highest=SURE)
    if unanswered is not None:
        threshold = max(threshold, coverage_threshold(probabilities, unanswered))
    return temperature, threshold


def cross_fit(logits: NDArray[Any], labels: NDArray[Any], groups: NDArray[Any], *,
              sharpen: bool = True, ambiguous: NDArray[Any] | None = None,
              unanswered: float | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """
    Return probabilities and answers, calibrated on the other half of the groups.

    On the images of their own fit, temperature and threshold would look too good.

    :return: (N, classes), and (N,) bool.
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    side = np.random.default_rng(0).permutation(numbers.max() + 1)[numbers] % 2 == 1
    probabilities, answered = np.empty(logits.shape), np.empty(len(labels), bool)
    for half in (side, ~side):
        # a single group has no other half
        fitted = ~half if (~half).any() else half
        temperature, threshold = calibrate(
            logits[fitted], labels[fitted], sharpen=sharpen, unanswered=unanswered,
            ambiguous=None if ambiguous is None else ambiguous[fitted])
        probabilities[half] = softmax(logits[half], temperature)
        answered[half] = probabilities[half].max(axis=1) >= threshold
    return probabilities, answered


def calibration(probabilities: NDArray[Any], answered: NDArray[Any], labels: NDArray[Any]
                ) -> dict[str, Any]:
    """Return calibration error and coverage."""
    right = probabilities.argmax(axis=1) == labels
    return {
        'ece': round(expected_calibration_error(probabilities, labels), 5),
        'answered': round(float(answered.mean()), 5),
        'accuracy_of_answers': round(float(right[answered].mean()), 5) if answered.any() else None,
    }


def figures(logits: NDArray[Any], labels: NDArray[Any], temperature: float,
            abstain_below: float) -> dict[str, Any]:
    """Return accuracy, calibration and coverage over ``images`` images."""
    probabilities = softmax(logits, temperature)
    right = probabilities.argmax(axis=1) == labels
    answered = probabilities.max(axis=1) >= abstain_below
    low, high = wilson_interval(int(right.sum()), len(labels))
    per_class = [float(right[labels == label].mean()) for label in np.unique(labels)]
    return {
        'images': len(labels), 'accuracy': round(float(right.mean()), 5),
        'accuracy_95': [round(low, 5), round(high, 5)],
        'balanced_accuracy': round(float(np.mean(per_class)), 5),
        **calibration(probabilities, answered, labels)}


def reliability(probabilities: NDArray[Any], labels: NDArray[Any], bins: int = 15
                ) -> list[dict[str, float]]:
    """Return confidence, accuracy and number of images in each bin of confidence."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return [{'confidence': round(float(confidence[index == bin_].mean()), 5),
             'accuracy': round(float(right[index == bin_].mean()), 5),
             'images': int((index == bin_).sum())} for bin_ in np.unique(index)]


def abstain_curve(probabilities: NDArray[Any], labels: NDArray[Any]) -> list[dict[str, float]]:
    """Return coverage and accuracy of the answers for thresholds from 0."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    curve = []
    for threshold in (*np.arange(0, 1, 0.05), 0.98, 0.99):
        answered = confidence >= threshold
        if answered.any():
            curve.append({'threshold': round(float(threshold), 2),
                          'coverage': round(float(answered.mean()), 5),
                          'accuracy': round(float(right[answered].mean()), 5),
                          'images': int(answered.sum())})
    return curve


def by_class(answers: NDArray[Any], labels: NDArray[Any], names: Sequence[str]
             ) -> dict[str, Any]:
    """
    Return ``per_class``, ``worst_class`` and ``confusion`` (rows: truth, columns: prediction).

    Classes without an image appear only in the confusion matrix.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
    numbers = range(len(names))
    values = precision_recall_fscore_support(labels, answers, labels=numbers, zero_division=0)
    per_class = {
        name: {'precision': round(float(precision), 5), 'recall': round(float(recall), 5),
               'f1': round(float(f1), 5), 'images': int(count)}
        for name, precision, recall, f1, count in zip(names, *values, strict=True) if count}
    worst = min(per_class, key=lambda name: per_class[name]['recall'])
    return {
        'per_class': per_class, 'worst_class': {'class': worst, **per_class[worst]},
        'confusion': confusion_matrix(labels, answers, labels=numbers).tolist(),
        'classes': list(names)}


def worst_group(answers: NDArray[Any], labels: NDArray[Any], groups: NDArray[Any],
                least: int = 5) -> dict[str, Any] | None:
    """
    Return the group with the lowest accuracy among those with at least ``least`` images.

    :return: None if no group has that many.
    """
    names, index, counts = np.unique(groups, return_inverse=True, return_counts=True)
    accuracies = np.bincount(index, answers == labels) / counts
    large = np.flatnonzero(counts >= least)
    if not len(large):
        return None
    worst = int(large[np.argmin(accuracies[large])])
    return {'group': str(names[worst]), 'accuracy': round(float(accuracies[worst]), 5),
            'images': int(counts[worst]), 'groups': len(large)}


def auroc(inliers: NDArray[Any], outliers: NDArray[Any]) -> float:
    """Return the probability that an inlier scores higher than an outlier; 0.5 is chance."""
    from sklearn.metrics import roc_auc_score
    truth = np.r_[np.ones(len(inliers)), np.zeros(len(outliers))]
    return round(float(roc_auc_score(truth, np.r_[inliers, outliers])), 5)
