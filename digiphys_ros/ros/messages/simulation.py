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

"""Convert between ROS messages and the values of the simulator."""

from collections.abc import Mapping
import math
from typing import Any

from digiphys_ros.ros.messages.images import set_stamp
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header


def clock_message(seconds: float) -> Clock:
    """Return a time for /clock."""
    header = Header()
    set_stamp(header, seconds)
    return Clock(clock=header.stamp)


def camera_info_message(shape: tuple[int, ...], focal_px: float, header: Header) -> CameraInfo:
    """
    Return the intrinsics of a pinhole camera without distortion, its axis through the middle.

    :param shape: shape of its images, (H, W) or (H, W, 3).
    """
    height, width = shape[:2]
    fx, cx, cy = float(focal_px), width / 2, height / 2
    return CameraInfo(
        header=header, height=height, width=width, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fx, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fx, cy, 0.0, 0.0, 0.0, 1.0, 0.0])


def odometry_message(facts: Mapping[str, Any], seconds: float) -> Odometry:
    """
    Return pose and velocity of a base.

    :param facts: x_m, y_m, heading_rad, speed_mps and turn_radps.
    """
    message = Odometry(child_frame_id='base_link')
    message.header.frame_id = 'odom'
    set_stamp(message.header, seconds)
    pose, twist = message.pose.pose, message.twist.twist
    pose.position.x, pose.position.y = float(facts['x_m']), float(facts['y_m'])
    half_rad = float(facts['heading_rad']) / 2
    pose.orientation.z, pose.orientation.w = math.sin(half_rad), math.cos(half_rad)
    twist.linear.x, twist.angular.z = float(facts['speed_mps']), float(facts['turn_radps'])
    return message


def odometry_values(message: Odometry) -> dict[str, float]:
    """Return the pose of a base: x_m, y_m and heading_rad."""
    place, turn = message.pose.pose.position, message.pose.pose.orientation
    return {'x_m': place.x, 'y_m': place.y, 'heading_rad': 2 * math.atan2(turn.z, turn.w)}
