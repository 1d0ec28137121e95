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

"""The ROS 2 distro of this Python, and the profile that its Fast DDS reads."""

from collections.abc import Mapping
import os
from pathlib import Path

FASTDDS_3, FASTDDS_2 = 'FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'
NO_PROFILE = 'none'
MAPS = Path('/proc/self/maps')

_BY_RCLPY = {3: 'humble', 7: 'jazzy', 9: 'kilted', 10: 'lyrical'}


def ros_distro(environment: Mapping[str, str]) -> str:
    """Return ROS_DISTRO, else the distro whose rclpy is installed, else ``unknown``."""
    if environment.get('ROS_DISTRO'):
        return environment['ROS_DISTRO']
    # imported here: it takes 2 MB, and not every node needs it
    from importlib.metadata import PackageNotFoundError, version
    for package in ('rclpy', 'ros-rclpy'):
        try:
            return _BY_RCLPY.get(int(version(package).split('.')[0]), 'unknown')
        except (PackageNotFoundError, ValueError):
            continue
    return 'unknown'


def profile_variable(environment: Mapping[str, str]) -> str:
    """Return the environment variable that this distro's Fast DDS reads its profile from."""
    return FASTDDS_2 if ros_distro(environment) in ('humble', 'jazzy') else FASTDDS_3


def profile_in_force(environment: Mapping[str, str]) -> str:
    """Return the file that Fast DDS reads its profile from, ``none`` without one."""
    # by the loaded library: looking for the distro takes 2 MB, too much for the gate
    variable = FASTDDS_2 if b'libfastrtps' in MAPS.read_bytes() else FASTDDS_3
    path = environment.get(variable, '')
    return path if os.access(path, os.R_OK) else NO_PROFILE
