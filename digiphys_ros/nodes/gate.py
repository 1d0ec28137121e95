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

"""The gate node: last before the actuator; whatever fails, it sends the safe state."""

from functools import partial
import time
from typing import Any

from digiphys_ros.control import (
    Actuator,
    DesiredCommand,
    Gate,
    GateOutput,
    GateState,
    load_actuators,
    make_gate,
)
from digiphys_ros.nodes import qos
from digiphys_ros.nodes.conversions import (
    actuator_message,
    actuator_type,
    desired_type,
    desired_values,
    set_stamp,
    stamp_s,
)
from digiphys_ros.nodes.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.nodes.process import run_node
from digiphys_ros.resources import find_resource
from digiphys_ros.statistics import Rate, Window
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Bool, Header
from std_srvs.srv import Trigger


class Channel:
    """One actuator: its gate, what it listens to and where it publishes."""

    def __init__(self, node: Node, name: str, actuator: Actuator, gate: Gate) -> None:
        self.name = name
        self.actuator = actuator
        self.gate = gate
        # Plain publishers: the safe state must also leave an inactive gate.
        self.commands: Any = node.create_publisher(
            actuator_type(actuator), actuator.topic, qos.RELIABLE)
        self.obeyed = node.create_publisher(Header, f'obeyed/{name}', qos.RELIABLE)
        self.sent = Rate()
        self.capture_to_command_ms = Window()
        self._obeyed_stamp_s: float | None = None

    def is_new(self, obeyed_stamp_s: float | None) -> bool:
        """Return whether this is the first output made from that image."""
        new = obeyed_stamp_s is not None and obeyed_stamp_s != self._obeyed_stamp_s
        self._obeyed_stamp_s = obeyed_stamp_s
        return new

    def figures(self) -> dict[str, Any]:
        """Return counters and rates, each key beginning with the actuator's name."""
        own = {
            'state': self.gate.state.value, 'sent': self.sent.count,
            'rate_hz': f'{self.sent.per_second(time.monotonic()):.1f}',
            'accepted': self.gate.accepted, 'safe_stops': self.gate.safe_stops,
            'listeners': self.commands.get_subscription_count(),
            **{f'refused.{reason.value}': count for reason, count in self.gate.refused.items()},
            **self.capture_to_command_ms.summary('capture_to_command_ms'),
        }
        return {f'{self.name}.{key}': value for key, value in own.items()}


class GateNode(PipelineNode):
    """
    Turn ``desired/<actuator>`` into the actuator's topic at a fixed rate.

    An accepted command leaves at once; the fixed rate repeats it, or the safe state, between.
    ``obeyed/<actuator>`` tells the capture stamp of the image behind each new command.
    """

    PARAMETERS = (
        Parameter('rules', 'traffic_rules.yaml',
                  'YAML file with the actuators: a path, or a name in config/.'),
        Parameter('lease_s', 0.5, 'Oldest image a command may come from [s].', 0.01, 5.0),
        Parameter('future_tolerance_s', 0.001, 'How far ahead of the clock an image may be '
                  'stamped: clocks of two machines differ [s].', 0.0, 0.1),
        Parameter('rate_hz', 50.0, 'Rate at which the actuator hears from the gate.', 1.0, 1000.0),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('gate', **options)
        self._channels: list[Channel] = []
        self._entities: list[Any] = []

    def configure(self) -> None:
        """Load the actuators and start to publish their safe states."""
        actuators = load_actuators(find_resource(self.settings.rules, 'config'))
        for name, actuator in actuators.items():
            gate = make_gate(actuator, self.settings.lease_s, self.settings.future_tolerance_s)
            channel = Channel(self, name, actuator, gate)
            self._channels.append(channel)
            self._entities.append(qos.AdaptiveSubscription(
                self, desired_type(actuator), f'desired/{name}',
                partial(self._on_desired, channel), depth=5))
        self._entities.append(qos.AdaptiveSubscription(
            self, Bool, 'estop', self._on_estop, depth=5))
        self._reset = self.create_service(Trigger, '~/reset', self._on_reset)
        # Steady time: a simulation clock that stops must not silence the gate.
        self._timer = self.create_timer(
            1.0 / self.settings.rate_hz, self._emit_all, clock=self.steady_clock)

    def activate(self) -> None:
        """Obey from now on."""
        for channel in self._channels:
            channel.gate.activate()

    def deactivate(self) -> None:
        """Send the safe state, and go on sending it."""
        for channel in self._channels:
            channel.gate.deactivate()
        self._emit_all()

    def cleanup(self) -> None:
        """Send the safe state once more, then fall silent."""
        for channel in self._channels:
            now_s = self.now_s()
            self._send(channel, channel.gate.last(now_s), now_s)
            # the process may end next: the safe state has to have left it
            channel.commands.wait_for_all_acked(Duration(seconds=0.3))
            self.destroy_publisher(channel.commands)
            self.destroy_publisher(channel.obeyed)
        for entity in self._entities:
            entity.destroy()
        self._channels, self._entities = [], []
        for name, destroy in (('_timer', self.destroy_timer), ('_reset', self.destroy_service)):
            if hasattr(self, name):
                destroy(getattr(self, name))
                delattr(self, name)

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the state of each actuator, and who listens."""
        figures = {key: value for channel in self._channels
                   for key, value in channel.figures().items()}
        problems = [problem for channel in self._channels for problem in self._problems(channel)]
        states = ', '.join(f'{channel.name}: {channel.gate.state.value}'
                           for channel in self._channels)
        return (WARN if problems else OK), '; '.join([states, *problems]), figures

    def _problems(self, channel: Channel) -> list[str]:
        topic = channel.commands.topic_name
        problems = []
        if channel.gate.state is not GateState.OBEYING:
            problems.append(channel.gate.reason)
        if channel.commands.get_subscription_count() == 0:
            kind = actuator_type(channel.actuator).__name__
            problems.append(f'nobody listens to {topic} ({kind})')
        if self.count_publishers(topic) > 1:
            problems.append(f'{self.count_publishers(topic)} publishers on {topic}')
        return problems

    def _on_desired(self, channel: Channel, message: Any) -> None:
        command = DesiredCommand(
            desired_values(channel.actuator, message), stamp_s(message.header))
        channel.gate.offer(command, self.now_s())
        self._emit(channel)

    def _on_estop(self, message: Bool) -> None:
        for channel in self._channels:
            channel.gate.estop(message.data)
        self._emit_all()

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Any:
        released = [channel.gate.reset(self.now_s()) for channel in self._channels]
        response.success = all(released)
        response.message = 'reset: motion waits for a new command' if response.success \
            else 'refused: the e-stop is still pressed'
        return response

    def _emit_all(self) -> None:
        for channel in self._channels:
            self._emit(channel)

    def _emit(self, channel: Channel) -> None:
        now_s = self.now_s()
        output = channel.gate.step(now_s)
        self._send(channel, output, now_s)
        if channel.is_new(output.obeyed_stamp_s):
            self._tell_obeyed(channel, output.obeyed_stamp_s)
        self.note(f'{channel.name}: {output.state.value} ({output.reason})', about=channel.name,
                  warn=output.state is not GateState.OBEYING)

    def _send(self, channel: Channel, output: GateOutput, now_s: float) -> None:
        channel.commands.publish(
            actuator_message(channel.actuator, dict(output.values), now_s))
        channel.sent.tick()

    def _tell_obeyed(self, channel: Channel, stamp_s: float | None) -> None:
        if stamp_s is None:
            return
        channel.capture_to_command_ms.add((self.now_s() - stamp_s) * 1e3)
        if channel.obeyed.get_subscription_count():
            header = Header(frame_id=channel.actuator.frame_id)
            set_stamp(header, stamp_s)
            channel.obeyed.publish(header)


def main() -> None:
    """Run the gate node."""
    run_node(GateNode)


if __name__ == '__main__':
    main()
