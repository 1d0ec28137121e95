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

import math

from digiphys_ros.metrics import percentile, Rate, Window
from hypothesis import given, strategies as st
import pytest


@pytest.mark.parametrize(('percent', 'expected'), [(0, 1), (50, 2), (75, 3), (99, 4), (100, 4)])
def test_percentile_is_the_nearest_rank(percent, expected):
    assert percentile([4, 2, 1, 3], percent) == expected


def test_percentile_of_an_empty_sequence_is_nan():
    assert math.isnan(percentile([], 50))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1), st.floats(0, 100))
def test_percentile_is_one_of_the_values(values, percent):
    assert percentile(values, percent) in values


def test_window_forgets_the_oldest():
    window = Window(size=2)
    assert window.summary('x') == {}
    for value in (100.0, 1.0, 2.0):
        window.add(value)
    assert window.summary('x') == {
        'x.p50': '1.000', 'x.p99': '2.000', 'x.p99.9': '2.000'}


def test_rate_is_measured_between_two_reports():
    rate = Rate()
    assert rate.per_second(10.0) == 0.0
    for _ in range(30):
        rate.tick()
    assert rate.per_second(12.0) == 15.0
    assert rate.per_second(13.0) == 0.0
    assert rate.count == 30
