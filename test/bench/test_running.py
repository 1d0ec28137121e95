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

import subprocess
import sys

from digiphys_ros.bench import latency, load, training, tutorial
from digiphys_ros.bench.bundles import SIGNS
from digiphys_ros.bench.latency import summary, table, USUAL
from digiphys_ros.bench.running import (
    _command,
    check_limit,
    format_rate,
    result_of,
    SentFrames,
    settle,
    Source,
)
from digiphys_ros.errors import BenchmarkError
import pytest


@pytest.mark.parametrize(('value', 'most', 'passed', 'passed_short'), [
    (1.0, True, True, True), (1.9, True, False, True), (2.1, True, False, False),
    (1.0, False, True, True), (0.6, False, False, True), (0.4, False, False, False),
    (float('nan'), True, False, False), (float('nan'), False, False, False)])
def test_check_limit_short_form_accepts_twice_the_limit(value, most, passed, passed_short):
    judged = check_limit('figure', value, 1.0, most=most)
    assert (judged['passed'], judged['passed_short']) == (passed, passed_short)


def test_check_limit_without_ratio_passes_the_short_form():
    judged = check_limit('start [s]', 9.0, 1.0, most=True, ratio=False)
    assert not judged['passed'] and judged['passed_short']


def test_check_limit_zero_with_wide_limit_accepts_up_to_it():
    found = [check_limit('lost', lost, 0.0, most=True, wide=3.0) for lost in (0, 3, 4)]
    assert [one['passed_short'] for one in found] == [True, True, False]


def test_check_limit_with_rounds_reports_lowest_and_highest():
    judged = check_limit('ratio', 2.0, 1.3, most=True, rounds=[2.0, 1.2, 2.51239])
    assert (judged['lowest'], judged['highest']) == (1.2, 2.5124)


def test_result_of_script_without_json_raises():
    process = subprocess.Popen([sys.executable, '-c', 'print("no JSON")'], text=True,
                               stdout=subprocess.PIPE)
    with pytest.raises(BenchmarkError, match='printed no result'):
        result_of(process)


def test_command_pipeline_has_parameters_of_both_nodes():
    parameters = {'classifier': {'bundle': 'b'}, 'policy': {'rules': 'r.yaml'}, 'gate': {}}
    words = _command('pipeline', parameters, '')
    assert words[1:4] == ['-m', 'digiphys_ros.nodes', 'pipeline']
    assert {"classifier:bundle:='b'", "policy:rules:='r.yaml'"} <= set(words)
    assert "rules:='r.yaml'" in _command('policy', parameters, '')


def round_of(**figures):
    usual = {'sent': 120, 'sent_hz': 30.0, 'received': 120, 'answered': 120, 'obeyed': 120,
             'p50': 6.0, 'p99': 8.0, 'p99.9': 9.0, 'cpu_ms': {'classifier': 4.0}, **figures}
    return {'small': {'': [1.0], 'tuned': [0.5]}, SIGNS: {'hot': 0.5, 'paced': 1.0},
            USUAL: {'bare': [3.0], 'tuned': [2.0], 'copy_ms': 0.1},
            (USUAL, SIGNS, 'separate'): usual}


@pytest.mark.parametrize(('received', 'passed_short'), [(120, True), (115, True), (113, False)])
def test_summary_lost_frames_fail_the_short_form(received, passed_short):
    found = summary([(USUAL, SIGNS, 'separate')], [round_of(received=received)])
    assert all(one['passed_short'] for one in found['limits']) == passed_short


@pytest.mark.parametrize(('obeyed', 'passed', 'passed_short'), [
    (114, True, True), (113, False, True), (107, False, False)])
def test_summary_received_frames_without_command_fail(obeyed, passed, passed_short):
    found = summary([(USUAL, SIGNS, 'separate')], [round_of(answered=118, obeyed=obeyed)])
    [judged] = [one for one in found['limits'] if 'answered by a command' in one['name']]
    assert (judged['passed'], judged['passed_short']) == (passed, passed_short)
    [case] = found['cases']
    assert (case['received'], case['obeyed']) == (1.0, pytest.approx(obeyed / 120))
    assert f'100.0% | 98.3% | {obeyed / 120:.1%}' in table(found['cases'])[-1]


@pytest.mark.parametrize(('sent', 'expected'), [
    (120, '30.0'), (117, '29.2'), (116, '29.0 (too slow)')])
def test_format_rate_below_nominal_is_marked_too_slow(sent, expected):
    assert format_rate(SentFrames(sent, 10.0, 14.0).rate_hz, 30.0) == expected
    found = summary([(USUAL, SIGNS, 'separate')], [round_of(), round_of(sent_hz=sent / 4)])
    assert f'30 Hz, {SIGNS} | {expected} | ' in table(found['cases'])[-1]


def test_cores_used_counts_only_the_measured_time(monkeypatch):
    had_s = iter([7.0, 7.05])
    monkeypatch.setattr(latency, 'cpu_s', lambda pid: next(had_s))
    [cores] = latency.cores_used({'gate': 1}, 0.1).values()
    assert 0.2 < cores <= 0.5


@pytest.mark.parametrize(('slowest_hz', 'highest_hz'), [(1000.0, 500.0), (238.0, 240.0),
                                                        (230.0, 180.0)])
def test_highest_rate_not_sent_does_not_count(monkeypatch, slowest_hz, highest_hz):
    def count_answers(model, source, seconds):
        sent = int(seconds * min(source.rate_hz, slowest_hz))
        return sent, SentFrames(sent, 0.0, seconds)
    monkeypatch.setattr(load, '_count_answers', count_answers)
    assert load.highest_rate_hz(None, 4.0) == highest_hz


class Silent:
    """Observer of nodes that report nothing."""

    def wait_for(self, condition, timeout_s):
        return condition()

    def diagnostic(self, node, key):
        return ''


def test_settle_and_latency_of_silent_nodes_raise():
    with pytest.raises(BenchmarkError, match='no end of the frames'):
        settle(Silent())
    with pytest.raises(BenchmarkError, match='obeyed no command'):
        latency.capture_to_command_ms(Silent())


def test_commands_of_node_without_commands_raises(monkeypatch):
    class Watch:
        """Observer that received no command."""

        def clear(self):
            pass

        settle = clear

        def ages_ms(self):
            return []
    monkeypatch.setattr(Source, 'start', lambda *_, **__: None)
    monkeypatch.setattr(tutorial, 'wait_until_sent', lambda *_: SentFrames(120, 0.0, 4.0))
    with pytest.raises(BenchmarkError, match='no command came for the frames of 640x480'):
        tutorial.commands_of(Watch(), tutorial.SOURCE, 4.0, {})


def test_both_rates_run_in_separate_processes_in_alternating_order(monkeypatch):
    started = []
    monkeypatch.setattr(training, 'script', lambda *words: started.append(words))
    monkeypatch.setattr(training, 'result_of', lambda *_: {'images_per_second': 100.0})
    assert [training.both_rates(number) for number in (0, 1)] == [
        {'ours': 100.0, 'bare': 100.0}] * 2
    assert [way for _, way in started] == ['ours', 'bare', 'bare', 'ours']


def test_summary_case_has_overhead_and_spread_of_rounds():
    found = summary([(USUAL, SIGNS, 'separate')],
                    [round_of(p50=p50) for p50 in (6.0, 6.6, 7.0)])
    [case], [ratio, *_] = found['cases'], found['limits']
    assert case['overhead_ms'] == pytest.approx(6.6 - 0.5 - 3.0)
    assert (case['p50_ms_lowest'], case['p50_ms_highest']) == (6.0, 7.0)
    assert ratio['value'] == pytest.approx(6.6 / 5.5) and ratio['highest'] == round(7 / 5.5, 4)
    assert any('6.60 (6.00 to 7.00)' in line and '+3.10' in line
               for line in table(found['cases']))
