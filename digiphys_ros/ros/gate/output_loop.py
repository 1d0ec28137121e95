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

"""The loop that sends to the actuators, on a thread that never blocks on others."""

from collections import deque
from collections.abc import Callable, Sequence
import threading
import time

from builtin_interfaces.msg import Time
from digiphys_ros.control import EstopInput, GateOutput, LatchKeeper
from digiphys_ros.ros.gate.channel import Channel
from digiphys_ros.ros.gate.estop_listener import EstopListener
from digiphys_ros.ros.gate.heartbeat import Heartbeat
from digiphys_ros.ros.supervision.realtime import OUTPUT_PRIORITY, prioritize_thread

POLL_S = 0.005
"""Period of the e-stop check."""

REACH_S = 10.0
"""How long motion waits for the guard to reach all subscribers; then the gate obeys."""


class OutputLoop:
    """
    Step the gates at a fixed rate, and at once when a safe state begins.

    A new command is also sent at once, in place of the next output: see ``Pace``.

    The loop logs nothing and reads no parameter. The node's thread submits commands under ``lock``
    and logs ``changes``, the sentences about changed states.

    :param clocks: returns the clock that stamps images and the one for durations, in seconds;
        called under ``lock``.
    :param stall_s: how long the node's thread may show no sign of life (``beat``) before the safe
        state is sent.
    :param guarded: whether a guard watches: motion waits until it reaches the first subscribers,
        and after ``lose_guard`` until the next guard does.
    :param realtime: whether the thread requests real-time priority.
    :ivar is_realtime: whether it has real-time priority.
    :ivar obeys: whether commands are obeyed; then a silent e-stop stops too.
    """

    def __init__(self, channels: Sequence[Channel], estop: EstopInput, listener: EstopListener,
                 keeper: LatchKeeper, heartbeat: Heartbeat,
                 clocks: Callable[[], tuple[float, float]], *, period_s: float,
                 stall_s: float, guarded: bool = False, realtime: bool = False) -> None:
        self.lock = threading.Condition()
        self.changes: deque[tuple[str, GateOutput]] = deque(maxlen=1000)
        self.last_failure = ''
        self._keeper = keeper
        self._channels, self._estop, self._listener = channels, estop, listener
        self._heartbeat, self._clocks = heartbeat, clocks
        self._period_s, self._stall_s = period_s, stall_s
        self._beat_s = time.monotonic()
        self._acted_s = heartbeat.read('acted_s')
        self._urgent: set[str] = set()
        self._turns = 0
        self._guarded, self._unreached_until_s = guarded, 0.0
        self._wants_realtime, self.is_realtime = realtime, False
        self.obeys = self._pressed = False
        self._running = True
        self._thread = threading.Thread(target=self._run, name='output', daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._heartbeat.write('beat_s', time.monotonic())
        self._thread.start()

    def stop(self, patience_s: float = 1.0) -> None:
        """End the thread; the caller sends the last output."""
        self._running = False
        with self.lock:
            self.lock.notify_all()
        if self._thread.is_alive():
            self._thread.join(patience_s)
        self._heartbeat.write('commands', 0.0)

    def beat(self) -> None:
        """Show that the node's thread is alive."""
        self._beat_s = time.monotonic()

    def wake(self, *names: str) -> None:
        """Report news on these channels; call it under ``lock``."""
        self._urgent.update(names)
        self.lock.notify_all()

    def lose_guard(self) -> None:
        """Stop motion: nobody would send the safe state if this process died now."""
        with self.lock:
            for number in range(len(self._channels)):
                self._heartbeat.write('reached', 0.0, number)
            self._unreached_until_s = time.monotonic() + REACH_S
            self.wake(*(channel.name for channel in self._channels))

    def send_now(self, patience_s: float = 0.3) -> None:
        """Send for all channels, and wait until it is done."""
        with self.lock:
            turn = self._turns
            self.wake(*(channel.name for channel in self._channels))
            self.lock.wait_for(lambda: self._turns > turn and not self._urgent, patience_s)

    def _run(self) -> None:
        if self._wants_realtime:
            self.is_realtime = prioritize_thread(OUTPUT_PRIORITY)
        next_s = time.monotonic()
        while self._running:
            now_s = time.monotonic()
            due = now_s >= next_s
            try:
                self._turn(now_s, due)
                # only a completed turn shows the guard that this process lives
                self._heartbeat.write('beat_s', time.monotonic())
                self.last_failure = ''
            except Exception as error:  # after any error the next turn follows
                self.last_failure = f'{type(error).__name__}: {error}'
            if due:
                # without catching up after a pause
                next_s = max(next_s + self._period_s, now_s)
            self._wait(next_s)

    def _wait(self, next_s: float) -> None:
        with self.lock:
            self._turns += 1
            self.lock.notify_all()
            wait_s = min(next_s - time.monotonic(), POLL_S)
            if self._running and not self._urgent and wait_s > 0:
                self.lock.wait(wait_s)

    def _turn(self, now_s: float, due: bool) -> None:
        self._heartbeat.write('commands', 1.0)
        with self.lock:
            clock_s, steady_s = self._clocks()
            self._heartbeat.write('clock_s', clock_s)
            self._count_listeners(now_s)
            everything = self._follow_estop(now_s) or self._notice_stalls(now_s)
            leaving = [channel for channel in self._channels
                       if self._should_send(channel, due) or everything
                       or channel.has_expired(clock_s, steady_s)]
            outputs = [(channel, *channel.step(clock_s, steady_s)) for channel in leaving]
            self._urgent = set()
            self.changes.extend((channel.name, output) for channel, output, _ in outputs
                                if channel.is_changed(output))
        if time.monotonic() - now_s > self._period_s and any(
                output.obeyed_stamp_s is not None for _, output, _ in outputs):
            # delayed between stepping and sending: step again
            with self.lock:
                clock_s, steady_s = self._clocks()
                self._notice_stalls(time.monotonic())
                outputs = [(channel, *channel.step(clock_s, steady_s))
                           for channel, *_ in outputs]
        self._send(outputs, clock_s)

    def _should_send(self, channel: Channel, due: bool) -> bool:
        """Return whether to send for a channel: once per period, and any safe state at once."""
        is_new = channel.name in self._urgent
        return channel.pace.should_send(new=is_new, due=due) or (
            is_new and not channel.gate.has_command)

    def _send(self, outputs: Sequence[tuple[Channel, GateOutput, Time | None]],
              clock_s: float) -> None:
        """Send for each channel, even if another one fails."""
        failure: Exception | None = None
        for channel, output, stamp in outputs:
            try:
                channel.send(output, clock_s)
                channel.report_obeyed(output, stamp, clock_s)
            except Exception as error:
                failure = error
        if failure is not None:
            raise failure

    def _follow_estop(self, now_s: float) -> bool:
        """Forward the e-stop to the gates; return whether it changed."""
        press = self._listener.poll(now_s) | self._estop.take_vanished()
        silent = self._estop.silence(now_s) if self._estop.heard or self.obeys else ''
        pressed = bool(self._estop.pressed_by() or silent)
        if not press and pressed == self._pressed:
            return False
        self._pressed = pressed
        for channel in self._channels:
            if press:
                channel.gate.estop(True)
            channel.gate.estop(pressed)
        if press or pressed:
            self._keeper.keep(True)
        return True

    def _count_listeners(self, now_s: float) -> None:
        for number, channel in enumerate(self._channels):
            listeners = channel.notice_listeners()
            if listeners and not self._heartbeat.read('listeners', number):
                self._unreached_until_s = now_s + REACH_S
            self._heartbeat.write('listeners', listeners, number)

    def _waits_for_guard(self, now_s: float) -> bool:
        """Return whether the guard does not reach the first subscribers yet."""
        if now_s >= self._unreached_until_s:
            return False
        if not self._guarded or all(
                self._heartbeat.read('reached', number) >= self._heartbeat.read(
                    'listeners', number) for number in range(len(self._channels))):
            self._unreached_until_s = 0.0
            return False
        return True

    def _notice_stalls(self, now_s: float) -> bool:
        """Stop motion after the guard acted, and while guard or node thread is missing."""
        acted_s = self._heartbeat.read('acted_s')
        if acted_s != self._acted_s:
            self._acted_s = acted_s
            for channel in self._channels:
                channel.gate.start_over('this process was held up: its guard sent the safe state')
            return True
        reason = ''
        if now_s - self._beat_s > self._stall_s:
            reason = f"the node's thread has been held up for more than {self._stall_s:g} s"
        elif self._waits_for_guard(now_s):
            reason = 'the guard does not reach all subscribers yet'
        if not reason:
            return False
        # also for a command that arrived just now, before its first output
        moving = [channel for channel in self._channels if channel.gate.has_command]
        for channel in moving:
            channel.gate.fault(reason)
        return bool(moving)
