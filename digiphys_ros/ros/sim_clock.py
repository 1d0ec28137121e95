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

"""The simulation's clock, which any node on the network may publish."""

from collections.abc import Callable
import time
from typing import Any, TYPE_CHECKING

from digiphys_ros.ros.qos import endpoint_name
from rclpy.lifecycle import LifecycleNode
from rosgraph_msgs.msg import Clock

if TYPE_CHECKING:
    from digiphys_ros.control.ticking_clock import TickingClock


class SimClockNode(LifecycleNode):
    """
    A node that survives a ``/clock`` below zero, and checks how its clock runs.

    rclpy raises on a negative time.
    """

    _clock_ns, _clock_moved_s = 0, 0.0
    _ticks: 'TickingClock | None' = None

    @property
    def is_simulated(self) -> bool:
        """Return whether the node's clock is a simulation's."""
        clock: Any = self.get_clock()
        return bool(clock.ros_time_is_active)

    def read_clock(self) -> tuple[float, bool]:
        """Return the node's clock [s], and whether it is a simulation's."""
        if self.is_simulated:
            return self.get_clock().now().nanoseconds * 1e-9, True
        # the same clock, without the objects that rclpy creates for each reading
        return time.time(), False

    def now_s(self) -> float:
        """Return the node's clock in seconds (simulation time if it is used)."""
        return self.read_clock()[0]

    @property
    def has_time(self) -> bool:
        """Return whether the node's clock has a time: a simulation's is 0 until its first tick."""
        return not self.is_simulated or self.get_clock().now().nanoseconds > 0

    @property
    def behind_s(self) -> float:
        """Return how far the node's clock may be behind a stamp [s]: a simulation's ticks."""
        return self._ticks.behind_s if self._ticks is not None and self.is_simulated else 0.0

    def clock_problem(self) -> tuple[str, str]:
        """Return why the node's clock does not run, and the fix; both empty if it runs."""
        if not self.is_simulated:
            return '', ''
        # imported here: a real robot does not need it, and it would delay the start
        from digiphys_ros.control.running_clock import STANDSTILL_S
        now_ns, steady_s = self.get_clock().now().nanoseconds, time.monotonic()
        if now_ns != self._clock_ns:
            self._clock_ns, self._clock_moved_s = now_ns, steady_s
        if now_ns and steady_s - self._clock_moved_s <= STANDSTILL_S:
            return '', ''
        stands = f'the clock does not run: `use_sim_time` is true and time stands at ' \
            f'{now_ns * 1e-9:.3f} s'
        publishers = self.get_publishers_info_by_topic('/clock')
        if not publishers:
            return f'{stands}, nobody publishes /clock', (
                f'ros2 param set {self.get_fully_qualified_name()} use_sim_time false  # or start '
                'the simulation, or the recording with `ros2 bag play --clock`')
        names = ', '.join(sorted(map(endpoint_name, publishers)))
        return f'{stands}, {names} publishes /clock and does not move it', \
            f'ros2 topic hz /clock  # make {names} run: it may be paused or have ended'

    def create_subscription(self, msg_type: Any, topic: str, callback: Callable[..., Any],
                            *args: Any, **options: Any) -> Any:
        """Subscribe; rclpy also calls this for its own clock."""
        if msg_type is Clock:
            callback = self._measure(callback)
        return super().create_subscription(msg_type, topic, callback, *args, **options)

    def _measure(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a callback that measures the clock's steps and ignores a negative time."""
        from digiphys_ros.control.ticking_clock import TickingClock
        ticks = self._ticks = TickingClock()
        refused = False

        def on_clock(message: Any) -> None:
            nonlocal refused
            if message.clock.sec >= 0:
                refused = False
                ticks.tick(message.clock.sec + message.clock.nanosec * 1e-9, time.monotonic())
                callback(message)
            elif not refused:
                refused = True
                self.get_logger().warning(
                    f'/clock is {message.clock.sec} s, which is below zero and is not followed: '
                    'start the simulation at 0 or later.')
        return on_clock
