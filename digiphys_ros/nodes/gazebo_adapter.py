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
    Stand between a gate and Gazebo's bridge, as the application's adapter says.

    It sends only what it gets, and the safe state when it ends: a silent gate stays silent.
    """

    SETTINGS = GazeboAdapterSettings

    def __init__(self, **options: Any) -> None:
        super().__init__('gazebo_adapter', **options)
        self._inputs: list[Any] = []
        self._outputs: dict[str, Any] = {}
        self._adapter: Adapter | None = None
        self._passed = 0

    def configure(self) -> None:
        """Offer the topics that the bridge listens to."""
        gazebo = find_application(self.settings.app).gazebo
        if gazebo is None:
            raise ConfigError(f'parameter `app`: {self.settings.app} has no world in Gazebo.')
        self._adapter = gazebo.adapter()
        self._outputs = {topic: self.create_publisher(TYPES[kind], topic, qos.RELIABLE)
                         for topic, kind in self._adapter.outputs.items()}

    def activate(self) -> None:
        """Listen to the gate."""
        assert self._adapter is not None
        for topic, kind in self._adapter.inputs.items():
            self._inputs.append(self.create_subscription(
                TYPES[kind], topic, partial(self._on_message, topic, kind),
                qos.BEST_EFFORT if kind == 'odometry' else qos.RELIABLE))

    def deactivate(self) -> None:
        """Stop what the gate cannot reach any more."""
        assert self._adapter is not None
        inputs, self._inputs = self._inputs, []
        for one in inputs:
            self.destroy_subscription(one)
        self._adapter.forget()
        self._send(self._adapter.safe_state(self.now_s()))
        # it has to be there before the topics are withdrawn
        for output in self._outputs.values():
            output.wait_for_all_acked(Duration(seconds=0.2))

    def cleanup(self) -> None:
        """Withdraw the topics."""
        for output in self._outputs.values():
            self.destroy_publisher(output)
        self._outputs, self._adapter = {}, None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return how many commands passed, and how many of them were corrected."""
        problem = self._adapter.problem(self.now_s()) \
            if self._adapter and self.phase == 'active' else ''
        return (WARN if problem else OK), problem or self.phase, {
            'passed': self._passed,
            'corrected': self._adapter.corrected if self._adapter else 0,
            'listeners': min((output.get_subscription_count()
                              for output in self._outputs.values()), default=0)}

    def _on_message(self, topic: str, kind: MessageType, message: Any) -> None:
        # what waits in the executor still comes after the end of its subscription
        if not self._inputs or self._adapter is None:
            return
        sent = self._adapter.receive(topic, READERS[kind](message), self.now_s())
        self._send(sent, message)
        self._passed += bool(sent)

    def _send(self, messages: Messages, received: Any = None) -> None:
        """Publish; a twist keeps the header and the other fields of the one received."""
        assert self._adapter is not None
        for topic, values in messages.items():
            kind = self._adapter.outputs[topic]
            message = received if isinstance(received, TYPES[kind]) else TYPES[kind]()
            _write(kind, message, values)
            self._outputs[topic].publish(message)


def _write(kind: MessageType, message: Any, values: Mapping[str, float]) -> None:
    if kind == 'twist_stamped':
        message.twist.linear.x, message.twist.angular.z = values['linear.x'], values['angular.z']
    elif kind == 'joint_state':
        message.name, message.position = list(values), list(values.values())
    else:
        message.data = bool(values['data']) if kind == 'bool' else float(values['data'])


def main() -> None:
    """Run the gazebo_adapter node."""
    run_node(GazeboAdapterNode)
