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
from digiphys_ros.ros.supervision import respawn

def work(death, memory):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(sys.argv[1])))
    if sys.argv[2:] and not death:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    if memory is not None:
        memory[0] += 1
    print(os.getpid(), os.sched_getscheduler(0), memory and memory[0], death.strip(), flush=True)
    while True:
        signal.pause()

respawn.respawn(work)
"""
# like respawn.py, with a shorter minimum life
WAITS = ('import sys; from digiphys_ros.ros.supervision import respawn;'
         'respawn.LEAST_LIFE_S = {}; respawn.run({})')


@pytest.fixture
def start():
    """Return a function that starts the script; its programs end with it."""
    started = []

    def run(*words, least_life_s=0.0):
        words = [sys.executable, '-c', SCRIPT, *words]
        started.append(subprocess.Popen(
            [sys.executable, '-c', WAITS.format(least_life_s, words)], stdout=subprocess.PIPE,
            text=True))
        return started[-1]
    yield run
    for process in started:
        process.kill()
        process.communicate()


def next_program(process):
    """Return pid, scheduling, number of workers so far, and the line about the previous death."""
    pid, policy, count, death = process.stdout.readline().rstrip('\n').split(' ', 3)
    return int(pid), int(policy), count, death


def test_respawn_killed_program_continues_in_a_spare_with_the_same_memory(start):
    process = start('0')
    first, _, count, death = next_program(process)
    assert (count, death) == ('1', '')
    os.kill(first, signal.SIGKILL)
    second, _, count, death = next_program(process)
    assert second not in (first, process.pid)
    assert (count, death) == ('2', 'the process before this one ended with code -9')
    assert process.poll() is None


def test_respawn_keeps_the_real_time_priority(start, may_be_realtime):
    if not may_be_realtime:
        pytest.skip('this machine gives no real-time priority')
    process = start('0', 'realtime')
    for _ in range(2):
        program, policy, *_ = next_program(process)
        os.kill(program, signal.SIGKILL)
    assert policy == os.SCHED_RR
    # the process that waits has none
    assert os.sched_getscheduler(process.pid) == os.SCHED_OTHER


def test_respawn_program_that_died_soon_ends_with_its_code(start):
    process = start('0', least_life_s=60.0)
    os.kill(next_program(process)[0], signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize('code', [0, 3])
def test_respawn_forwards_a_signal_to_end_and_its_exit_code(start, code):
    process = start(str(code))
    next_program(process)
    spare = until(lambda: children_of(process.pid)[1:])
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == code
    assert not any(map(runs, spare))


def test_respawn_after_a_killed_spare_starts_a_new_program(start):
    process = start('0')
    first, *_ = next_program(process)
    [spare] = until(lambda: children_of(process.pid)[1:])
    for pid in (spare, first):
        os.kill(pid, signal.SIGKILL)
    assert next_program(process)[0] not in (spare, first)


def test_respawn_killed_leaves_no_program(start):
    process = start('0')
    next_program(process)
    programs = until(lambda: len(children_of(process.pid)) == 2 and children_of(process.pid))
    process.kill()
    process.wait()
    until(lambda: not any(map(runs, programs)))


def test_respawn_without_request_runs_the_program_itself():
    for asked, is_child in (('true', True), ('', False)):
        process = subprocess.Popen([sys.executable, '-c', SCRIPT, '0'], stdout=subprocess.PIPE,
                                   text=True, env={**os.environ, 'DIGIPHYS_RESPAWN': asked})
        assert (next_program(process)[0] != process.pid) == is_child
        process.terminate()
        process.communicate()
        assert process.returncode == 0


def until(condition, timeout_s=90.0):
    end_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end_s
        time.sleep(0.01)
    return found


def children_of(pid):
    return list(map(int, Path(f'/proc/{pid}/task/{pid}/children').read_text().split()))


def runs(pid):
    """Return whether a process is alive."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False
