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


from digiphys_ros.ros.condition_log import ConditionLog, without_numbers
import pytest


class Log:
    """A log with its own clock, and its lines."""

    def __init__(self):
        self.now_s, self.lines = 100.0, []
        self._log = ConditionLog(lambda: self.now_s)

    def note(self, condition, about='frames', after_s=0.0):
        self.now_s += after_s
        self._log.note(about, condition, lambda: self.lines.append(condition))

    def settle(self, after_s):
        self.now_s += after_s
        self._log.settle()


@pytest.fixture
def log():
    return Log()


def test_condition_of_every_frame_is_logged_once(log):
    for _ in range(300):
        log.note('broken', after_s=0.03)
    assert log.lines == ['broken']


def test_condition_that_alternates_from_frame_to_frame_is_logged_once(log):
    for _ in range(1000):
        log.note('fresh', after_s=0.03)
        log.note('broken', after_s=0.03)
        log.settle(0.0)
    assert log.lines == ['fresh', 'broken']


def test_new_condition_is_logged_at_once(log):
    log.note('fresh')
    log.note('black', after_s=0.01)
    assert log.lines == ['fresh', 'black']


@pytest.mark.parametrize('settled', [False, True])
def test_return_of_a_recent_condition_is_logged_when_it_has_lasted(log, settled):
    log.note('fresh')
    log.note('black', after_s=0.1)
    log.note('fresh', after_s=0.1)
    assert log.lines == ['fresh', 'black']
    if settled:
        log.settle(2.1)
    else:
        log.note('fresh', after_s=2.1)
    assert log.lines == ['fresh', 'black', 'fresh']


def test_condition_absent_for_long_is_new(log):
    log.note('fresh')
    log.note('black', after_s=60.0)
    log.note('fresh', after_s=60.0)
    log.note('black', after_s=11.0)
    assert log.lines == ['fresh', 'black', 'fresh', 'black']


def test_subjects_do_not_mix(log):
    for _ in range(3):
        log.note('fresh', 'front')
        log.note('black', 'rear')
    assert log.lines == ['fresh', 'black']


def test_error_that_returns_after_recovery_is_logged_again(log):
    log.note('no model')
    log.note('', after_s=20.0)
    log.note('no model', after_s=20.0)
    assert log.lines == ['no model', 'no model']


def test_texts_that_differ_only_in_numbers_are_one_condition():
    one, other = (without_numbers(f'image of {size} bytes, {share} % at {place}')
                  for size, share, place in ((7042, 3.5, '0x7f3a'), (12, 40, '0x7f3b')))
    assert one == other
    assert without_numbers('broken') != without_numbers('black')
