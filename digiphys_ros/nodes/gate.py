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

"""The gate node: the last one before the actuator; it sends the safe state on any failure."""

from functools import partial
import mmap
import time
from typing import Any

from digiphys_ros.control import (
    CheckedRules,
    DesiredCommand,
    EstopInput,
    GateState,
    load_actuators,
    RunningClock,
)
from digiphys_ros.control.settings import GateSettings
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.gate.channel import Channel
from digiphys_ros.ros.gate.inputs import GateInputs
from digiphys_ros.ros.gate.report import report
from digiphys_ros.ros.gate.safe_output import latch_file, SafeOutput
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.messages.actuators import check_message, desired_values
from digiphys_ros.ros.messages.images import stamp_s
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.supervision.respawn import respawn


class GateNode(PipelineNode[GateSettings]):
    """
    Turn ``desired/<actuator>`` into the actuator's topic at a fixed rate.

    An accepted command is sent at once, in place of the next message; the fixed rate repeats it,
    or the safe state. A new safe state is sent at once, in addition to the fixed rate.
    ``obeyed/<actuator>`` carries the capture stamp of the image behind each new command. An
    e-stop outlasts the node: only ``~/reset`` releases it. The output has its own thread, and a
    second process (``gate_guard``) sends the safe state if this one hangs or dies.

    :param alone: whether the process runs no other node: then all of it may be real-time.
    :param checked: results of rules checks by earlier gates.
    """

    SETTINGS = GateSettings
    NEEDS_A_SECTION = True

    def __init__(self, *, alone: bool = False, checked: CheckedRules | None = None,
                 **options: Any) -> None:
        super().__init__('gate', **options)
        self._alone, self._checked_rules = alone, checked
        self._latch = latch_file(self.get_fully_qualified_name())
        self._running_clock = RunningClock()
        self._estop = EstopInput()
        self._output: SafeOutput | None = None
        self._inputs: GateInputs | None = None

    def configure(self) -> None:
        """Load the actuators and start to publish their safe states."""
        actuators = load_actuators(find_resource(self.resolve(self.settings.rules), 'config'),
                                   self._checked_rules)
        for actuator in actuators.values():
            check_message(actuator)
        self._output = SafeOutput(self, self._latch, self._estop, self._clocks, alone=self._alone)
        self._output.start(actuators)
        self._inputs = GateInputs(self, self._output, self._on_desired, self._supervise)

    def activate(self) -> None:
        """Obey from now on, after the time in which an e-stop can be heard."""
        assert self._output is not None
        self._output.wants_to_obey = True

    def deactivate(self) -> None:
        """Send the safe state, and keep sending it."""
        assert self._output is not None
        self._output.stop_obeying()

    def cleanup(self) -> None:
        """Send the safe state once more, then fall silent."""
        if self._inputs is not None:
            self._inputs.close()
        if self._output is not None:
            self._output.close()
        if self._inputs is not None:
            self._inputs.destroy()
        self._inputs = self._output = None

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the state of each actuator, its subscribers, and problems."""
        return report(self._output, self._inputs, self._clocks, self.get_fully_qualified_name())

    def _clocks(self) -> tuple[float, float]:
        """Return the clock that stamps images and the one for durations [s]."""
        (now_s, simulated), steady_s = self.read_clock(), time.monotonic()
        running_s = self._running_clock.now_s(now_s, steady_s)
        # a simulation has its own seconds; any other clock can be set
        return running_s, running_s if simulated else steady_s

    def _supervise(self) -> None:
        output, inputs = self._output, self._inputs
        assert output is not None
        output.supervise()
        if inputs is not None and self.settings.stop_on_duplicate_publishers \
                and inputs.duplicates:
            output.fault(inputs.duplicates)
        while output.loop.changes:
            name, change = output.loop.changes.popleft()
            self.note(f'{name}: {change.state.value} ({change.reason})', about=name,
                      warn=change.state is not GateState.OBEYING)
        output.supervise_guard()

    def _on_desired(self, channel: Channel, message: Any) -> None:
        output, inputs = self._output, self._inputs
        if output is None or (self.settings.stop_on_duplicate_publishers and inputs is not None
                              and inputs.duplicates):
            return
        if not self.has_time:
            # without a time, every image would come from the future
            return
        command = DesiredCommand(
            desired_values(channel.actuator, message), stamp_s(message.header))
        with output.loop.lock:
            before = channel.gate.state
            channel.gate.tolerate(self.behind_s)
            accepted = channel.gate.submit(command, *self._clocks()) is None
            if accepted:
                channel.stamp = message.header.stamp
            # no wake-up for refused commands: there may be any number of them
            if accepted or channel.gate.state is not before:
                output.loop.wake(channel.name)


def main() -> None:
    """Run the gate node, and another one if it dies under a supervisor."""
    def work(death: str, memory: mmap.mmap | None) -> None:
        run_node(partial(GateNode, alone=True, checked=CheckedRules(memory)), death)
    respawn(work)
