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

"""Fixtures for gate tests: a base behind the gate and a driver before it."""

from collections.abc import Callable, Iterator
import os
import threading
from typing import Any

import pytest

LEASE_S = 0.4
PERIOD_S = 0.02


class Base:
    """A base behind a gate: its commands, and a driver that keeps requesting motion."""

    def __init__(self, robot, **parameters):
        from geometry_msgs.msg import TwistStamped
        from rclpy.qos import DurabilityPolicy, QoSProfile
        from std_msgs.msg import Bool
        self.robot = robot
        self.process = robot.start('gate', **{'lease_s': LEASE_S, **parameters})
        self.commands = robot.listen(TwistStamped, 'cmd_vel')
        self.desired = robot.speak(TwistStamped, 'desired/base')
        self.estop = robot.speak(Bool, 'estop', QoSProfile(
            depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._type, self._bool = TwistStamped, Bool
        if not parameters.get('estop_required'):
            # a button that never sends would count as pressed
            self.press(False)
        self._stop_driving = threading.Event()
        self._driver = threading.Thread(target=self._drive, daemon=True)
        self.now = robot.now

    def want(self, linear, stamp=None):
        message = self._type()
        message.header.stamp = stamp or self.now()
        message.twist.linear.x = linear
        self.desired.publish(message)

    def drive(self):
        self._driver.start()

    def _drive(self):
        while not self._stop_driving.wait(0.03):
            self.want(0.5)

    def stop_driving(self):
        self._stop_driving.set()
        if self._driver.is_alive():
            self._driver.join()

    def press(self, pressed):
        self.estop.publish(self._bool(data=pressed))

    def moves(self):
        return bool(self.commands) and self.commands[-1].twist.linear.x > 0

    def hears_still(self, count=10):
        """Wait for ``count`` more commands without motion."""
        first = len(self.commands)
        self.robot.wait(lambda: len(self.commands) >= first + count, 'commands')
        assert not any(one.twist.linear.x for one in self.commands[first:])


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """Return a full pipe without a reader."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b'x' * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def make_base(robot: Any) -> Iterator[Callable[..., Base]]:
    """Return a function that starts a gate with these parameters, and a base behind it."""
    made: list[Base] = []

    def make(**parameters: Any) -> Base:
        made.append(Base(robot, **parameters))
        return made[-1]
    yield make
    for one in made:
        one.stop_driving()


@pytest.fixture
def base(robot: Any, make_base: Callable[..., Base]) -> Base:
    """Return a base behind a gate that obeys."""
    one = make_base()
    robot.wait(lambda: robot.value('gate', 'base.state') == 'waiting', 'gate that obeys')
    return one
