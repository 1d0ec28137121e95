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
Drive one gate and stop it in one of several ways; print the time of each stop [ms] as JSON.

``stopper.py lease|estop|gate|restart|flood NAMESPACE COUNT [PID SIGNAL]``. Times are measured
when the middleware received the messages, not when this process read them.
"""

from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import signal
import sys
import threading
import time
from typing import Any

from digiphys_ros.ros.gate.estop_listener import GID_AT, GID_BYTES, take
from digiphys_ros.ros.supervision.respawn import LEAST_LIFE_S
from geometry_msgs.msg import TwistStamped
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

PAUSE_S, PATIENCE_S = 0.02, 20.0
DRIVE_S = 0.5
TWIST_BYTES = 256


class Stopper:
    """Publisher of commands and subscriber of the actuator topic."""

    def __init__(self, namespace: str) -> None:
        self._changed = threading.Condition()
        rclpy.init(args=[])
        self.node = Node('stopper', namespace=namespace)
        self.moves, self.changed_ns = False, 0
        self.desired = self.node.create_publisher(TwistStamped, 'desired/base', 10)
        self.estop = self.node.create_publisher(Bool, 'estop', 10)
        self._reset: Any = self.node.create_client(Trigger, 'gate/reset')
        self.node.create_subscription(TwistStamped, 'cmd_vel', self._take, QoSProfile(depth=200))
        executor = SingleThreadedExecutor()
        executor.add_node(self.node)
        threading.Thread(target=executor.spin, daemon=True).start()

    def _take(self, message: TwistStamped, info: Any) -> None:
        with self._changed:
            moves = message.twist.linear.x != 0.0
            if moves != self.moves:
                self.moves, self.changed_ns = moves, info['source_timestamp']
                self._changed.notify_all()

    def request_motion(self) -> int:
        """Request motion by an image captured now; return its stamp [ns]."""
        message = TwistStamped()
        now_ns = time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now_ns, 10 ** 9)
        message.twist.linear.x = 0.5
        self.desired.publish(message)
        return now_ns

    def drive(self) -> int:
        """Request motion until the base moves; return the stamp of the last image."""
        self.release()
        end_s, stamps = time.monotonic() + PATIENCE_S, [0]
        while not self.moves and time.monotonic() < end_s:
            stamps.append(self.request_motion())
            time.sleep(PAUSE_S)
        # earlier ones may be refused or lost: the last one must be obeyed
        stamps.append(self.request_motion())
        time.sleep(PAUSE_S)
        return stamps[-1]

    def release(self) -> None:
        """Publish that the e-stop is not pressed; a silent e-stop counts as pressed."""
        self.estop.publish(Bool(data=False))

    def until_moves(self) -> None:
        """Wait until the base moves."""
        self.release()
        with self._changed:
            if not self._changed.wait_for(lambda: self.moves, PATIENCE_S):
                raise SystemExit(f'the base did not move within {PATIENCE_S:g} s')

    def until_still(self) -> int:
        """Wait for the safe command; return when it was sent [ns]."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self.moves, PATIENCE_S):
                raise SystemExit(f'the base was not stopped within {PATIENCE_S:g} s')
            return self.changed_ns

    def reset(self) -> None:
        """Release the e-stop and reset the gate."""
        self.release()
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            done = threading.Event()
            future = self._reset.call_async(Trigger.Request())
            future.add_done_callback(lambda _, done=done: done.set())
            if done.wait(1.0) and future.result().success:
                return
        raise SystemExit(f'the gate was not reset within {PATIENCE_S:g} s')


def by_lease(stopper: Stopper) -> float:
    """Return the time from the last image to the safe command [ms]."""
    while True:
        last_ns = stopper.drive()
        still_ns = stopper.until_still()
        # on a busy machine the base may stop before the last image is sent
        if still_ns > last_ns:
            return (still_ns - last_ns) / 1e6


def by_estop(stopper: Stopper) -> float:
    """Return the time from the press to the safe command [ms]; other processes send motion."""
    while True:
        stopper.until_moves()
        pressed_ns = time.time_ns()
        stopper.estop.publish(Bool(data=True))
        still_ns = stopper.until_still()
        stopper.reset()
        # the base may have stopped for another reason just before
        if still_ns > pressed_ns:
            return (still_ns - pressed_ns) / 1e6


def by_signal(stopper: Stopper, pid: int, number: int) -> float:
    """Return the time from a signal to the gate to the safe command [ms]."""
    while stopper.node.count_publishers('cmd_vel') < 2:
        time.sleep(0.05)
    # messages sent at the start have arrived by then
    end_s = time.monotonic() + DRIVE_S
    while time.monotonic() < end_s or not stopper.moves:
        stopper.drive()
    ended_ns = time.time_ns()
    os.kill(pid, number)
    return (stopper.until_still() - ended_ns) / 1e6


def by_restart(stopper: Stopper, pid: int) -> tuple[float, float]:
    """
    Return when a gate was killed [s], and the time until the next one was heard [ms].

    :param pid: of the process that waits to replace the gate.
    """
    # a node without an executor, which does not report the publisher
    node = Node('restarts', namespace=stopper.node.get_namespace())
    listener = node.create_subscription(TwistStamped, 'cmd_vel', lambda _: None, 200)
    known: set[bytes] = set()
    stopper.release()
    end_s = time.monotonic() + LEAST_LIFE_S + DRIVE_S
    while time.monotonic() < end_s or len(known) < 2:
        known |= {publisher for publisher, _ in _heard(listener)} | {
            bytes(one.endpoint_gid[:GID_BYTES])
            for one in node.get_publishers_info_by_topic('cmd_vel')}
        time.sleep(PAUSE_S)
    ended_ns, end_s = time.time_ns(), time.monotonic() + PATIENCE_S
    # the gate is older than the spare process
    gate = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()[0]
    os.kill(int(gate), signal.SIGKILL)
    while time.monotonic() < end_s:
        for publisher, sent_ns in _heard(listener):
            if publisher not in known:
                node.destroy_node()
                return ended_ns / 1e9, (sent_ns - ended_ns) / 1e6
        time.sleep(0.001)
    raise SystemExit(f'no new gate published within {PATIENCE_S:g} s')


def _heard(listener: Any) -> Iterator[tuple[bytes, int]]:
    """Yield publisher and time [ns] of each message that has arrived."""
    while (taken := take(listener, TWIST_BYTES)) is not None:
        info = taken[1]
        # the send time comes first
        yield info[GID_AT:GID_AT + GID_BYTES], int.from_bytes(info[:8], 'little')


def flood(stopper: Stopper, seconds: float) -> None:
    """Request motion, and release the e-stop, as often as this process can."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        stopper.request_motion()
        stopper.release()


def main(way: str, namespace: str, count: str, *words: str) -> None:
    """Measure and print the times."""
    stopper = Stopper(namespace)
    if way == 'flood':
        flood(stopper, float(count))
        return
    end_s = time.monotonic() + PATIENCE_S
    while not stopper.desired.get_subscription_count() and time.monotonic() < end_s:
        time.sleep(0.05)
    ways: dict[str, Callable[[Stopper], Any]] = {
        'lease': by_lease, 'estop': by_estop,
        'gate': lambda one: by_signal(one, *map(int, words)),
        'restart': lambda one: by_restart(one, *map(int, words))}
    print(json.dumps([ways[way](stopper) for _ in range(int(count))]), flush=True)
    os._exit(0)


if __name__ == '__main__':
    main(*sys.argv[1:])
