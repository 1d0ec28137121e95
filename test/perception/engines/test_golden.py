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

from digiphys_ros.bundles import Bundle, load_bundle
from digiphys_ros.errors import BundleError
from digiphys_ros.perception import check_golden
from digiphys_ros.perception.engines.golden import warm_up
from digiphys_ros.resources import share_dir
import numpy as np
import pytest


@pytest.fixture(scope='module')
def shipped():
    return load_bundle(share_dir() / 'models' / 'traffic_signs')


class Recalling:
    """An engine that answers the golden frames with given logits, one after the other."""

    name, device, tolerance = 'recalling', 'CPU', 0.01

    def __init__(self, bundle, logits):
        self.spec, self._logits = bundle.spec, iter(logits)
        self.batches = []

    def infer(self, tensor):
        self.batches.append(len(tensor))
        return np.stack([next(self._logits) for _ in tensor])


def test_golden_logits_equal_pass_one_frame_at_a_time(shipped):
    engine = Recalling(shipped, shipped.golden()[1])
    check_golden(shipped, engine)
    assert engine.batches == [1] * len(shipped.golden()[1])


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_golden_logit_not_finite_is_refused(shipped, value):
    logits = shipped.golden()[1].copy()
    logits[-1, 3] = value
    with pytest.raises(BundleError, match='misses a golden logit'):
        check_golden(shipped, Recalling(shipped, logits))


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_golden_expected_logit_not_finite_is_refused(shipped, monkeypatch, value):
    frames, logits = shipped.golden()
    broken = logits.copy()
    broken[0, 0] = value
    monkeypatch.setattr(Bundle, 'golden', lambda _: (frames, broken))
    with pytest.raises(BundleError, match='misses a golden logit'):
        check_golden(shipped, Recalling(shipped, logits))


@pytest.mark.parametrize(('error', 'passes'), [(0.9, True), (1.1, False), (-1.1, False)])
def test_golden_tolerance_is_a_fraction_of_the_largest_logit(shipped, error, passes):
    logits = shipped.golden()[1].copy()
    allowed = Recalling.tolerance * max(float(np.abs(logits).max()), 1.0)
    logits[2, 5] += error * allowed
    if passes:
        check_golden(shipped, Recalling(shipped, logits))
    else:
        with pytest.raises(BundleError, match='misses a golden logit'):
            check_golden(shipped, Recalling(shipped, logits))


def test_golden_logits_of_another_shape_are_refused(shipped):
    with pytest.raises(BundleError, match='gives logits of shape'):
        check_golden(shipped, Recalling(shipped, shipped.golden()[1][:, :-1]))


def test_warm_up_runs_each_size_of_batch_once(shipped):
    engine = Recalling(shipped, [shipped.golden()[1][0]] * 6)
    warm_up(engine, 3)
    assert engine.batches == [1, 2, 3]
