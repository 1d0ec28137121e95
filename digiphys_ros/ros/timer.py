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

"""A timer that never calls back after it is destroyed."""

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]
from rclpy.node import Node


class Timer:
    """
    Call a function periodically in steady time, until ``destroy``.

    A timer of rclpy may call once more, because an events executor already has the call in its
    queue.

    Example::

        timer = Timer(node, 0.05, supervise)
    """

    def __init__(self, node: Node, period_s: float, callback: Callable[[], Any]) -> None:
        self._node, self._callback, self._runs = node, callback, True
        self._timer = node.create_timer(
            period_s, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _tick(self) -> None:
        if self._runs:
            self._callback()

    def destroy(self) -> None:
        """End the timer; a second call has no effect."""
        if self._runs:
            self._runs = False
            self._node.destroy_timer(self._timer)
