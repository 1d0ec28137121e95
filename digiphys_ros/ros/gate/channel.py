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

"""One actuator of a gate node: its publishers and its figures."""

import math
import time
from typing import Any

from builtin_interfaces.msg import Time
from digiphys_ros.control import Actuator, Gate, GateOutput, GateState, Pace, Refusal
from digiphys_ros.fixes import allow_future, find_listener, keep_one, lengthen_lease, reset_estop
from digiphys_ros.metrics import Rate, Window
from digiphys_ros.ros import qos
from digiphys_ros.ros.messages.actuators import actuator_message, actuator_type
from rclpy.node import Node
from std_msgs.msg import Header


class Channel:
    """
    One actuator: its gate and its publishers.

    :ivar stamp: capture stamp of the last accepted command.
    :ivar pace: when outputs other than the safe state are sent.
    """

    def __init__(self, node: Node, name: str, actuator: Actuator, gate: Gate) -> None:
        self.name = name
        self.actuator = actuator
        self.gate = gate
        # no lifecycle publishers: an inactive gate must also send the safe state
        self.commands: Any = node.create_publisher(
            actuator_type(actuator), actuator.topic, qos.RELIABLE)
        self.obeyed = node.create_publisher(Header, f'obeyed/{name}', qos.RELIABLE)
        self.sent = Rate()
        self.capture_to_command_ms = Window()
        self._obeyed_stamp_s: float | None = None
        self._shown: tuple[GateState, str] | None = None
        self.stamp: Time | None = None
        self.pace = Pace()
        self._node = node
        self._listeners = 0

    def step(self, now_s: float, steady_s: float) -> tuple[GateOutput, Time | None]:
        """Return the output and the capture stamp of its image; not thread-safe."""
        return self.gate.step(now_s, steady_s), self.stamp

    def has_expired(self, now_s: float, steady_s: float) -> bool:
        """Return whether the lease of the obeyed command has just run out."""
        left_s = self.gate.lease_ends_in_s(now_s, steady_s)
        return left_s is not None and left_s <= 0

    def is_changed(self, output: GateOutput) -> bool:
        """Return whether state or reason differ from those of the previous output."""
        # an age in brackets differs with each image: not worth a log line
        before, self._shown = self._shown, (output.state, output.reason.partition(' (')[0])
        return self._shown != before

    def send(self, output: GateOutput, now_s: float) -> None:
        """Publish the output; nothing while it has no values."""
        if output.values:
            self.commands.publish(actuator_message(
                self.actuator, dict(output.values), now_s, output.reach_s))
            self.sent.tick()

    def report_obeyed(self, output: GateOutput, stamp: Time | None, now_s: float) -> None:
        """Publish the image's stamp with the first output made from it, and count its age."""
        before_s, self._obeyed_stamp_s = self._obeyed_stamp_s, output.obeyed_stamp_s
        if output.obeyed_stamp_s is None or output.obeyed_stamp_s == before_s:
            return
        self.capture_to_command_ms.add((now_s - output.obeyed_stamp_s) * 1e3)
        if self.obeyed.get_subscription_count():
            self.obeyed.publish(Header(stamp=stamp, frame_id=self.actuator.frame_id))

    def notice_listeners(self) -> int:
        """
        Return the number of subscriptions.

        The position of the arm behind a new one is unknown.
        """
        before, self._listeners = self._listeners, self.commands.get_subscription_count()
        if self._listeners > before:
            self.gate.forget_position()
        return self._listeners

    def refusals(self, steady_s: float) -> list[tuple[str, str]]:
        """Return why the actuator is in its safe state, with the fix; empty while it obeys."""
        if self.gate.state is GateState.OBEYING:
            return []
        fix = ''
        if f': {Refusal.FUTURE.value}' in self.gate.reason:
            fix = allow_future(self.gate.images_ahead_s(steady_s))
        elif f': {Refusal.STALE.value}' in self.gate.reason:
            fix = lengthen_lease(self.gate.image_age_s)
        elif self.gate.state is GateState.ESTOPPED:
            fix = reset_estop(self._node.get_fully_qualified_name(), '')
        return [(self.gate.reason, fix)]

    def topic_problems(self, own: int) -> list[tuple[str, str]]:
        """
        Return missing subscribers and extra publishers on the actuator's topic, with the fix.

        :param own: number of publishers that the gate and its guard have there.
        """
        topic, problems = self.commands.topic_name, []
        if self.commands.get_subscription_count() == 0:
            message_type = actuator_type(self.actuator).__name__
            problems.append((f'nobody listens to {topic} ({message_type})', find_listener(topic)))
        others = self._node.count_publishers(topic) - own
        if others > 0:
            problems.append((f'{others} other publishers on {topic}', keep_one(topic)))
        return problems

    def destroy(self) -> None:
        """Free the publishers."""
        self._node.destroy_publisher(self.commands)
        self._node.destroy_publisher(self.obeyed)

    def figures(self, steady_s: float) -> dict[str, Any]:
        """Return counters, ages and rates; each key begins with the actuator's name."""
        own = {
            'state': self.gate.state.value, 'sent': self.sent.count,
            'rate_hz': f'{self.sent.per_second(time.monotonic()):.1f}',
            'accepted': self.gate.accepted, 'safe_stops': self.gate.safe_stops,
            'listeners': self.commands.get_subscription_count(),
            **{f'refused.{reason.value}': count for reason, count in self.gate.refused.items()},
            # by the node's clock: an image ahead of it has a negative age
            **({} if math.isnan(self.gate.image_age_s) else {
                'image_age_ms': f'{self.gate.image_age_s * 1e3:.1f}'}),
            'images_ahead_ms': f'{self.gate.images_ahead_s(steady_s) * 1e3:.1f}',
            **self.capture_to_command_ms.summary('capture_to_command_ms'),
        }
        return {f'{self.name}.{key}': value for key, value in own.items()}
