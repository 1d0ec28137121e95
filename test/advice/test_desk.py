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

from digiphys_ros.advice import AuditLog, case_id, Desk, Explanation, Image, Model, verify
from digiphys_ros.errors import AdviceError, AuditError
import pytest

MODEL = Model('xray', 'a1b2', 0.6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'logs' / 'audit.jsonl'


@pytest.fixture
def desk(path):
    return Desk(AuditLog(path))


def advise(desk, number, *scores):
    return desk.advise(Image(case_id('table', number, 5), f'sha{number}'), scores, MODEL, 1e9)


def test_advise_returns_reason_position_and_entry(desk):
    sure = advise(desk, 1, ('normal', 0.9), ('pneumonia', 0.1))
    none = advise(desk, 2)
    unsure = advise(desk, 3, ('pneumonia', 0.65), ('normal', 0.35))
    assert (sure.position, none.position, unsure.position) == (1, 1, 2)
    assert (sure.label, none.label) == ('normal', None)
    assert unsure.waiting == 3
    assert none.reason.startswith('No advice')
    assert [case.id for case in desk.queue.open] == [
        'table@2.000000005', 'table@3.000000005', 'table@1.000000005']
    wanted = {'kind': 'advice', 'case': 'table@3.000000005', 'sha256': 'sha3', 'bundle': 'xray',
              'bundle_hash': 'a1b2', 'label': 'pneumonia', 'margin': 0.3,
              'scores': [['pneumonia', 0.65], ['normal', 0.35]], 'reason': unsure.reason}
    assert wanted.items() <= unsure.entry.items()


def test_advise_logs_the_explanation(desk):
    explanation = Explanation('middle', (1 / 3, 1 / 3, 1 / 3, 1 / 3), 0.9, 0.4)
    advice = desk.advise(Image('a'), [('normal', 0.9)], MODEL, 0.0, explanation)
    assert advice.entry['explanation'] == {
        'place': 'middle', 'box': explanation.box, 'score': 0.9, 'covered': 0.4}
    assert 'covering the middle of the image changes the confidence most' in advice.reason
    assert desk.advise(Image('b'), [], MODEL, 0.0).entry['explanation'] is None


def test_desk_refuses_a_log_that_another_process_corrupted(desk, path):
    advise(desk, 1, ('normal', 0.9))
    other = AuditLog(path)
    other.append('advice', 0.0, case=[], label='normal', margin=0.1, reason='so')
    other.append('decision', 0.0, case=case_id('table', 1, 5))
    for number in (2, 3):
        with pytest.raises(AuditError, match='entry 2 of the audit log is no advice'):
            advise(desk, number, ('normal', 0.9))
    assert verify(path).entries == 3


def test_decide_logs_and_closes_the_case(desk, path):
    advice = advise(desk, 1, ('normal', 0.9))
    entry = desk.decide(advice.case, 'pneumonia', 'Dr A', 'left base', 2e9)
    assert (entry['kind'], entry['reader'], entry['label']) == ('decision', 'Dr A', 'pneumonia')
    assert not desk.queue.open
    assert verify(path).entries == 2


def test_queue_is_restored_after_a_restart(desk, path):
    for number in range(4):
        advise(desk, number, ('normal', 0.6 + number / 10))
    desk.decide(case_id('table', 1, 5), 'normal', 'Dr A', '', 0.0)
    assert Desk(AuditLog(path)).queue.open == desk.queue.open


def test_decision_of_another_process_leaves_the_queue(desk, path):
    advice = advise(desk, 1, ('normal', 0.9))
    Desk(AuditLog(path)).decide(advice.case, 'normal', 'Dr B', '', 0.0)
    assert not desk.queue.open


def test_advise_refuses_a_second_advice_on_an_image(desk, path):
    advise(desk, 1)
    with pytest.raises(AdviceError, match='has its case already'):
        advise(desk, 1)
    assert verify(path).entries == 1


@pytest.mark.parametrize('score', [math.nan, math.inf, -0.1, 1.5])
def test_advise_refuses_invalid_confidences(desk, path, score):
    with pytest.raises(AdviceError, match='a calibrated confidence is from 0 to 1'):
        advise(desk, 1, ('normal', score))
    assert verify(path).entries == 0


@pytest.mark.parametrize(('case', 'label', 'reader', 'sentence'), [
    ('other', 'normal', 'Dr A', 'there is no case other'),
    ('table@1.000000005', ' ', 'Dr A', 'needs a class and who decided'),
    ('table@1.000000005', 'normal', '', 'needs a class and who decided'),
])
def test_decide_refuses_an_incomplete_decision(desk, case, label, reader, sentence):
    advise(desk, 1)
    with pytest.raises(AdviceError, match=sentence):
        desk.decide(case, label, reader, '', 0.0)
    assert len(desk.queue.open) == 1


def test_advise_and_decide_fail_without_the_log(desk, path):
    advice = advise(desk, 1)
    path.write_bytes(b'')
    with pytest.raises(AuditError):
        advise(desk, 2)
    with pytest.raises(AuditError):
        desk.decide(advice.case, 'normal', 'Dr A', '', 0.0)
    assert [case.id for case in desk._queue.open] == [advice.case]
