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

"""
The guard of a gate: a process that sends the safe state when the gate hangs or is killed.

A gate starts its guard itself. ``python -m digiphys_ros.ros.gate.guard DESCRIPTOR`` is an internal
command: it reads its task from standard input, which the gate keeps open.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import select
import signal
import subprocess
import sys
import time
from typing import Any

from digiphys_ros.control import Actuator, actuator_from_plain
from digiphys_ros.control.motion import LONGEST_STEP_S
from digiphys_ros.ros import qos
from digiphys_ros.ros.gate.heartbeat import GUARD, Heartbeat
from digiphys_ros.ros.messages.actuators import actuator_message, actuator_type
from digiphys_ros.ros.supervision.realtime import GUARD_PRIORITY, prioritize_thread
from digiphys_ros.ros.transport.variables import WITHOUT_LOG_FILE
import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

LATE_PERIODS = 2
"""A stopped gate that misses so many periods hangs."""

BUSY_S = 0.1
"""How long a running gate may be late: on a busy machine it waits for a core."""

HUNG_S = 1.0
"""A gate that is late for so long is killed: its supervisor starts it again."""

LONGEST_HUNG_S = 10.0
"""The same if this process was repeatedly held up meanwhile."""

SEND_S = 10.0
"""How long the safe state is sent after the gate's death, also for late subscribers."""

HUNG_LOOKS = 20
"""A guard that shows no sign of life for so many checks of its gate hangs."""

STOPPED_STATES = frozenset('TtZX')


class GuardProcess:
    """
    The guard as the gate sees it.

    :param name: name of the guard's node; ``namespace`` is the gate's.
    :param realtime: whether the guard asks for real-time priority.
    :param actuators: each with its resolved topic.
    """

    def __init__(self, heartbeat: Heartbeat, name: str, namespace: str, period_s: float,
                 realtime: bool, actuators: Sequence[tuple[str, Actuator]]) -> None:
        self._heartbeat = heartbeat
        self._looks, self._watch_s = 0, 0.0
        heartbeat.write('ready', 0.0)
        for number in range(len(actuators)):
            heartbeat.write('reached', 0.0, number)
        words = [sys.executable, '-m', __name__, str(heartbeat.descriptor)]
        # a separate session: a signal to the terminal's processes must not end the guard first
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, pass_fds=[heartbeat.descriptor], start_new_session=True)
        watched = {'name': name, 'namespace': namespace, 'period_s': period_s,
                   'realtime': realtime, 'gate': os.getpid(), 'actuators': [
                       (topic, asdict(actuator)) for topic, actuator in actuators]}
        assert self._process.stdin is not None
        # the gate notices a guard that ended at once
        with suppress(OSError):
            self._process.stdin.write(json.dumps(watched).encode() + b'\n')
            self._process.stdin.flush()

    @property
    def state(self) -> str:
        """Return ``watching``, ``starting``, ``hung`` or ``dead``."""
        if self._process.poll() is not None:
            return 'dead'
        if not self._heartbeat.read('ready'):
            return 'starting'
        return 'hung' if self._looks > HUNG_LOOKS else 'watching'

    def check(self) -> None:
        """Check whether it keeps watching; call it periodically."""
        watch_s = self._heartbeat.read('watch_s')
        # counted, not timed: a gate held up together with its guard cannot judge by time
        self._looks = self._looks + 1 if watch_s == self._watch_s else 0
        self._watch_s = watch_s

    def close(self, patience_s: float = 0.5) -> None:
        """End it in order: it sends nothing."""
        self._heartbeat.write('ended', 1.0)
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class _Output:
    publisher: Any
    actuator: Actuator
    values: dict[str, float]
    reach_s: float

    def send(self, now_s: float) -> None:
        # a holding position has no safe value, and another position might jump there
        if self.values:
            self.publisher.publish(actuator_message(
                self.actuator, self.values, now_s, self.reach_s))


class Guard:
    """
    Watch a gate's heartbeat; act when it stops.

    :param watched: the task from ``GuardProcess``.
    """

    def __init__(self, heartbeat: Heartbeat, watched: Mapping[str, Any]) -> None:
        self._heartbeat = heartbeat
        self._gate: int = watched['gate']
        self._period_s: float = watched['period_s']
        self._turn_s = self._late_since_s = time.monotonic()
        self._node = Node(
            watched['name'], namespace=watched['namespace'], use_global_arguments=False,
            enable_rosout=False, start_parameter_services=False)
        self._outputs = [self._output(topic, actuator_from_plain(plain))
                         for topic, plain in watched['actuators']]

    def _output(self, topic: str, actuator: Actuator) -> _Output:
        values = actuator.plan.safe_heads() if actuator.plan else actuator.guard_values()
        # a joint may be anywhere in its range and must not jump
        reach_s = max((one.range_s() for one in actuator.fields.values() if one.is_position()),
                      default=0.0)
        return _Output(self._node.create_publisher(actuator_type(actuator), topic, qos.RELIABLE),
                       actuator, values, max(reach_s, LONGEST_STEP_S))

    def run(self) -> None:
        """Watch until the gate ends; after a death send the safe state for a while."""
        pause_s = max(self._period_s / 2, 0.002)
        while not _closed(pause_s):
            self._heartbeat.write('watch_s', time.monotonic())
            self._find_listeners()
            if self._hangs():
                self._send()
        if self._heartbeat.read('ended'):
            return
        self._send()
        until_s, known = time.monotonic() + SEND_S, self._gates()
        # a restarted gate sends its own safe state
        while time.monotonic() < until_s and not self._gates() - known:
            self._send()
            time.sleep(self._period_s)

    def _gates(self) -> set[tuple[int, ...]]:
        """Return the publishers of gates of this name: discovery keeps a dead one for a while."""
        name = self._node.get_fully_qualified_name().removesuffix(GUARD)
        try:
            return {tuple(one.endpoint_gid) for output in self._outputs
                    for one in self._node.get_publishers_info_by_topic(
                        output.publisher.topic_name) if qos.endpoint_name(one) == name}
        except Exception:  # after any error the safe state continues
            return set()

    def _find_listeners(self) -> None:
        """Be ready once all subscribers of the gate would also hear this process."""
        are_reached = True
        for number, output in enumerate(self._outputs):
            reached = output.publisher.get_subscription_count()
            self._heartbeat.write('reached', reached, number)
            are_reached &= reached >= self._heartbeat.read('listeners', number)
        if self._heartbeat.read('commands') and are_reached:
            self._heartbeat.write('ready', 1.0)

    def _hangs(self) -> bool:
        now_s, before_s = time.monotonic(), self._turn_s
        self._turn_s = now_s
        late_s = now_s - self._heartbeat.read('beat_s')
        if not self._heartbeat.read('commands') or late_s <= LATE_PERIODS * self._period_s:
            self._late_since_s = now_s
            return False
        if now_s - before_s > BUSY_S:
            # this process was held up too, perhaps the whole machine: give the gate more time
            self._late_since_s = now_s
        if now_s - self._late_since_s > HUNG_S or late_s > LONGEST_HUNG_S:
            with suppress(ProcessLookupError):
                os.kill(self._gate, signal.SIGKILL)
        return late_s > BUSY_S or self._is_stopped()

    def _is_stopped(self) -> bool:
        try:
            # the name in brackets may contain any characters
            fields = Path(f'/proc/{self._gate}/stat').read_text().rpartition(')')[2].split()
        except OSError:
            return True
        return fields[0] in STOPPED_STATES

    def _send(self) -> None:
        now_s = time.monotonic()
        self._heartbeat.write('acted_s', now_s)
        late_s = now_s - self._heartbeat.read('beat_s')
        for output in self._outputs:
            output.send(self._heartbeat.read('clock_s') + late_s)


def _closed(timeout_s: float) -> bool:
    """Wait for the end of standard input, which means the end of the gate."""
    readable, _, _ = select.select([0], [], [], timeout_s)
    return bool(readable) and not os.read(0, 1024)


def main() -> None:
    """Watch the gate that started this process."""
    # only the gate may end its guard: ignore other signals
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    watched = json.loads(_first_line())
    if watched['realtime']:
        # before the middleware starts threads
        prioritize_thread(GUARD_PRIORITY)
    # no log file: a disk must not block it
    rclpy.init(args=WITHOUT_LOG_FILE, signal_handler_options=SignalHandlerOptions.NO)
    heartbeat = Heartbeat(int(sys.argv[1]))
    guard = Guard(heartbeat, watched)
    guard.run()
    rclpy.try_shutdown()


def _first_line() -> bytes:
    line = b''
    while not line.endswith(b'\n') and (chunk := os.read(0, 65536)):
        line += chunk
    return line


if __name__ == '__main__':
    main()
