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

"""The simulation's clock, as anybody on the network may publish it."""

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rosgraph_msgs.msg import Clock


class SimClockNode(LifecycleNode):
    """
    A node that a ``/clock`` below zero does not end.

    rclpy takes such a time for a mistake of the program and raises.
    """

    def create_subscription(self, msg_type: Any, topic: str, callback: Callable[..., Any],
                            *args: Any, **options: Any) -> Any:
        """Subscribe; rclpy does so here too for its own clock."""
        if msg_type is Clock:
            callback = self._refuse_negative(callback)
        return super().create_subscription(msg_type, topic, callback, *args, **options)

    def _refuse_negative(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        refused = False

        def on_clock(message: Any) -> None:
            nonlocal refused
            if message.clock.sec >= 0:
                refused = False
                callback(message)
            elif not refused:
                refused = True
                self.get_logger().warning(
                    f'/clock is {message.clock.sec} s, which is below zero and is not followed: '
                    'let the simulation start at 0 or later.')
        return on_clock
