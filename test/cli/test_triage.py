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

import json

from digiphys_ros.advice import AuditLog, Desk, Image, Model
from digiphys_ros.cli.main import main
import pytest


@pytest.fixture
def log(tmp_path):
    """Return the log of three cases."""
    path = tmp_path / 'audit.jsonl'
    desk = Desk(AuditLog(path))
    for number, scores in enumerate(([('normal', 0.9), ('pneumonia', 0.1)], [],
                                     [('pneumonia', 0.7), ('normal', 0.3)])):
        desk.advise(Image(f'table@{number}'), scores, Model('xray', 'a1b2', 0.6), 0.0)
    return str(path)


def test_review_lists_uncertain_cases_first(log, capsys):
    assert main(['triage', 'review', log]) == 0
    output = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in output[:3]] == [
        ['1', 'table@1'], ['2', 'table@2'], ['3', 'table@0']]
    assert 'No advice: the best calibrated confidence' in output[0]
    assert output[3] == '3 open, 0 decided'


def test_decide_removes_the_case_and_the_log_verifies(log, capsys):
    assert main(['triage', 'decide', log, 'table@1', 'normal', '--by', 'Dr A']) == 0
    output = capsys.readouterr().out.splitlines()
    assert output[1] == '2 open'
    noted = output[0].split()[2]
    assert main(['triage', 'review', log, '--json', '-']) == 0
    report = json.loads(capsys.readouterr().out)
    assert [case['case'] for case in report['open']] == ['table@2', 'table@0']
    assert report['decided'] == 1
    assert main(['triage', 'verify', log, '--expected-hash', noted]) == 0
    assert capsys.readouterr().out == f'4 entries, last hash {noted}: unchanged\n'


def test_verify_changed_log_fails_and_decide_refuses_it(log, capsys):
    with open(log, 'r+b') as file:
        data = file.read().replace(b'pneumonia', b'pneumania', 1)
        file.seek(0)
        file.write(data)
    assert main(['triage', 'verify', log]) == 1
    output = capsys.readouterr().out
    assert 'PROBLEM  entry 1 in line 1 was changed' in output
    assert 'CHANGED' in output
    assert main(['triage', 'decide', log, 'table@1', 'normal', '--by', 'Dr A']) == 1
    assert 'entry 1 in line 1 was changed' in capsys.readouterr().err


@pytest.mark.parametrize(('words', 'code', 'sentence'), [
    (['verify', 'nothing.jsonl'], 2, 'nothing.jsonl: there is no such audit log'),
    (['decide', 'LOG', 'table@9', 'normal', '--by', 'Dr A'], 1, 'there is no case table@9'),
    (['decide', 'LOG', 'table@1', 'normal'], 2, 'required: --by'),
    (['decide', 'LOG', 'table@1', 'normal', '--by', ' '], 1, 'needs a class and who decided'),
    (['guess'], 2, "invalid choice: 'guess'"),
])
def test_triage_invalid_input_gets_one_sentence(log, capsys, words, code, sentence):
    assert main(['triage', *(log if word == 'LOG' else word for word in words)]) == code
    output = capsys.readouterr().err
    assert sentence in output
    assert output.count('\n') == 1


@pytest.mark.parametrize(('kind', 'field', 'value'), [
    *(('advice', field, value) for field in ('case', 'label', 'margin', 'reason')
      for value in ([], {}, 7 if field != 'margin' else 'x', True)),
    *(('advice', field, None) for field in ('case', 'margin', 'reason')),
    *(('decision', 'case', value) for value in ([], None, 7))])
def test_review_entry_with_wrong_fields_gets_one_sentence(log, capsys, kind, field, value):
    fields = {'case': 'new' if kind == 'advice' else 'table@1', 'label': 'normal', 'margin': 0.1,
              'reason': 'so'}
    AuditLog(log).append(kind, 0.0, **{**fields, field: value})
    for words in (['review', log], ['decide', log, 'table@1', 'normal', '--by', 'Dr A']):
        assert main(['triage', *words]) == 1
        output = capsys.readouterr().err
        assert f'entry 4 of the audit log is no {kind}' in output
        assert f'`{field}`' in output
        assert output.count('\n') == 1


def test_review_decision_of_an_unknown_case_gets_one_sentence(log, capsys):
    AuditLog(log).append('decision', 0.0, case='nothing')
    assert main(['triage', 'review', log]) == 1
    assert 'entry 4 of the audit log: there is no case nothing' in capsys.readouterr().err


def test_verify_keyed_log_needs_its_key(tmp_path, capsys):
    (tmp_path / 'key').write_bytes(bytes(range(32)))
    path = tmp_path / 'audit.jsonl'
    Desk(AuditLog(path, bytes(range(32)))).advise(Image('table@1'), [], Model('xray', 'a1b2'), 0.0)
    key = ['--key', str(tmp_path / 'key')]
    assert main(['triage', 'verify', str(path), *key]) == 0
    assert main(['triage', 'decide', str(path), 'table@1', 'normal', '--by', 'Dr A', *key]) == 0
    assert main(['triage', 'review', str(path), *key]) == 0
    capsys.readouterr()
    # no result: an argument is missing
    assert main(['triage', 'verify', str(path)]) == 2
    assert 'name the file with the key' in capsys.readouterr().err


def test_verify_incomplete_line_is_a_note_and_no_problem(log, capsys):
    with open(log, 'ab') as file:
        file.write(b'{"version": 2, "ind')
    assert main(['triage', 'verify', log]) == 0
    assert 'NOTE     line 4 is incomplete' in capsys.readouterr().out
    assert main(['triage', 'review', log]) == 0
    capsys.readouterr()
    assert main(['triage', 'verify', log]) == 0
    assert 'NOTE     line 4 was incomplete, and was set aside' in capsys.readouterr().out
