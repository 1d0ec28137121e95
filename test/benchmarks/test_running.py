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
from benchmarks.running import bar
import pytest


@pytest.mark.parametrize(('value', 'most', 'holds', 'passes'), [
    (1.0, True, True, True), (1.9, True, False, True), (2.1, True, False, False),
    (1.0, False, True, True), (0.6, False, False, True), (0.4, False, False, False),
    (float('nan'), True, False, False), (float('nan'), False, False, False)])
def test_the_short_form_lets_twice_the_bar_pass(value, most, holds, passes):
    judged = bar('figure', value, 1.0, most=most)
    assert (judged['holds'], judged['passes']) == (holds, passes)


def test_what_depends_on_the_machines_speed_is_not_judged_by_the_short_form():
    judged = bar('start [s]', 9.0, 1.0, most=True, ratio=False)
    assert not judged['holds'] and judged['passes']


def test_a_bar_of_nothing_has_its_slack():
    assert [bar('lost', lost, 0.0, most=True, slack=3.0)['passes'] for lost in (0, 3, 4)] == [
        True, True, False]
