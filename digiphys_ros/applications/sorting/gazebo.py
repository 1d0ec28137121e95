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
"""Gazebo adapter of the diverter: an angle instead of a lane."""

from collections.abc import Mapping

from digiphys_ros.applications.sorting.scene import REJECT_RAD
from digiphys_ros.simulation.gazebo.adapter import Adapter, Messages, MessageType, Values


class Blade(Adapter):
    """Convert the lane of ``diverter`` to ``diverter_rad``, the angle of the blade."""

    inputs: Mapping[str, MessageType] = {'diverter': 'bool'}
    outputs: Mapping[str, MessageType] = {'diverter_rad': 'float64'}

    def receive(self, topic: str, values: Values, now_s: float) -> Messages:
        """Return the blade angle of a lane."""
        # the joint is zero in the reject position, as the world is written
        return {'diverter_rad': {'data': 0.0 if values['data'] else -REJECT_RAD}}

    def safe_state(self, now_s: float) -> Messages:
        """Return the blade angle of the reject lane."""
        return self.receive('diverter', {'data': 1.0}, now_s)
