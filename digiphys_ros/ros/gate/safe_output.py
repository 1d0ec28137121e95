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

"""The gates of all actuators, with output loop, e-stop and guard."""

from collections.abc import Callable, Mapping, Sequence
import os
import time

from digiphys_ros.control import Actuator, EstopInput, LatchFile, LatchKeeper, make_gate
from digiphys_ros.control.latch_file import recall
from digiphys_ros.control.settings import GateSettings
from digiphys_ros.fixes import make_writable, match_type, show_output, trust_estop
from digiphys_ros.ros.gate.channel import Channel
from digiphys_ros.ros.gate.estop_listener import EstopListener, TYPE
from digiphys_ros.ros.gate.guard_keeper import GUARD_PAUSE_S, GuardKeeper
from digiphys_ros.ros.gate.heartbeat import Heartbeat
from digiphys_ros.ros.gate.output_loop import OutputLoop
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.supervision.realtime import prioritize_process, PROCESS_PRIORITY
from digiphys_ros.ros.transport.variables import ros_home
from rclpy.duration import Duration

BEAT_S = 0.05
"""Period of the calls of ``SafeOutput.supervise``."""
GUARD_PATIENCE_S = 10.0
"""Longest time that a gate waits for its guard before it obeys without one, with an error."""


class SafeOutput:
    """
    Publish the safe states from the start, and commands once ``supervise`` allows it.

    :param latch: stores the e-stop on disk.
    :param estop: outlasts this object: a pressed button stays pressed.
    :param clocks: returns the clock that stamps images and the one for durations, in seconds.
    :param alone: whether the process runs no other node: then all of it may be real-time.
    :ivar wants_to_obey: whether the node is active.
    """

    def __init__(self, node: PipelineNode[GateSettings], latch: LatchFile, estop: EstopInput,
                 clocks: Callable[[], tuple[float, float]], *, alone: bool) -> None:
        self.wants_to_obey = False
        self.channels: list[Channel] = []
        self._latch, self.keeper = latch, LatchKeeper(latch)
        self.estop = estop
        self._node, self._clocks, self._alone = node, clocks, alone
        self._latched, self._memory_problem = recall(
            latch, without_memory=node.settings.latch_without_memory)
        if self._memory_problem:
            node.get_logger().error(self._memory_problem)
        self._guard: GuardKeeper | None = None
        self._loop: OutputLoop | None = None

    def start(self, actuators: Mapping[str, Actuator]) -> None:
        """Start to publish the safe state of each actuator."""
        settings, node = self._node.settings, self._node
        for name, actuator in actuators.items():
            gate = make_gate(actuator, settings.lease_s, settings.future_tolerance_s)
            if self._latched:
                gate.trip()
            self.channels.append(Channel(node, name, actuator, gate))
        if settings.realtime and self._alone:
            # also the threads that the output waits for, such as those of the middleware
            prioritize_process(PROCESS_PRIORITY)
        self.estop.restart(settings.estop_required, settings.estop_timeout_s,
                           settings.estop_unheard_stops)
        self.listener = EstopListener(node, self.estop)
        self._heartbeat = Heartbeat(outputs=len(self.channels))
        self._loop = OutputLoop(
            self.channels, self.estop, self.listener, self.keeper, self._heartbeat, self._clocks,
            period_s=settings.period_s, stall_s=max(settings.lease_s, 4 * BEAT_S),
            guarded=settings.guard, realtime=settings.realtime)
        if settings.guard:
            self._guard = GuardKeeper(node, self.channels, self._heartbeat, self._loop)
        self._loop.start()
        self._listens_since_s = time.monotonic()

    @property
    def loop(self) -> OutputLoop:
        """Return the loop; needs a call of ``start``."""
        assert self._loop is not None
        return self._loop

    @property
    def obeys(self) -> bool:
        """Return whether commands are obeyed."""
        return self._loop is not None and self._loop.obeys

    @property
    def guard_state(self) -> str:
        """Return ``watching``, ``starting``, ``hung``, ``dead`` or ``off``."""
        return self._guard.state if self._guard else 'off'

    def stop_obeying(self) -> None:
        """Send the safe state, and keep sending it."""
        self.wants_to_obey = False
        with self.loop.lock:
            self.loop.obeys = False
            for channel in self.channels:
                channel.gate.deactivate()
        self.loop.send_now()

    def close(self) -> None:
        """Send the safe state once more, then fall silent; works after a failed ``start`` too."""
        self.wants_to_obey = False
        if self._loop is not None:
            self._loop.stop()
        for channel in self.channels:
            now_s, steady_s = self._clocks()
            channel.send(channel.gate.shutdown_output(now_s, steady_s), now_s)
            # the process may end next: the safe state must have been sent
            channel.commands.wait_for_all_acked(Duration(seconds=0.3))
        if self._guard is not None:
            self._guard.close()
        if self._loop is not None:
            self.listener.destroy()
            self._heartbeat.close()
        self.keeper.close()
        for channel in self.channels:
            channel.destroy()
        self.channels = []

    def supervise(self) -> None:
        """Do the work of the node's thread for the loop; call it every ``BEAT_S``."""
        self.loop.beat()
        publishers = self.listener.adapt()
        with self.loop.lock:
            self.estop.update_publishers(publishers, time.monotonic())
        if self.wants_to_obey and not self.obeys:
            self._obey_when_heard()

    def supervise_guard(self) -> None:
        """Start another guard if it died or hangs."""
        if self._guard is not None:
            self._guard.check()

    def _obey_when_heard(self) -> None:
        now_s = time.monotonic()
        if now_s < self._listens_since_s + self._node.settings.estop_wait_s:
            return
        if self.guard_state not in ('watching', 'off') \
                and now_s < self._listens_since_s + GUARD_PATIENCE_S:
            return
        with self.loop.lock:
            if not self.estop.silence(now_s, to_start=True):
                self.loop.obeys = True
                for channel in self.channels:
                    channel.gate.activate()
        if self.obeys:
            self._node.publish_diagnostics()

    def reset(self) -> tuple[bool, str]:
        """Release the e-stop's latch unless it is pressed; return success and a sentence."""
        with self.loop.lock:
            held = self.estop.pressed_by() or self.estop.silence(time.monotonic())
            released = not held and all(
                [channel.gate.reset(*self._clocks()) for channel in self.channels])
            if released:
                self.keeper.keep(False)
        return released, 'reset: motion waits for a new command' if released \
            else f'refused: the e-stop is {held or "still pressed"}'

    def override(self) -> tuple[bool, str]:
        """Forget publishers that vanished while they were pressed."""
        with self.loop.lock:
            names = self.estop.override()
        return bool(names), f'overridden: {", ".join(names)}; the latch waits for ~/reset' \
            if names else 'nothing to override: no e-stop publisher vanished while pressed'

    def fault(self, reason: str) -> None:
        """Send the safe state until the next valid command."""
        with self.loop.lock:
            for channel in self.channels:
                channel.gate.fault(reason)
            self.loop.wake(*(channel.name for channel in self.channels))

    def pressed_by(self) -> str:
        """Return the pressed publishers of the e-stop, else ''."""
        with self.loop.lock:
            return self.estop.pressed_by()

    def serious_problems(self) -> list[tuple[str, str]]:
        """Return problems that make the gate unsafe or stop it, with the fix."""
        name, topic = self._node.get_fully_qualified_name(), self.listener.topic
        with self.loop.lock:
            silent = self.estop.silence(time.monotonic(), to_start=not self.obeys)
        unguarded = self.obeys and self.guard_state not in ('watching', 'off')
        return [(sentence, fix) for sentence, fix in (
            (self.keeper.problem or self._memory_problem,
             make_writable(str(self._latch.path.parent))),
            (silent and f'e-stop {silent}', trust_estop(topic, silent)),
            (self.listener.wrong_types, match_type(topic, 'it', TYPE)),
            ('the guard does not run: nothing stops the robot if this process dies'
             if unguarded else '', show_output(
                 name, then=f'the guard is started again every {GUARD_PAUSE_S:g} s, and needs '
                 'memory and a process')),
            (self.loop.last_failure, show_output(
                name, then='report it at https://github.com/digiphys/digiphys_ros/issues')))
            if sentence]

    def problems(self, steady_s: float) -> Sequence[tuple[str, str]]:
        """Return the problems of the actuators, each with a fix."""
        starts = self.wants_to_obey and not self.obeys
        own = 1 + (self._guard is not None)
        return [problem for channel in self.channels for problem in (
            *([('listens for an e-stop and waits for its guard before it obeys', '')] if starts
              else channel.refusals(steady_s)), *channel.topic_problems(own))]


def latch_file(node: str) -> LatchFile:
    """
    Return the file that stores the e-stop of a gate.

    :param node: the gate's name with its namespace.
    """
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    return LatchFile(
        ros_home() / 'digiphys_ros' / f'estop_{domain}{node.replace("/", ".")}')
