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
import signal
import sys
import time

from digiphys_ros.ros.supervision.supervisor import Supervisor
import pytest

FOREVER = [sys.executable, '-c', 'import time; print("up", flush=True); time.sleep(60)']
DEAF = [sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);'
        'print("up", flush=True); time.sleep(60)']
BRIEF = [sys.executable, '-c', 'raise SystemExit(3)']


@pytest.fixture
def supervise(tmp_path):
    """Return a function that starts commands under supervision; they are ended afterwards."""
    started = []
    with open(tmp_path / 'log', 'wb') as output:
        def start(**commands):
            started.append(Supervisor(commands, {name: os.environ for name in commands}, output))
            started[-1].start()
            return started[-1]
        yield start
        for one in started:
            one.stop()


def until(condition, timeout_s=90.0):
    deadline_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    return found


def test_supervisor_dead_process_is_restarted(supervise):
    one = supervise(steady=FOREVER)
    first = one.pids()['steady']
    os.kill(first, signal.SIGKILL)
    sentences = until(one.poll)
    assert 'ended with code -9' in sentences[0]
    assert 'started again' in until(one.poll)[0]
    assert one.pids()['steady'] != first


def test_supervisor_pause_grows_with_repeated_deaths(supervise):
    one = supervise(brief=BRIEF)
    sentences = []
    until(lambda: sentences.extend(one.poll()) or len(sentences) >= 5)
    pauses = [float(sentence.split(' in ')[1].split()[0]) for sentence in sentences
              if 'starting it again' in sentence]
    assert pauses[:3] == [0.1, 0.2, 0.4]


def test_supervisor_stop_kills_processes_that_ignore_signals(tmp_path, supervise):
    one = supervise(steady=FOREVER, deaf=DEAF)
    until(lambda: (tmp_path / 'log').read_text().count('up') == 2)
    pids = one.pids().values()
    one.stop(patience_s=0.3)
    assert not any(os.path.exists(f'/proc/{pid}') for pid in pids)
