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

from digiphys_ros.advice.queue import Case, margin, ReviewQueue
from digiphys_ros.errors import AdviceError
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest


def filled(*cases):
    queue = ReviewQueue()
    for number, (name, label, ahead) in enumerate(cases, 1):
        queue.add(Case(name, label, ahead, number))
    return queue


def test_queue_order_is_abstentions_then_smallest_margin_then_oldest():
    queue = filled(('sure', 'a', 0.9), ('unsure', 'a', 0.1), ('none', None, 0.0),
                   ('equal', 'b', 0.1), ('none too', None, 0.0))
    assert [case.id for case in queue.open] == ['none', 'none too', 'unsure', 'equal', 'sure']
    assert queue.position('unsure') == 3


def test_queue_case_leaves_only_by_a_decision():
    queue = filled(('one', 'a', 0.5), ('two', 'a', 0.6))
    queue.decide('one')
    assert [case.id for case in queue.open] == ['two']
    assert queue.position('one') is None
    # a second reader may decide once more
    queue.decide('one')
    with pytest.raises(AdviceError, match='has its case already'):
        queue.add(Case('one', None, 0.0, 9))
    with pytest.raises(AdviceError, match='there is no case three'):
        queue.decide('three')


def test_margin_of_a_single_class_uses_the_rest_to_1():
    assert margin([('a', 0.7), ('b', 0.2)]) == pytest.approx(0.5)
    assert margin([('a', 0.7)]) == pytest.approx(0.4)
    assert margin([]) == 0.0


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([None, 'a', 'b']), st.sampled_from([0.1, 0.2, 0.9])),
                max_size=30), st.randoms())
def test_queue_stays_sorted_as_cases_arrive_and_leave(cases, random):
    queue = filled(*((str(number), label, ahead) for number, (label, ahead) in enumerate(cases)))
    assert [case.urgency for case in queue.open] == sorted(case.urgency for case in queue.open)
    assert len(queue.open) == len(cases)
    gone = {case.id for case in queue.open if random.random() < 0.5}
    left = [case for case in queue.open if case.id not in gone]
    for name in gone:
        queue.decide(name)
    assert list(queue.open) == left
