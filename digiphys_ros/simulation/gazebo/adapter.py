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
"""The adapter between the gates of an application and Gazebo, without ROS."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

MessageType = Literal['bool', 'float64', 'joint_state', 'odometry', 'twist_stamped']
"""
A ROS message type, by its values.

``bool`` and ``float64`` have ``data``; ``joint_state`` has joint -> position; ``odometry`` has
``x_m``, ``y_m`` and ``heading_rad``; ``twist_stamped`` has ``linear.x`` and ``angular.z``, and
its other fields pass unchanged.
"""

Values = Mapping[str, float]
Messages = Mapping[str, Values]
"""Topic -> values."""


class Adapter(ABC):
    """
    Translate the commands of the gates for Gazebo.

    It sends nothing on its own: if the gates are silent, so is the adapter.

    :ivar inputs: topic -> message type, published by the gates and Gazebo.
    :ivar outputs: topic -> message type, subscribed by Gazebo.
    :ivar corrected: number of commands it changed.
    """

    inputs: Mapping[str, MessageType]
    outputs: Mapping[str, MessageType]
    corrected = 0

    @abstractmethod
    def receive(self, topic: str, values: Values, now_s: float) -> Messages:
        """Return the messages to send after a message of one of the inputs."""

    @abstractmethod
    def safe_state(self, now_s: float) -> Messages:
        """Return the messages to send when the adapter stops."""

    def forget(self) -> None:  # noqa: B027
        """Forget received messages; called when the adapter stops."""

    def problem(self, now_s: float) -> str:
        """Return what is missing now as one sentence, or an empty text."""
        return ''
