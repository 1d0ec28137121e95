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
"""The base in Gazebo, which does not keep to its guide line by itself."""

from collections.abc import Mapping
import math

from digiphys_ros.applications.traffic_signs.guide import nearest_leg, Pose, steering_radps
from digiphys_ros.applications.traffic_signs.scene import gazebo_route
from digiphys_ros.simulation.gazebo.adapter import Adapter, Messages, MessageType, Values

OLDEST_S = 0.5
"""Odometry older than this corrects nothing."""

OUTPUT = 'gazebo/cmd_vel'


class LineKeeper(Adapter):
    """
    Turn ``cmd_vel`` into ``gazebo/cmd_vel``.

    While the base is told to drive without turning, it is led along the guide line of the
    shipped course; a stop and a turn pass as they are.
    """

    inputs: Mapping[str, MessageType] = {'cmd_vel': 'twist_stamped', 'odom': 'odometry'}
    outputs: Mapping[str, MessageType] = {OUTPUT: 'twist_stamped'}

    def __init__(self) -> None:
        self._legs = gazebo_route().legs
        self._pose: Pose | None = None
        self._pose_s = -math.inf

    def receive(self, topic: str, values: Values, now_s: float) -> Messages:
        """Note where the base is, or return its command."""
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
        """Return a stop."""
        return {OUTPUT: {'linear.x': 0.0, 'angular.z': 0.0}}

    def forget(self) -> None:
        """Forget where the base is."""
        self._pose = None

    def problem(self, now_s: float) -> str:
        """Return that there is no odometry."""
        return '' if self._knows_place(now_s) else \
            'no odometry: the base is not kept on its line'

    def _knows_place(self, now_s: float) -> bool:
        return 0.0 <= now_s - self._pose_s <= OLDEST_S
