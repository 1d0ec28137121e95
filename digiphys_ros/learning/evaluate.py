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

"""Figures about a model's answers."""

import math
from typing import Any

from digiphys_ros.perception.classify import softmax
import numpy as np
from numpy.typing import NDArray


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson, 1927)."""
    if not count:
        return 0.0, 1.0
    z, share = 1.959964, right / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(
        share * (1 - share) / count + z * z / (4 * count * count))
    return centre - half, centre + half


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
    Return the lowest threshold at which the answers given are right often enough.

    :param accuracy: share of right answers asked for.
    :param highest: returned when no lower threshold reaches it.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    for threshold in np.arange(0.3, highest, 0.02):
        answered = confidence >= threshold
        if answered.any() and right[answered].mean() >= accuracy:
            return float(round(threshold, 2))
    return highest


def figures(logits: NDArray[Any], labels: NDArray[Any], temperature: float,
            abstain_below: float) -> dict[str, Any]:
    """Return accuracy, calibration and coverage, each over ``images`` images."""
    probabilities = softmax(logits, temperature)
    right = probabilities.argmax(axis=1) == labels
    answered = probabilities.max(axis=1) >= abstain_below
    low, high = wilson_interval(int(right.sum()), len(labels))
    per_class = [float(right[labels == label].mean()) for label in np.unique(labels)]
    return {
        'images': len(labels), 'accuracy': round(float(right.mean()), 5),
        'accuracy_95': [round(low, 5), round(high, 5)],
        'balanced_accuracy': round(float(np.mean(per_class)), 5),
        'ece': round(expected_calibration_error(probabilities, labels), 5),
        'answered': round(float(answered.mean()), 5),
        'accuracy_of_answers': round(float(right[answered].mean()), 5) if answered.any() else None,
    }
