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

"""Keep a guard next to the gate, and start another one when it dies."""

from collections.abc import Sequence
import time

from digiphys_ros.control.settings import GateSettings
from digiphys_ros.ros.gate.channel import Channel
from digiphys_ros.ros.gate.guard import GuardProcess
from digiphys_ros.ros.gate.heartbeat import GUARD, Heartbeat
from digiphys_ros.ros.gate.output_loop import OutputLoop
from digiphys_ros.ros.lifecycle import PipelineNode

GUARD_PAUSE_S = 2.0
"""Shortest time between two starts: a guard that cannot start must not use up the processor."""


class GuardKeeper:
    """
    Keep a guard running.

    :param loop: stops motion while the guard is lost.
    """

    def __init__(self, node: PipelineNode[GateSettings], channels: Sequence[Channel],
                 heartbeat: Heartbeat, loop: OutputLoop) -> None:
        self._node, self._channels = node, channels
        self._heartbeat, self._loop = heartbeat, loop
        self._lost: GuardProcess | None = None
        self._guard = self._start()

    def _start(self) -> GuardProcess:
        self._again_s = time.monotonic() + GUARD_PAUSE_S
        settings = self._node.settings
        return GuardProcess(
            self._heartbeat, f'{self._node.get_name()}{GUARD}', self._node.get_namespace(),
            settings.period_s, settings.realtime,
            [(channel.commands.topic_name, channel.actuator) for channel in self._channels])

    @property
    def state(self) -> str:
        """Return the state of the guard, as ``GuardProcess.state``."""
        return self._guard.state

    def check(self) -> None:
        """Check whether the guard watches; call it periodically."""
        self._guard.check()
        state = self._guard.state
        if state not in ('dead', 'hung'):
            return
        # only for a guard that watched: one that never starts must not stop the robot for ever
        if self._heartbeat.read('ready') and self._lost is not self._guard:
            self._lost = self._guard
            self._loop.lose_guard()
        if time.monotonic() > self._again_s:
            self._node.note(f'the guard is {state}: starting another', about='guard', warn=True)
            # not an orderly end: this thread must not wait
            self._guard.close(patience_s=0.0)
            self._heartbeat.write('ended', 0.0)
            self._guard = self._start()

    def close(self) -> None:
        """End the guard in order."""
        self._guard.close()
