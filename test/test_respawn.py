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

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import os, signal, sys
from digiphys_ros import respawn
respawn.LEAST_LIFE_S = float(sys.argv[1])

def work(death):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(sys.argv[2])))
    if sys.argv[3:] and not death:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    print(os.getpid(), os.sched_getscheduler(0), death.strip(), flush=True)
    while True:
        signal.pause()

respawn.respawn(work)
"""


@pytest.fixture
def start():
    """Return a function that starts the script; its copies end with it."""
    started = []

    def run(*words, respawn='true'):
        started.append(subprocess.Popen(
            [sys.executable, '-c', SCRIPT, *words], stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'DIGIPHYS_RESPAWN': respawn}))
        return started[-1]
    yield run
    for process in started:
        process.kill()
        process.communicate()


def next_copy(process):
    """Return pid, scheduling and the line about the death before it."""
    pid, policy, death = process.stdout.readline().rstrip('\n').split(' ', 2)
    return int(pid), int(policy), death


def test_respawn_of_a_killed_copy_starts_another_in_the_same_process(start):
    process = start('0', '0')
    first, _, death = next_copy(process)
    assert death == ''
    os.kill(first, signal.SIGKILL)
    second, _, death = next_copy(process)
    assert second not in (first, process.pid)
    assert death == 'the process before this one ended with code -9'
    assert process.poll() is None


def test_respawn_keeps_the_real_time_priority_of_the_copy_before(start, may_be_realtime):
    if not may_be_realtime:
        pytest.skip('this machine gives no real-time priority')
    process = start('0', '0', 'realtime')
    for _ in range(2):
        copy, policy, _ = next_copy(process)
        assert policy == os.SCHED_RR
        os.kill(copy, signal.SIGKILL)
    # the process that waits has none
    assert os.sched_getscheduler(process.pid) == os.SCHED_OTHER


def test_respawn_of_a_copy_that_died_soon_ends_as_the_copy_did(start):
    process = start('60', '0')
    os.kill(next_copy(process)[0], signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL


@pytest.mark.parametrize('code', [0, 3])
def test_respawn_passes_a_signal_to_end_on_and_ends_with_the_same_code(start, code):
    process = start('0', str(code))
    copy, *_ = next_copy(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == code
    assert not os.path.exists(f'/proc/{copy}')


def test_respawn_that_is_killed_leaves_no_copy(start):
    process = start('0', '0')
    copy, *_ = next_copy(process)
    process.kill()
    process.wait()
    end_s = time.monotonic() + 20
    while runs(copy):
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_respawn_that_nobody_asked_for_works_in_the_same_process(start):
    process = start('0', '0', respawn='false')
    assert next_copy(process)[0] == process.pid


def runs(pid):
    """Return whether a process is there and has not ended."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False
