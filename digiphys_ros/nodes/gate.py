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
import contextlib
from functools import partial
import mmap
import os
from pathlib import Path
import time
from typing import Any

from digiphys_ros.control import (
    CheckedRules,
    DesiredCommand,
    EstopInput,
    GateState,
    LatchFile,
    LatchKeeper,
    load_actuators,
    make_gate,
    RunningClock,
)
from digiphys_ros.fixes import (
    keep_one,
    make_writable,
    match_type,
    MAX_LEASE_S,
    MAX_TOLERANCE_S,
    reset_estop,
    show_output,
    trust_estop,
)
from digiphys_ros.resources import find_resource
from digiphys_ros.ros import qos
from digiphys_ros.ros.gate.channel import Channel
from digiphys_ros.ros.gate.estop_listener import EstopListener, TYPE
from digiphys_ros.ros.gate.guard import GuardProcess
from digiphys_ros.ros.gate.heartbeat import GUARD, Heartbeat
from digiphys_ros.ros.gate.output_loop import OutputLoop
from digiphys_ros.ros.lifecycle import ERROR, OK, PipelineNode, WARN
from digiphys_ros.ros.messages.actuators import check_message, desired_type, desired_values
from digiphys_ros.ros.messages.images import stamp_s
from digiphys_ros.ros.parameters.declaration import Parameter
from digiphys_ros.ros.process import run_node
from digiphys_ros.ros.supervision.realtime import prioritize_process, PROCESS_PRIORITY
from digiphys_ros.ros.supervision.respawn import respawn
from digiphys_ros.ros.timer import Timer
from digiphys_ros.ros.transport.variables import ros_home
from rclpy.duration import Duration
from std_srvs.srv import Trigger

BEAT_S = 0.05
GUARD_PAUSE_S = 2.0
"""Least time between two starts of a guard: one that cannot start must not take the processor."""
GUARD_PATIENCE_S = 10.0
"""Longest time that a gate waits for its guard before it obeys without one, and says so."""


class GateNode(PipelineNode):
    """
    Turn ``desired/<actuator>`` into the actuator's topic at a fixed rate.

    An accepted command leaves at once, in place of the next message; the fixed rate repeats it, or
    the safe state. A safe state that begins leaves at once, beside the fixed rate.
    ``obeyed/<actuator>`` tells the capture stamp of the image behind each new command. An e-stop
    outlasts the node: only ``~/reset`` releases it. The output has a thread of its own, and a
    process beside this one (``gate_guard``) sends the safe state where this one hangs or dies.

    :param alone: whether the process runs no other node: then all of it may be real-time.
    :param checked: what gates before this one have checked.
    """

    PARAMETERS = (
        Parameter('rules', 'traffic_signs_rules.yaml',
                  'YAML file with the actuators: a path, or a name in config/.'),
        Parameter('lease_s', 0.5, 'Oldest image a command may come from [s].', 0.01,
                  MAX_LEASE_S),
        Parameter('future_tolerance_s', 0.001, 'How far ahead of the clock an image may be '
                  'stamped: clocks of two machines differ [s]. Under use_sim_time it is longer by '
                  'two steps of /clock.', 0.0, MAX_TOLERANCE_S),
        Parameter('rate_hz', 50.0, 'Rate at which the actuator hears from the gate. A new command '
                  'leaves at once, in place of the next message.', 10.0, 1000.0),
        Parameter('estop_wait_s', 2.0, 'How long a gate that is configured listens for an e-stop '
                  'that is pressed already before it obeys: discovery takes its time [s].',
                  0.0, 60.0),
        Parameter('estop_required', False, 'Move only while an e-stop publisher is heard: silence '
                  'is a press.'),
        Parameter('estop_timeout_s', 1.0, 'Longest silence of a required e-stop publisher, and '
                  'of any before it is heard for the first time [s].', 0.05, 60.0),
        Parameter('estop_unheard_stops', True, 'Take an e-stop publisher that is never heard for '
                  'pressed: false for buttons that send only when they are pressed.'),
        Parameter('latch_without_memory', True, 'Start e-stopped where the memory of the e-stop '
                  'cannot be kept on disk.'),
        Parameter('guard', True, 'Start a second process that sends the safe state when this one '
                  'hangs or is killed.'),
        Parameter('realtime', True, 'Ask for real-time priority, so that a busy machine delays no '
                  'safe command.'),
        Parameter('stop_on_duplicate_publishers', False,
                  'Stop while more than one node publishes on an input.', runtime=True),
    )

    NEEDS_A_SECTION = True

    def __init__(self, *, alone: bool = False, checked: CheckedRules | None = None,
                 **options: Any) -> None:
        super().__init__('gate', **options)
        self._alone, self._checked_rules = alone, checked
        self._channels: list[Channel] = []
        self._inputs: list[qos.AdaptiveSubscription] = []
        self._endings: list[Callable[[], Any]] = []
        self._latch = LatchFile(_latch_path(self.get_fully_qualified_name()))
        self._keeper: LatchKeeper | None = None
        self._memory_problem = ''
        self._running_clock = RunningClock()
        self._estop = EstopInput()
        self._loop: OutputLoop | None = None
        self._guard: GuardProcess | None = None
        self._lost_guard: GuardProcess | None = None
        self._wants_to_obey = False

    def configure(self) -> None:
        """Load the actuators and start to publish their safe states."""
        settings = self.settings
        actuators = load_actuators(find_resource(self.beside(settings.rules), 'config'),
                                   self._checked_rules)
        for actuator in actuators.values():
            check_message(actuator)
        latched = self._recall()
        for name, actuator in actuators.items():
            gate = make_gate(actuator, settings.lease_s, settings.future_tolerance_s)
            if latched:
                gate.trip()
            self._channels.append(Channel(self, name, actuator, gate))
        self._start_output()
        for channel in self._channels:
            self._inputs.append(qos.AdaptiveSubscription(
                self, desired_type(channel.actuator), f'desired/{channel.name}',
                partial(self._on_desired, channel), depth=5))
        reset = self.create_service(Trigger, '~/reset', self._on_reset)
        override = self.create_service(Trigger, '~/override_estop', self._on_override)
        timer = Timer(self, BEAT_S, self._look_after)
        self._endings += [partial(self.destroy_service, reset),
                          partial(self.destroy_service, override),
                          timer.destroy]

    def _start_output(self) -> None:
        assert self._keeper is not None
        if self.settings.realtime and self._alone:
            # what the output waits for, as the middleware's threads and the interpreter, as well
            prioritize_process(PROCESS_PRIORITY)
        # a button that was pressed when the node was cleaned up still is
        self._estop.restart(self.settings.estop_required, self.settings.estop_timeout_s,
                            self.settings.estop_unheard_stops)
        self._listener = EstopListener(self, self._estop)
        self._heartbeat = Heartbeat(outputs=len(self._channels))
        self._loop = OutputLoop(
            self._channels, self._estop, self._listener, self._keeper, self._heartbeat,
            self._clocks, period_s=1.0 / self.settings.rate_hz,
            stall_s=max(self.settings.lease_s, 4 * BEAT_S), guarded=self.settings.guard,
            realtime=self.settings.realtime)
        if self.settings.guard:
            self._start_guard()
        self._loop.start()
        self._listens_since_s = time.monotonic()

    def _start_guard(self) -> None:
        self._guard_again_s = time.monotonic() + GUARD_PAUSE_S
        self._guard = GuardProcess(
            self._heartbeat, f'{self.get_name()}{GUARD}', self.get_namespace(),
            1.0 / self.settings.rate_hz, self.settings.realtime,
            [(channel.commands.topic_name, channel.actuator) for channel in self._channels])

    def activate(self) -> None:
        """Obey from now on, but not before an e-stop had the time to be heard."""
        self._wants_to_obey = True

    def deactivate(self) -> None:
        """Send the safe state, and go on sending it."""
        self._wants_to_obey = False
        assert self._loop is not None
        with self._loop.lock:
            self._loop.obeys = False
            for channel in self._channels:
                channel.gate.deactivate()
        self._loop.send_now()

    def cleanup(self) -> None:
        """Send the safe state once more, then fall silent."""
        self._wants_to_obey = False
        for end in self._endings:
            end()
        if self._loop is not None:
            self._loop.stop()
        for channel in self._channels:
            now_s, steady_s = self._clocks()
            channel.send(channel.gate.last(now_s, steady_s), now_s)
            # the process may end next: the safe state has to have left it
            channel.commands.wait_for_all_acked(Duration(seconds=0.3))
        self._end_output()
        for desired in self._inputs:
            desired.destroy()
        for channel in self._channels:
            channel.destroy()
        self._channels, self._inputs, self._endings = [], [], []

    def _end_output(self) -> None:
        if self._guard is not None:
            self._guard.close()
        if self._loop is not None:
            self._listener.destroy()
            self._heartbeat.close()
        if self._keeper is not None:
            self._keeper.close()
        self._guard = self._loop = self._keeper = None

    def _clocks(self) -> tuple[float, float]:
        """Return the clock that stamps images and the one for durations [s]."""
        (now_s, simulated), steady_s = self.read_clock(), time.monotonic()
        running_s = self._running_clock.now_s(now_s, steady_s)
        # a simulation has its own seconds; any other clock can be set
        return running_s, running_s if simulated else steady_s

    @property
    def _obeys(self) -> bool:
        return self._loop is not None and self._loop.obeys

    # What the node's thread does for the loop.

    def _look_after(self) -> None:
        assert self._loop is not None
        self._loop.beat()
        publishers = self._listener.adapt()
        with self._loop.lock:
            self._estop.see(publishers, time.monotonic())
        if self._wants_to_obey and not self._obeys:
            self._obey_when_heard()
        self._watch_inputs()
        while self._loop.changes:
            name, output = self._loop.changes.popleft()
            self.note(f'{name}: {output.state.value} ({output.reason})', about=name,
                      warn=output.state is not GateState.OBEYING)
        self._look_after_guard()

    def _look_after_guard(self) -> None:
        if self._guard is None:
            return
        self._guard.look()
        state = self._guard.state
        if state not in ('dead', 'hung'):
            return
        assert self._loop is not None
        # once for a guard that watched: one that never starts must not stop the robot for ever
        if self._heartbeat.read('ready') and self._lost_guard is not self._guard:
            self._lost_guard = self._guard
            self._loop.lose_guard()
        if time.monotonic() > self._guard_again_s:
            self.note(f'the guard is {state}: starting another', about='guard', warn=True)
            # no time for an orderly end: this thread must not wait
            self._guard.close(patience_s=0.0)
            self._heartbeat.write('ended', 0.0)
            self._start_guard()

    def _obey_when_heard(self) -> None:
        assert self._loop is not None
        now_s = time.monotonic()
        if now_s < self._listens_since_s + self.settings.estop_wait_s:
            return
        if self._guard is not None and self._guard.state != 'watching' \
                and now_s < self._listens_since_s + GUARD_PATIENCE_S:
            return
        with self._loop.lock:
            if not self._estop.silent(now_s, to_start=True):
                self._loop.obeys = True
                for channel in self._channels:
                    channel.gate.activate()
        if self._obeys:
            self.publish_diagnostics()

    def _watch_inputs(self) -> None:
        duplicates = self._duplicates()
        if duplicates and self.settings.stop_on_duplicate_publishers:
            assert self._loop is not None
            with self._loop.lock:
                for channel in self._channels:
                    channel.gate.fault(duplicates)
                self._loop.wake(*(channel.name for channel in self._channels))

    def _duplicates(self) -> str:
        return '; '.join(filter(None, (one.duplicate_sources for one in self._inputs)))

    # Inputs.

    def _on_desired(self, channel: Channel, message: Any) -> None:
        assert self._loop is not None
        if self.settings.stop_on_duplicate_publishers and self._duplicates():
            return
        if not self.has_time:
            # every image would come from the future
            return
        command = DesiredCommand(
            desired_values(channel.actuator, message), stamp_s(message.header))
        with self._loop.lock:
            before = channel.gate.state
            channel.gate.tolerate(self.behind_s)
            accepted = channel.gate.offer(command, *self._clocks()) is None
            if accepted:
                channel.stamp = message.header.stamp
            # of refused commands there may be any number
            if accepted or channel.gate.state is not before:
                self._loop.wake(channel.name)

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Any:
        if self._loop is None or self._keeper is None:
            return _refused(response)
        with self._loop.lock:
            held = self._estop.pressed() or self._estop.silent(time.monotonic())
            released = not held and all(
                [channel.gate.reset(*self._clocks()) for channel in self._channels])
            if released:
                self._keeper.keep(False)
        response.success = released
        response.message = 'reset: motion waits for a new command' if released \
            else f'refused: the e-stop is {held or "still pressed"}'
        return response

    def _on_override(self, _request: Trigger.Request, response: Trigger.Response) -> Any:
        """Forget publishers that vanished while they were pressed."""
        if self._loop is None:
            return _refused(response)
        with self._loop.lock:
            names = self._estop.override()
        response.success = bool(names)
        response.message = f'overridden: {", ".join(names)}; the latch waits for ~/reset' \
            if names else 'nothing to override: no e-stop publisher vanished while pressed'
        self.get_logger().warning(f'~/override_estop: {response.message}')
        return response

    # The memory of the e-stop.

    def _recall(self) -> bool:
        """Return whether to start e-stopped; begin to keep the memory."""
        self._memory_problem = ''
        self._keeper = LatchKeeper(self._latch)
        try:
            self._latch.check()
            return self._latch.is_held()
        except OSError as error:
            self._memory_problem = f'the e-stop cannot be remembered: {error}'
            self.get_logger().error(self._memory_problem)
        with contextlib.suppress(OSError):
            if self._latch.is_held():
                return True
        return bool(self.settings.latch_without_memory)

    # Diagnostics.

    def report(self) -> tuple[bytes, str, dict[str, Any]]:
        """Return the state of each actuator, who listens, and what is wrong."""
        figures: dict[str, Any] = {}
        steady_s = 0.0
        if self._loop is not None:
            with self._loop.lock:
                steady_s = self._clocks()[1]
            figures = {key: value for channel in self._channels
                       for key, value in channel.figures(steady_s).items()}
        figures['estop'] = pressed = self._pressed()
        serious = self._serious()
        problems = serious + ([(f'e-stop {pressed}', reset_estop(
            self.get_fully_qualified_name(), pressed))] if pressed else [])
        problems += [(one.duplicate_sources, keep_one(one.topic)) for one in self._inputs
                     if one.duplicate_sources]
        problems += [problem for channel in self._channels
                     for problem in self._problems(channel, steady_s)]
        if fixes := [fix for _, fix in problems if fix]:
            # one alone can be pasted: that of what comes first
            figures['fix'] = fixes[0]
        states = ', '.join(f'{channel.name}: {channel.gate.state.value}'
                           for channel in self._channels)
        figures['realtime'] = bool(self._loop and self._loop.is_realtime)
        figures['guard'] = self._guard.state if self._guard else 'off'
        level = ERROR if serious else WARN if problems else OK
        return level, '; '.join([states, *(one for one, _ in problems)]), figures

    def _pressed(self) -> str:
        if self._loop is None:
            return ''
        with self._loop.lock:
            return self._estop.pressed()

    def _serious(self) -> list[tuple[str, str]]:
        """Return what makes the gate unsafe or keeps it from moving, and the fix."""
        if self._loop is None or self._keeper is None:
            return []
        memory = self._keeper.problem or self._memory_problem
        name, topic = self.get_fully_qualified_name(), self._listener.topic
        with self._loop.lock:
            silent = self._estop.silent(time.monotonic(), to_start=not self._obeys)
        alone = self._obeys and self._guard is not None and self._guard.state != 'watching'
        return [(sentence, fix) for sentence, fix in (
            (memory, make_writable(str(self._latch.path.parent))),
            (silent and f'e-stop {silent}', trust_estop(topic, silent)),
            (self._listener.wrong_types, match_type(topic, 'it', TYPE)),
            ('the guard does not run: nothing stops the robot if this process dies' if alone
             else '', show_output(name, then=f'the guard is started again every {GUARD_PAUSE_S:g} '
                                             's, and needs memory and a process')),
            (self._loop.last_failure, show_output(
                name, then='report it at https://github.com/digiphys/digiphys_ros/issues')))
            if sentence]

    def _problems(self, channel: Channel, steady_s: float) -> list[tuple[str, str]]:
        starts = self._wants_to_obey and not self._obeys
        problems = [('listens for an e-stop and waits for its guard before it obeys', '')] \
            if starts else channel.refusals(steady_s)
        return problems + channel.strangers(own=1 + (self._guard is not None))


def _refused(response: Trigger.Response) -> Trigger.Response:
    """Answer a call that was on its way when the node was cleaned up."""
    response.success, response.message = False, 'refused: the gate is not configured'
    return response


def _latch_path(node: str) -> Path:
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    return ros_home() / 'digiphys_ros' / f'estop_{domain}{node.replace("/", ".")}'


def main() -> None:
    """Run the gate node, and another one where it dies and a supervisor asks for it."""
    def work(death: str, memory: mmap.mmap | None) -> None:
        run_node(partial(GateNode, alone=True, checked=CheckedRules(memory)), death)
    respawn(work)
