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

"""Conversion to Float64MultiArray, which ros2_control's JointGroupVelocityController takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from digiphys_ros.control import Actuator
from std_msgs.msg import Float64MultiArray


class WheelSpeeds:
    """Convert speed and turn rate of a base to left and right wheel speeds [rad/s], and back."""

    def message_type(self, actuator: Actuator) -> type:
        """Return Float64MultiArray."""
        return Float64MultiArray

    def write(self, actuator: Actuator, values: Mapping[str, float], message: Any,
              reach_s: float) -> None:
        """Write the speeds of both wheels."""
        radius_m, track_m = actuator.options['radius_m'], actuator.options['track_m']
        speed_mps = values.get('speed_mps', 0.0)
        half_mps = values.get('turn_radps', 0.0) * track_m / 2
        message.data = [(speed_mps - half_mps) / radius_m, (speed_mps + half_mps) / radius_m]

    def read(self, actuator: Actuator, message: Any) -> tuple[Sequence[str], Sequence[float]]:
        """Return the speed and turn rate of the base."""
        left_mps, right_mps = (one * actuator.options['radius_m'] for one in message.data)
        both = {'speed_mps': (left_mps + right_mps) / 2,
                'turn_radps': (right_mps - left_mps) / actuator.options['track_m']}
        return list(actuator.fields), [both[name] for name in actuator.fields]


WHEEL_SPEEDS = WheelSpeeds()
