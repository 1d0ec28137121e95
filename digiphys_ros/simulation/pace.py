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

"""A simulated world beside a steady clock."""

from collections.abc import Callable

from digiphys_ros.contracts import SimulatedEvent
from digiphys_ros.errors import DigiphysError
from digiphys_ros.simulation.application import Application, Commands, Event

STEP_S = 0.01
"""Simulated time between two looks at the commands."""

LATE_S = 0.1
KEPT_EVENTS = 20


class PacedWorld:
    """
    Let a world's time pass as a steady clock does, at a factor.

    :param world: it ends on an error of its own, which ``failed`` is called with.
    :param commands: what the actuators were sent last, by actuator; looked at in each step.
    :param show: called when an image is due.
    :param stepped: called after each step.
    :param happened: called with each event.
    :param met: called when simulated and steady time are brought together.
    :ivar late: how often the machine was too slow.
    :ivar right: events that went as they should have, of those ``judged``.
    """

    def __init__(self, world: Application, factor: float, commands: Commands, *,
                 show: Callable[[], None], stepped: Callable[[], None],
                 happened: Callable[[Event], None],
                 failed: Callable[[str], None], met: Callable[[], None]) -> None:
        self.world, self._commands = world, commands
        self.late = self.right = self.judged = self._frames = 0
        self.events: tuple[SimulatedEvent, ...] = ()
        self._factor, self._show, self._stepped = factor, show, stepped
        self._happened, self._failed, self._met = happened, failed, met

    def meet(self, steady_s: float) -> None:
        """Note that simulated and steady time belong together now."""
        self._met_s, self._from_s = steady_s, self.world.time_s
        self._met()

    def catch_up(self, steady_s: float) -> bool:
        """Step until the world is where it should be; return whether it has ended."""
        world, factor = self.world, self._factor
        due_s = self._from_s + (steady_s - self._met_s) * factor
        if due_s - world.time_s > LATE_S * factor:
            # a simulator that is late goes on from where it is, it does not hurry
            self.late += 1
            self.meet(steady_s)
            due_s = world.time_s + STEP_S
        while world.time_s + STEP_S <= due_s + 1e-9 and not world.ended:
            self._step()
        return world.ended

    def _step(self) -> None:
        world = self.world
        try:
            if world.time_s + 1e-9 >= self._frames / world.rate_hz:
                self._frames += 1
                self._show()
            world.advance(STEP_S, self._commands)
        except DigiphysError as error:
            world.ended = True
            self._failed(str(error))
        for event in world.events():
            self.judged += event.right is not None
            self.right += bool(event.right)
            self.events = (*self.events, SimulatedEvent(
                time_s=round(event.time_s, 2), kind=event.kind, detail=event.detail,
                right=event.right))[-KEPT_EVENTS:]
            self._happened(event)
        self._stepped()
