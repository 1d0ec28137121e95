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
    expected_calibration_error,
    fit_temperature,
    wilson_interval,
)
import numpy as np
import pytest


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
