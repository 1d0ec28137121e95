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

"""Watch a running pipeline from outside, for the demo and the benchmark."""

from collections.abc import Callable
from dataclasses import dataclass, field
import os
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from digiphys_ros.control import Actuator
from digiphys_ros.errors import DigiphysError
from digiphys_ros.ros import qos
from digiphys_ros.ros.messages.actuators import actuator_type
from digiphys_ros.ros.messages.images import stamp_s
from digiphys_ros.ros.transport.distro import ros_distro
from digiphys_ros.ros.transport.middleware import start_middleware
from geometry_msgs.msg import TwistStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Classification

EVERYTHING = QoSProfile(depth=200)


@dataclass(frozen=True)
class Seen:
    """One classification: capture and arrival time in seconds, and the scores."""

    stamp_s: float
    arrival_s: float
    scores: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Command:
    """One command as the robot gets it: the gate's stamp, metres and radians per second."""

    stamp_s: float
    linear_mps: float
    angular_radps: float


@dataclass
class Recording:
    """Everything that the observer has recorded."""

    classifications: list[Seen] = field(default_factory=list)
    labels: dict[float, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    obeyed: list[tuple[float, float]] = field(default_factory=list)
    diagnostics: dict[str, dict[str, str]] = field(default_factory=dict)


class Observer:
    """
    A node on a separate thread that records the topics of one pipeline.

    :param actuator: the twist_stamped actuator to follow, and its name in the rules.
    """

    def __init__(self, actuator: Actuator, name: str = 'base') -> None:
        self.recording = Recording()
        self._changed = threading.Condition()
        start_middleware([])
        self._node = Node('observer')
        subscribe = self._node.create_subscription
        subscribe(Classification, 'classification', self._on_classification, EVERYTHING)
        subscribe(Classification, 'label', self._on_label, EVERYTHING)
        subscribe(Header, f'obeyed/{name}', self._on_obeyed, EVERYTHING)
        subscribe(DiagnosticArray, '/diagnostics', self._on_diagnostics, EVERYTHING)
        if actuator_type(actuator) is not TwistStamped:
            raise DigiphysError(f'actuator `{name}`: a twist_stamped actuator is needed, '
                                f'received kind {actuator.kind}.')
        subscribe(TwistStamped, actuator.topic, self._on_command, EVERYTHING)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        # an executor that is shut down while it spins may raise in its thread
        self._closed.set()
        self._thread.join(1.0)
        self._executor.shutdown(timeout_sec=0.5)
        self._node.destroy_node()
        rclpy.try_shutdown()

    def diagnostic(self, node: str, key: str) -> str:
        """Return the newest value that a node reported, empty if there is none."""
        return self.recording.diagnostics.get(f'/{node}', {}).get(key, '')

    def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Return whether ``condition`` became true in time; it is checked after every message."""
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def wait_for_publisher(self, topic: str, timeout_s: float) -> bool:
        """Return whether ``topic`` gets a publisher in time."""
        deadline_s = time.monotonic() + timeout_s
        while not self._node.count_publishers(topic) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        return self._node.count_publishers(topic) > 0

    def transition(self, node: str, transition_id: int, timeout_s: float = 10.0) -> None:
        """
        Request a transition of a lifecycle node.

        :raises DigiphysError: when it does not answer in time or refuses.
        """
        client: Any = self._node.create_client(ChangeState, f'{node}/change_state')
        try:
            if not client.wait_for_service(timeout_s):
                raise DigiphysError(f'node {node} did not answer within {timeout_s} s.')
            future = client.call_async(
                ChangeState.Request(transition=Transition(id=transition_id)))
            done = threading.Event()
            future.add_done_callback(lambda _: done.set())
            if not done.wait(timeout_s) or not future.result().success:
                raise DigiphysError(f'node {node} refused transition {transition_id}; '
                                    f'{self.diagnostic(node, "message")}')
        finally:
            self._node.destroy_client(client)

    def watch(self, message_type: type, topic: str, callback: Callable[[Any], None]) -> None:
        """Also call back, on the observer's thread, for images of one topic."""
        self._node.create_subscription(message_type, topic, callback, qos.BEST_EFFORT)

    def distro_and_rmw(self) -> tuple[str, str]:
        """Return the ROS distro (from rclpy's major version if it is not set) and the RMW."""
        return ros_distro(os.environ), str(
            rclpy.get_rmw_implementation_identifier())  # type: ignore[attr-defined]

    def _spin(self) -> None:
        while not self._closed.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def _now_s(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _on_classification(self, message: Classification) -> None:
        scores = tuple((result.class_id, result.score) for result in message.results)
        self.recording.classifications.append(
            Seen(stamp_s(message.header), self._now_s(), scores))
        self._notify()

    def _on_label(self, message: Classification) -> None:
        if message.results:
            self.recording.labels[stamp_s(message.header)] = message.results[0].class_id

    def _on_obeyed(self, message: Header) -> None:
        self.recording.obeyed.append(
            (message.stamp.sec + message.stamp.nanosec * 1e-9, self._now_s()))

    def _on_command(self, message: TwistStamped) -> None:
        self.recording.commands.append(Command(
            stamp_s(message.header), message.twist.linear.x, message.twist.angular.z))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.recording.diagnostics[status.name] = {
                'message': status.message, **{item.key: item.value for item in status.values}}
        self._notify()
