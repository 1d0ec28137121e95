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

"""Cores and priority, each tested in a separate process."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys, threading
from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.scheduling import apply_scheduling
go_on = threading.Event()
thread = threading.Thread(target=go_on.wait)
thread.start()
try:
    apply_scheduling(sys.argv[1], int(sys.argv[2]))
except ConfigError as error:
    print(error)
else:
    for one in (threading.get_native_id(), thread.native_id):
        print(sorted(os.sched_getaffinity(one)), os.getpriority(os.PRIO_PROCESS, one))
go_on.set()
"""


def tried(cpus, nice):
    words = [sys.executable, '-c', SCRIPT, cpus, str(nice)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()


def test_apply_scheduling_sets_every_thread():
    own = sorted(os.sched_getaffinity(0))[-1]
    assert tried(str(own), 19) == [f'[{own}] 19'] * 2


@pytest.mark.parametrize('cpus', ['a', '1-', '-1', '0;1', '999'])
def test_apply_scheduling_invalid_cores_are_reported(cpus):
    sentence, = tried(cpus, 0)
    assert sentence.startswith('parameter `cpus`:')
    assert f"received '{cpus}'" in sentence


AGAIN = """
import os
from digiphys_ros.ros.scheduling import apply_scheduling
allowed = os.sched_getaffinity(0)
last, *_ = sorted(allowed, reverse=True)
apply_scheduling(str(last), 0)
assert os.sched_getaffinity(0) == {last}
apply_scheduling(','.join(map(str, allowed)), 0)
assert os.sched_getaffinity(0) == allowed
apply_scheduling(str(last), 0)
apply_scheduling('', 0)
assert os.sched_getaffinity(0) == allowed
"""


def test_apply_scheduling_cores_can_be_changed_again():
    subprocess.run([sys.executable, '-c', AGAIN], check=True)


def test_apply_scheduling_defaults_change_nothing():
    assert len(set(tried('', 0))) == 1
