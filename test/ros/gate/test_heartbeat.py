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

"""The shared memory of a gate and its guard."""

import subprocess
import sys

from digiphys_ros.ros.gate.heartbeat import FIELDS, Heartbeat

WRITER = """
import sys
from digiphys_ros.ros.gate.heartbeat import Heartbeat
heartbeat = Heartbeat(int(sys.argv[1]))
while not heartbeat.read('ended'):
    for value in (123456.75, 654321.25):
        heartbeat.write('beat_s', value)
"""
READS = 300_000


def test_heartbeat_read_in_another_process_is_atomic():
    heartbeat = Heartbeat()
    heartbeat.write('beat_s', 123456.75)
    with subprocess.Popen([sys.executable, '-c', WRITER, str(heartbeat.descriptor)],
                          pass_fds=[heartbeat.descriptor]) as writer:
        try:
            while heartbeat.read('beat_s') != 654321.25:
                assert writer.poll() is None
            seen = {heartbeat.read('beat_s') for _ in range(READS)}
        finally:
            heartbeat.write('ended', 1.0)
    heartbeat.close()
    assert seen == {123456.75, 654321.25}


def test_heartbeat_numbers_do_not_overlap():
    heartbeat = Heartbeat(outputs=3)
    places = [(name, output) for name in FIELDS for output in range(3)]
    assert {heartbeat.read(*place) for place in places} == {0.0}
    for number, (name, output) in enumerate(places):
        heartbeat.write(name, float(number), output)
    assert [heartbeat.read(*place) for place in places] == list(map(float, range(len(places))))
    heartbeat.close()
