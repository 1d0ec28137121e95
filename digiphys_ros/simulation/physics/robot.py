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

"""A kinematic differential-drive robot."""

from dataclasses import dataclass
import math


@dataclass
class DifferentialDrive:
    """
    Pose of a robot that follows its commands exactly.

    :ivar x_m: meters ahead of the start.
    :ivar y_m: meters left of the start.
    :ivar heading_rad: counter-clockwise from the heading at the start.
    """

    x_m: float = 0.0
    y_m: float = 0.0
    heading_rad: float = 0.0

    def step(self, linear_mps: float, angular_radps: float, dt_s: float) -> None:
        """Drive for ``dt_s`` seconds along the arc of a constant twist."""
        turned = angular_radps * dt_s
        if abs(turned) < 1e-9:
            self.x_m += linear_mps * dt_s * math.cos(self.heading_rad)
            self.y_m += linear_mps * dt_s * math.sin(self.heading_rad)
        else:
            radius = linear_mps / angular_radps
            self.x_m += radius * (math.sin(self.heading_rad + turned) - math.sin(self.heading_rad))
            self.y_m -= radius * (math.cos(self.heading_rad + turned) - math.cos(self.heading_rad))
        self.heading_rad += turned
