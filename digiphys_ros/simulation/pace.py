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

"""A simulated world that keeps pace with a steady clock."""

from collections.abc import Callable

from digiphys_ros.contracts import SimulatedEvent
from digiphys_ros.errors import DigiphysError
from digiphys_ros.simulation.application import Application, Commands, Event

STEP_S = 0.01
"""Simulated time between two reads of the commands."""

LATE_S = 0.1
MAX_EVENTS = 20


class PacedWorld:
    """
    Advance a world at a constant factor of a steady clock.

    :param world: it ends on an error, which is passed to ``on_error``.
    :param commands: the last commands by actuator, read in each step.
    :param on_image: called when an image is due.
    :param on_step: called after each step.
    :param on_event: called with each event.
    :param on_synchronize: called when simulated and steady time are synchronized.
    :ivar late: how often the machine was too slow.
    :ivar right: correct events, of those ``judged``.
    """

    def __init__(self, world: Application, factor: float, commands: Commands, *,
                 on_image: Callable[[], None], on_step: Callable[[], None],
                 on_event: Callable[[Event], None],
                 on_error: Callable[[str], None], on_synchronize: Callable[[], None]) -> None:
        self.world, self._commands = world, commands
        self.late = self.right = self.judged = self._frames = 0
        self.events: tuple[SimulatedEvent, ...] = ()
        self._factor, self._on_image, self._on_step = factor, on_image, on_step
        self._on_event, self._on_error = on_event, on_error
        self._on_synchronize = on_synchronize

    def synchronize(self, steady_s: float) -> None:
        """Take the current simulated time as the time of ``steady_s``."""
        self._synchronized_s, self._from_s = steady_s, self.world.time_s
        self._on_synchronize()

    def catch_up(self, steady_s: float) -> bool:
        """Step until the world has caught up; return whether it has ended."""
        world, factor = self.world, self._factor
        due_s = self._from_s + (steady_s - self._synchronized_s) * factor
        if due_s - world.time_s > LATE_S * factor:
            # a late simulator continues from its current time and does not catch up
            self.late += 1
            self.synchronize(steady_s)
            due_s = world.time_s + STEP_S
        while world.time_s + STEP_S <= due_s + 1e-9 and not world.ended:
            self._step()
        return world.ended

    def _step(self) -> None:
        world = self.world
        try:
            if world.time_s + 1e-9 >= self._frames / world.rate_hz:
                self._frames += 1
                self._on_image()
            world.advance(STEP_S, self._commands)
        except DigiphysError as error:
            world.ended = True
            self._on_error(str(error))
        for event in world.events():
            self.judged += event.right is not None
            self.right += bool(event.right)
            self.events = (*self.events, SimulatedEvent(
                time_s=round(event.time_s, 2), kind=event.kind, detail=event.detail,
                right=event.right))[-MAX_EVENTS:]
            self._on_event(event)
        self._on_step()
