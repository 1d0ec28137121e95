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

SCRIPT = """
import os, signal
from digiphys_ros.shutdown import on_signal_to_end
signal.signal(signal.SIGHUP, signal.{hangup})
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
heard = []
on_signal_to_end(lambda: heard.append(1))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    os.kill(os.getpid(), number)
print(len(heard))
"""


def heard(hangup):
    words = [sys.executable, '-c', SCRIPT.format(hangup=hangup)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_on_signal_to_end_handles_each_signal():
    assert heard('SIG_DFL') == 4


def test_on_signal_to_end_under_nohup_ignores_sighup():
    assert heard('SIG_IGN') == 3
