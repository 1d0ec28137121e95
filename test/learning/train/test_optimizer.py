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

from digiphys_ros.learning.recipe_sections import LossSpec
from digiphys_ros.learning.train.optimizer import learning_rate_at, make_loss
import numpy as np
import pytest


def rates(name, warmup):
    return [float(learning_rate_at(step, 0.1, 100, warmup, name)) for step in range(101)]


def test_learning_rate_is_constant_after_warmup():
    values = rates('constant', 10)
    assert values[:10] == pytest.approx(np.arange(1, 11) / 100)
    assert values[10:] == pytest.approx([0.1] * 91)


def test_learning_rate_cosine_ends_at_zero():
    values = rates('cosine', 20)
    assert values[20] == pytest.approx(0.1)
    assert values[60] == pytest.approx(0.05, abs=1e-6)
    assert values[100] == pytest.approx(0.0, abs=1e-6)
    assert values[20:] == sorted(values[20:], reverse=True)


def test_losses_take_logits():
    targets = np.array([[0.0, 1.0, 0.0]], np.float32)
    logits = np.array([[1.0, 2.0, -1.0]], np.float32)
    softmax = np.exp(logits) / np.exp(logits).sum()
    sigmoid = 1 / (1 + np.exp(-logits))
    expected = {
        'crossentropy': -np.log(softmax[0, 1]), 'mse': np.mean((sigmoid - targets) ** 2),
        'binary_crossentropy': -np.mean(
            targets * np.log(sigmoid) + (1 - targets) * np.log(1 - sigmoid))}
    for name, value in expected.items():
        assert np.mean(make_loss(LossSpec(name=name))(targets, logits)) == pytest.approx(
            value, rel=1e-5)
