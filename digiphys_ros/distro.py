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

"""Which ROS 2 distro this Python has."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

_BY_RCLPY = {3: 'humble', 7: 'jazzy', 9: 'kilted', 10: 'lyrical'}


def ros_distro(environment: Mapping[str, str]) -> str:
    """Return ROS_DISTRO, else the distro whose rclpy is installed, else ``unknown``."""
    if environment.get('ROS_DISTRO'):
        return environment['ROS_DISTRO']
    for package in ('rclpy', 'ros-rclpy'):
        try:
            return _BY_RCLPY.get(int(version(package).split('.')[0]), 'unknown')
        except (PackageNotFoundError, ValueError):
            continue
    return 'unknown'
