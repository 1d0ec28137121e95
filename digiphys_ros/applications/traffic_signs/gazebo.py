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
"""Gazebo adapter of the base, which follows the guide line."""

from collections.abc import Mapping
import math

from digiphys_ros.applications.traffic_signs.guide import nearest_leg, Pose, steering_radps
from digiphys_ros.applications.traffic_signs.scene import gazebo_route
from digiphys_ros.simulation.gazebo.adapter import Adapter, Messages, MessageType, Values

OLDEST_S = 0.5
"""Older odometry is not used."""

OUTPUT = 'gazebo/cmd_vel'


class LineKeeper(Adapter):
    """
    Convert ``cmd_vel`` to ``gazebo/cmd_vel``.

    A command to drive without turning is corrected to follow the guide line of the shipped course;
    a stop and a turn pass unchanged.
    """

    inputs: Mapping[str, MessageType] = {'cmd_vel': 'twist_stamped', 'odom': 'odometry'}
    outputs: Mapping[str, MessageType] = {OUTPUT: 'twist_stamped'}

    def __init__(self) -> None:
        self._legs = gazebo_route().legs
        self._pose: Pose | None = None
        self._pose_s = -math.inf

    def receive(self, topic: str, values: Values, now_s: float) -> Messages:
        """Store the pose of the base, or return its command."""
        if topic == 'odom':
            pose = (values['x_m'], values['y_m'], values['heading_rad'])
            if all(map(math.isfinite, pose)):
                self._pose, self._pose_s = pose, now_s
            return {}
        linear_mps, angular_radps = values['linear.x'], values['angular.z']
        if angular_radps == 0.0 and self._pose is not None and self._knows_place(now_s):
            leg = self._legs[nearest_leg(self._legs, self._pose)]
            angular_radps = steering_radps(leg, self._pose, linear_mps)
            self.corrected += angular_radps != 0.0
        return {OUTPUT: {'linear.x': linear_mps, 'angular.z': angular_radps}}

    def safe_state(self, now_s: float) -> Messages:
        """Return a stop command."""
        return {OUTPUT: {'linear.x': 0.0, 'angular.z': 0.0}}

    def forget(self) -> None:
        """Forget the pose of the base."""
        self._pose = None

    def problem(self, now_s: float) -> str:
        """Return a problem if there is no odometry."""
        return '' if self._knows_place(now_s) else \
            'no odometry: the base does not follow its guide line; check the topic odom'

    def _knows_place(self, now_s: float) -> bool:
        return 0.0 <= now_s - self._pose_s <= OLDEST_S
