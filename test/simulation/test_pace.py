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

from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.application import Event
from digiphys_ros.simulation.pace import LATE_S, PacedWorld, STEP_S
import pytest


class World:
    """Ten images a second; one event in each step."""

    name, rate_hz, time_s, ended, focal_px = 'world', 10.0, 0.0, False, 0.0

    def __init__(self, breaks_at_s=99.0):
        self.breaks_at_s, self.seen = breaks_at_s, []

    def advance(self, duration_s, commands):
        if self.time_s >= self.breaks_at_s:
            raise SimulationError('it does not settle')
        self.time_s += duration_s
        self.seen.append(dict(commands))

    def events(self):
        return [Event(self.time_s, 'step', str(len(self.seen)), len(self.seen) % 2 == 0)]


class Paced(PacedWorld):
    """A paced world that notes what it calls."""

    def __init__(self, world, factor=1.0):
        self.images, self.steps, self.meetings, self.failures, self.told = 0, 0, 0, [], []
        self.sent = {}
        super().__init__(
            world, factor, self.sent, show=self._image, stepped=self._count,
            happened=self.told.append, failed=self.failures.append, met=self._note)

    def _image(self):
        self.images += 1

    def _count(self):
        self.steps += 1

    def _note(self):
        self.meetings += 1


@pytest.mark.parametrize(('factor', 'steps'), [(1.0, 5), (0.2, 1), (2.0, 10)])
def test_catch_up_steps_as_the_clock_does_at_the_factor(factor, steps):
    paced = Paced(World(), factor)
    paced.meet(100.0)
    paced.catch_up(100.0 + 5 * STEP_S)
    assert paced.steps == steps
    assert paced.world.time_s == pytest.approx(steps * STEP_S)


def test_images_come_at_the_worlds_rate_and_commands_reach_it():
    paced = Paced(World())
    paced.meet(0.0)
    for index in range(1, 41):
        paced.sent['base'] = {'linear.x': index}
        assert not paced.catch_up(index * STEP_S)
    assert paced.images == 4
    assert paced.world.seen[-1] == {'base': {'linear.x': 40}}


def test_catch_up_late_machine_does_not_hurry():
    paced = Paced(World())
    paced.meet(0.0)
    paced.catch_up(LATE_S + 5.0)
    assert (paced.late, paced.steps, paced.meetings) == (1, 1, 2)
    # from here on it keeps time again
    paced.catch_up(LATE_S + 5.0 + 3 * STEP_S)
    assert (paced.late, paced.steps) == (1, 3)


def test_events_are_counted_and_the_last_are_kept():
    paced = Paced(World())
    paced.meet(0.0)
    for index in range(1, 31):
        paced.catch_up(index * STEP_S)
    assert (paced.right, paced.judged) == (15, 30)
    assert len(paced.told) == 30
    assert len(paced.events) == 20
    assert paced.events[-1].detail == '30'


def test_an_error_of_the_world_ends_it():
    paced = Paced(World(breaks_at_s=0.0))
    paced.meet(0.0)
    assert paced.catch_up(STEP_S)
    assert paced.failures == ['it does not settle']
    assert paced.world.ended
