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
"""The gazebo_adapter node: behaviour of the embedded simulator's actuators that Gazebo lacks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from digiphys_ros.applications import find_application
from digiphys_ros.applications.settings import GazeboAdapterSettings
from digiphys_ros.errors import ConfigError
from digiphys_ros.ros import qos
from digiphys_ros.ros.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.ros.messages.simulation import odometry_values
from digiphys_ros.ros.process import run_node
from digiphys_ros.simulation.gazebo.adapter import Adapter, Messages, MessageType
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry
from rclpy.duration import Duration
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64

TYPES: Mapping[MessageType, type[Any]] = {
    'bool': Bool, 'float64': Float64, 'joint_state': JointState, 'odometry': Odometry,
    'twist_stamped': TwistStamped}
READERS: Mapping[MessageType, Callable[[Any], Mapping[str, float]]] = {
    'bool': lambda message: {'data': float(message.data)},
    'float64': lambda message: {'data': message.data},
    'joint_state': lambda message: dict(zip(message.name, message.position, strict=False)),
    'odometry': odometry_values,
    'twist_stamped': lambda message: {
        'linear.x': message.twist.linear.x, 'angular.z': message.twist.angular.z}}


class GazeboAdapterNode(PipelineNode[GazeboAdapterSettings]):
    """
    Run the application's adapter between a gate and Gazebo's bridge.

    It sends only in response to the gate, and the safe state when it ends: a silent gate stays
    silent.
    """

    SETTINGS = GazeboAdapterSettings

    def __init__(self, **options: Any) -> None:
        super().__init__('gazebo_adapter', **options)
        self._inputs: list[Any] = []
        self._outputs: dict[str, Any] = {}
        self._adapter: Adapter | None = None
        self._passed = 0

    def configure(self) -> None:
        """Create the topics that the bridge subscribes to."""
        gazebo = find_application(self.settings.app).gazebo
        if gazebo is None:
            raise ConfigError(f'parameter `app`: {self.settings.app} has no world in Gazebo.')
        self._adapter = gazebo.adapter()
        self._outputs = {topic: self.create_publisher(TYPES[message_type], topic, qos.RELIABLE)
                         for topic, message_type in self._adapter.outputs.items()}

    def activate(self) -> None:
        """Subscribe to the gate."""
        assert self._adapter is not None
        for topic, message_type in self._adapter.inputs.items():
            self._inputs.append(self.create_subscription(
                TYPES[message_type], topic, partial(self._on_message, topic, message_type),
                qos.BEST_EFFORT if message_type == 'odometry' else qos.RELIABLE))

    def deactivate(self) -> None:
        """Stop the actuators that the gate can no longer reach."""
        assert self._adapter is not None
        inputs, self._inputs = self._inputs, []
        for one in inputs:
            self.destroy_subscription(one)
        self._adapter.forget()
        self._send(self._adapter.safe_state(self.now_s()))
        # it must arrive before the topics are withdrawn
        for output in self._outputs.values():
            output.wait_for_all_acked(Duration(seconds=0.2))

    def cleanup(self) -> None:
        """Withdraw the topics."""
        for output in self._outputs.values():
            self.destroy_publisher(output)
        self._outputs, self._adapter = {}, None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the numbers of passed and of corrected commands."""
        problem = self._adapter.problem(self.now_s()) \
            if self._adapter and self.phase == 'active' else ''
        return (WARN if problem else OK), problem or self.phase, {
            'passed': self._passed,
            'corrected': self._adapter.corrected if self._adapter else 0,
            'listeners': min((output.get_subscription_count()
                              for output in self._outputs.values()), default=0)}

    def _on_message(self, topic: str, message_type: MessageType, message: Any) -> None:
        # messages in the executor still arrive after the end of their subscription
        if not self._inputs or self._adapter is None:
            return
        sent = self._adapter.receive(topic, READERS[message_type](message), self.now_s())
        self._send(sent, message)
        self._passed += bool(sent)

    def _send(self, messages: Messages, received: Any = None) -> None:
        """Publish; a twist keeps the header and the other fields of the one received."""
        assert self._adapter is not None
        for topic, values in messages.items():
            message_type = self._adapter.outputs[topic]
            made = TYPES[message_type]
            message = received if isinstance(received, made) else made()
            _write(message_type, message, values)
            self._outputs[topic].publish(message)


def _write(message_type: MessageType, message: Any, values: Mapping[str, float]) -> None:
    if message_type == 'twist_stamped':
        message.twist.linear.x, message.twist.angular.z = values['linear.x'], values['angular.z']
    elif message_type == 'joint_state':
        message.name, message.position = list(values), list(values.values())
    else:
        message.data = bool(values['data']) if message_type == 'bool' else float(values['data'])


def main() -> None:
    """Run the gazebo_adapter node."""
    run_node(GazeboAdapterNode)
