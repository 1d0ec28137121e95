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
"""The gazebo_adapter node: what the embedded simulator's actuators do and Gazebo's do not."""

from collections.abc import Callable, Mapping
import math
from typing import Any

from digiphys_ros.applications.traffic_signs.guide import nearest_leg, Pose, steering_radps
from digiphys_ros.control.signals import RED
from digiphys_ros.ros import qos
from digiphys_ros.ros.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.duration import Duration
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64

OLDEST_S = 0.5
"""Odometry older than this corrects nothing."""


class GazeboAdapterNode(PipelineNode):
    """
    Stand between a gate and Gazebo's bridge.

    traffic: ``cmd_vel`` becomes ``gazebo/cmd_vel``, on the guide line of the shipped course while
    it drives without turning; a stop and a turn pass as they are. sorting: ``diverter`` becomes
    ``diverter_rad``, the angle of the blade. signals: each of the ``signal_heads`` becomes
    ``lamps_HEAD_rad``, the turn of the wheel that lifts a lamp. It sends only what it gets, and
    the safe state when it ends: a silent gate stays silent.
    """

    PARAMETERS = (
        Parameter('app', 'traffic', 'Application whose actuators Gazebo is to have.',
                  choices=('traffic', 'sorting', 'signals')),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('gazebo_adapter', **options)
        self._inputs: list[Any] = []
        self._outputs: dict[str, Any] = {}
        self._stop: Callable[[], None] = lambda: None
        self._pose: Pose | None = None
        self._pose_s = -math.inf
        self._passed = self._corrected = 0

    def configure(self) -> None:
        """Offer the topics that the bridge listens to."""
        if self.settings.app == 'sorting':
            from digiphys_ros.applications.sorting.scene import REJECT_RAD
            self._accept_rad = -REJECT_RAD
            self._offer(Float64, 'diverter_rad')
            self._stop = lambda: self._divert(reject=True)
        elif self.settings.app == 'signals':
            from digiphys_ros.applications.traffic_lights.demand import APPROACHES
            from digiphys_ros.applications.traffic_lights.gazebo import lamp_turn_rad
            self._turn_rad = lamp_turn_rad
            self._offer(Float64, *(f'lamps_{side}_rad' for side in APPROACHES))
            self._stop = lambda: self._light(dict.fromkeys(APPROACHES, RED))
        else:
            from digiphys_ros.applications.traffic_signs.scene import gazebo_route
            self._legs = gazebo_route().legs
            self._offer(TwistStamped, 'gazebo/cmd_vel')
            self._stop = lambda: self._send('gazebo/cmd_vel', TwistStamped())

    def activate(self) -> None:
        """Listen to the gate."""
        if self.settings.app == 'sorting':
            self._listen(Bool, 'diverter', lambda message: self._divert(reject=message.data))
        elif self.settings.app == 'signals':
            self._listen(JointState, 'signal_heads', lambda message: self._light(
                dict(zip(message.name, message.position, strict=False))))
        else:
            self._listen(TwistStamped, 'cmd_vel', self._drive)
            self._listen(Odometry, 'odom', self._on_odometry, qos.BEST_EFFORT)

    def deactivate(self) -> None:
        """Stop what the gate cannot reach any more."""
        inputs, self._inputs, self._pose = self._inputs, [], None
        for one in inputs:
            self.destroy_subscription(one)
        self._stop()
        # it has to be there before the topics are withdrawn
        for output in self._outputs.values():
            output.wait_for_all_acked(Duration(seconds=0.2))

    def cleanup(self) -> None:
        """Withdraw the topics."""
        for output in self._outputs.values():
            self.destroy_publisher(output)
        self._outputs = {}

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return how many commands passed, and how many of them were corrected."""
        blind = self.phase == 'active' and self.settings.app == 'traffic' and not self._sees()
        return (WARN if blind else OK), \
            'no odometry: the base is not kept on its line' if blind else self.phase, {
                'passed': self._passed, 'corrected': self._corrected,
                'listeners': min((output.get_subscription_count()
                                  for output in self._outputs.values()), default=0)}

    def _offer(self, kind: type[Any], *topics: str) -> None:
        self._outputs = {topic: self.create_publisher(kind, topic, qos.RELIABLE)
                         for topic in topics}

    def _listen(self, kind: type[Any], topic: str, callback: Callable[[Any], None],
                profile: Any = qos.RELIABLE) -> None:
        def pass_on(message: Any) -> None:
            # what waits in the executor still comes after the end of its subscription
            if self._inputs:
                callback(message)
        self._inputs.append(self.create_subscription(kind, topic, pass_on, profile))

    def _send(self, topic: str, message: Any) -> None:
        self._outputs[topic].publish(message)

    def _divert(self, *, reject: bool) -> None:
        # the world is written with the blade in the way: that is the joint's zero
        self._send('diverter_rad', Float64(data=0.0 if reject else self._accept_rad))
        self._passed += 1

    def _light(self, heads: Mapping[str, float]) -> None:
        for head, state in heads.items():
            if f'lamps_{head}_rad' in self._outputs:
                turn_rad = self._turn_rad(state, self.now_s())
                self._send(f'lamps_{head}_rad', Float64(data=turn_rad))
        self._passed += 1

    def _drive(self, message: TwistStamped) -> None:
        twist = message.twist
        if twist.angular.z == 0.0 and self._pose is not None and self._sees():
            leg = self._legs[nearest_leg(self._legs, self._pose)]
            twist.angular.z = steering_radps(leg, self._pose, twist.linear.x)
            self._corrected += twist.angular.z != 0.0
        self._send('gazebo/cmd_vel', message)
        self._passed += 1

    def _on_odometry(self, message: Odometry) -> None:
        place, turn = message.pose.pose.position, message.pose.pose.orientation
        heading_rad = 2 * math.atan2(turn.z, turn.w)
        if all(map(math.isfinite, (place.x, place.y, heading_rad))):
            self._pose, self._pose_s = (place.x, place.y, heading_rad), self.now_s()

    def _sees(self) -> bool:
        return 0.0 <= self.now_s() - self._pose_s <= OLDEST_S


def main() -> None:
    """Run the gazebo_adapter node."""
    run_node(GazeboAdapterNode)
