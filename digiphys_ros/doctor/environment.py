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

"""Check the environment that nodes are started in. No ROS."""

from collections.abc import Mapping
import os
from pathlib import Path
import tempfile

from digiphys_ros.doctor.finding import Finding

FIX = 'export ROS_LOG_DIR=/tmp/ros_log'


def check_logs(environment: Mapping[str, str]) -> Finding:
    """Check that ROS can write its log, as nodes end at their start without it."""
    folder = environment.get('ROS_LOG_DIR', '')
    if not folder:
        home = environment.get('ROS_HOME') or environment.get('HOME')
        if not home:
            return Finding('logs', 'fail', 'HOME is not set: nodes of other packages end at their '
                           'start without a folder for their log', FIX)
        folder = os.path.join(home, 'log' if environment.get('ROS_HOME') else '.ros/log')
    place = Path(folder).expanduser()
    try:
        there = next(path for path in (place, *place.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=there):
            return Finding('logs', 'ok', f'ROS writes its log to {place}')
    except (OSError, RuntimeError) as error:
        return Finding('logs', 'warn', f'ROS cannot write its log to {place}: {error}: nodes of '
                       'other packages end at their start', FIX)
