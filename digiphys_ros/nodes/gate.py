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

from collections.abc import Callable
from functools import partial
import os
from pathlib import Path
import time
from typing import Any

from digiphys_ros.control import (
    DesiredCommand,
    GateState,
    LatchFile,
    load_actuators,
    make_gate,
    RunningClock,
)
from digiphys_ros.nodes import qos
from digiphys_ros.nodes.actuator_conversions import (
    actuator_type,
    check_message,
    desired_type,
    desired_values,
)
from digiphys_ros.nodes.conversions import stamp_s
from digiphys_ros.nodes.gate_channel import Channel
from digiphys_ros.nodes.lifecycle import OK, PipelineNode, WARN
from digiphys_ros.nodes.parameters import Parameter
from digiphys_ros.nodes.process import run_node
from digiphys_ros.resources import find_resource
from rclpy.duration import Duration
from std_msgs.msg import Bool
from std_srvs.srv import Trigger


class GateNode(PipelineNode):
    """
    Turn ``desired/<actuator>`` into the actuator's topic at a fixed rate.

    An accepted command leaves at once; the fixed rate repeats it, or the safe state, between.
    ``obeyed/<actuator>`` tells the capture stamp of the image behind each new command. An e-stop
    outlasts the node: only ``~/reset`` releases it.
    """

    PARAMETERS = (
        Parameter('rules', 'traffic_rules.yaml',
                  'YAML file with the actuators: a path, or a name in config/.'),
        Parameter('lease_s', 0.5, 'Oldest image a command may come from [s].', 0.01, 5.0),
        Parameter('future_tolerance_s', 0.001, 'How far ahead of the clock an image may be '
                  'stamped: clocks of two machines differ [s].', 0.0, 0.1),
        Parameter('estop_wait_s', 2.0, 'How long a gate that is configured listens for an e-stop '
                  'that is pressed already before it obeys: discovery takes its time [s].',
                  0.0, 60.0),
        Parameter('rate_hz', 50.0, 'Rate at which the actuator hears from the gate.', 1.0, 1000.0),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__('gate', **options)
        self._channels: list[Channel] = []
        self._entities: list[Any] = []
        self._estop_pressed = False
        self._latch = LatchFile(_latch_path(self.get_fully_qualified_name()))
        self._running_clock = RunningClock()

    def configure(self) -> None:
        """Load the actuators and start to publish their safe states."""
        actuators = load_actuators(find_resource(self.settings.rules, 'config'))
        for actuator in actuators.values():
            check_message(actuator)
        was_stopped = self._was_stopped()
        for name, actuator in actuators.items():
            gate = make_gate(actuator, self.settings.lease_s, self.settings.future_tolerance_s)
            gate.estop(self._estop_pressed)
            if was_stopped:
                gate.trip()
            channel = Channel(self, name, actuator, gate)
            self._channels.append(channel)
            self._entities.append(qos.AdaptiveSubscription(
                self, desired_type(actuator), f'desired/{name}',
                partial(self._on_desired, channel), depth=5))
        self._entities.append(qos.EverySubscription(self, Bool, 'estop', self._on_estop))
        self._listens_since_s = time.monotonic()
        self._reset = self.create_service(Trigger, '~/reset', self._on_reset)
        # Steady time: a simulation clock that stops must not silence the gate.
        self._timer = self.create_timer(
            1.0 / self.settings.rate_hz, self._emit_all, clock=self.steady_clock)

    def activate(self) -> None:
        """Obey from now on, but not before an e-stop had the time to be heard."""
        until_s = self._listens_since_s + self.settings.estop_wait_s
        self._listening = self.create_timer(
            max(until_s - time.monotonic(), 0.001), self._obey, clock=self.steady_clock)

    def _obey(self) -> None:
        # a timer that has run out before it was destroyed still calls
        if hasattr(self, '_listening'):
            self._end('_listening', self.destroy_timer)
            for channel in self._channels:
                channel.gate.activate()
            self.publish_diagnostics()

    def deactivate(self) -> None:
        """Send the safe state, and go on sending it."""
        self._end('_listening', self.destroy_timer)
        for channel in self._channels:
            channel.gate.deactivate()
        self._emit_all()

    def cleanup(self) -> None:
        """Send the safe state once more, then fall silent."""
        for channel in self._channels:
            now_s = self.now_s()
            channel.send(channel.gate.last(self._running_s(now_s)), now_s)
            # the process may end next: the safe state has to have left it
            channel.commands.wait_for_all_acked(Duration(seconds=0.3))
            self.destroy_publisher(channel.commands)
            self.destroy_publisher(channel.obeyed)
        for entity in self._entities:
            entity.destroy()
        self._channels, self._entities = [], []
        self._end('_timer', self.destroy_timer)
        self._end('_reset', self.destroy_service)

    def _end(self, name: str, destroy: Callable[[Any], Any]) -> None:
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
        if hasattr(self, '_listening'):
            problems.append('listens for an e-stop before it obeys')
        elif channel.gate.state is not GateState.OBEYING:
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
        before = channel.gate.state
        accepted = channel.gate.offer(command, self._running_s(self.now_s())) is None
        if accepted:
            channel.stamp = message.header.stamp
        # of refused commands there may be any number
        if accepted or channel.gate.state is not before:
            self._emit(channel)

    def _on_estop(self, message: Bool) -> None:
        self._estop_pressed = message.data
        for channel in self._channels:
            channel.gate.estop(message.data)
        self._emit_all()
        if message.data:
            self._remember(self._latch.hold)

    def _was_stopped(self) -> bool:
        try:
            return self._latch.is_held()
        except OSError as error:
            self.get_logger().error(f'e-stopped, as nobody can tell whether it was: {error}')
            return True

    def _remember(self, change: Callable[[], None]) -> None:
        try:
            change()
        except OSError as error:
            self.get_logger().error(f'the gate would not know it after a restart: {error}')

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Any:
        now_s = self._running_s(self.now_s())
        released = [channel.gate.reset(now_s) for channel in self._channels]
        response.success = all(released)
        if response.success:
            self._remember(self._latch.release)
        response.message = 'reset: motion waits for a new command' if response.success \
            else 'refused: the e-stop is still pressed'
        return response

    def _emit_all(self) -> None:
        for channel in self._channels:
            self._emit(channel)

    def _emit(self, channel: Channel) -> None:
        now_s = self.now_s()
        output = channel.gate.step(self._running_s(now_s))
        channel.send(output, now_s)
        channel.tell_obeyed(output.obeyed_stamp_s, self.now_s())
        self.note(f'{channel.name}: {output.state.value} ({output.reason})', about=channel.name,
                  warn=output.state is not GateState.OBEYING)

    def _running_s(self, now_s: float) -> float:
        return self._running_clock.now_s(now_s, time.monotonic())


def _latch_path(node: str) -> Path:
    home = Path(os.environ.get('ROS_HOME') or os.path.expanduser('~/.ros'))
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    return home / 'digiphys_ros' / f'estop_{domain}{node.replace("/", ".")}'


def main() -> None:
    """Run the gate node."""
    run_node(GateNode)


if __name__ == '__main__':
    main()
