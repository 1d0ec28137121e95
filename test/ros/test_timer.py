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

"""A destroyed timer never calls back, even if the executor has it in its queue."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros

SCRIPT = """
import sys, time
import rclpy
from digiphys_ros.ros.executor import make_executor
from digiphys_ros.ros.timer import Timer
rclpy.init()
node = rclpy.create_node('timers')
calls = []
first = Timer(node, 0.001, lambda: calls.append('first'))
def end_it():
    if 'end' not in calls:
        # meanwhile the first one becomes due again and again
        time.sleep(0.1)
        first.destroy()
        first.destroy()
        calls.append('end')
        # as an executor does that has the call in its queue already
        first._tick()
second = Timer(node, 0.02, end_it)
executor = make_executor()
executor.add_node(node)
end_s = time.monotonic() + 60
while calls.count('end') < 1 and time.monotonic() < end_s:
    executor.spin_once(timeout_sec=0.1)
for _ in range(20):
    executor.spin_once(timeout_sec=0.02)
after = calls[calls.index('end'):]
print('first' in calls, after)
"""


@pytest.mark.field('ros2/rclpy #255', 'a timer is destroyed while the executor spins')
def test_timer_destroyed_never_calls_back(robot):
    done = subprocess.run([sys.executable, '-c', SCRIPT], env=robot.environment, text=True,
                          capture_output=True, check=True)
    assert done.stdout.strip() == "True ['end']"
