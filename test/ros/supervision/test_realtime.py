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

"""Real-time priority, requested in separate processes."""

import resource
import subprocess
import sys

import pytest

SCRIPT = """
import os, resource, sys, threading
from digiphys_ros.ros.supervision.realtime import prioritize_process, prioritize_thread
if 'refused' in sys.argv:
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    if os.geteuid() == 0:
        os.setuid(65534)
go_on = threading.Event()
waiting = threading.Thread(target=go_on.wait)
waiting.start()
before = {os.sched_getscheduler(int(one)) for one in os.listdir('/proc/self/task')}
allowed = [prioritize_thread(1), os.sched_getscheduler(waiting.native_id),
           prioritize_process(1), os.sched_getscheduler(waiting.native_id)]
go_on.set()
print(before, allowed)
"""


def asked(*words):
    return subprocess.run([sys.executable, '-c', SCRIPT, *words], capture_output=True, text=True,
                          check=True).stdout.strip()


def test_prioritize_sets_one_thread_then_all(may_be_realtime):
    if not may_be_realtime:
        pytest.skip(f'no real-time priority here: {resource.getrlimit(resource.RLIMIT_RTPRIO)}')
    # 0: default, 2: round-robin
    assert asked() == '{0} [True, 0, True, 2]'


def test_prioritize_refused_by_the_system_returns_false():
    assert asked('refused') == '{0} [False, 0, False, 0]'
