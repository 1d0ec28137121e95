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
        self.breaks_at_s, self.received = breaks_at_s, []

    def advance(self, duration_s, commands):
        if self.time_s >= self.breaks_at_s:
            raise SimulationError('the physics is unstable')
        self.time_s += duration_s
        self.received.append(dict(commands))

    def events(self):
        return [Event(self.time_s, 'step', str(len(self.received)), len(self.received) % 2 == 0)]


class Paced(PacedWorld):
    """A paced world that records its callbacks."""

    def __init__(self, world, factor=1.0):
        self.images, self.steps, self.synchronized, self.failures, self.seen = 0, 0, 0, [], []
        self.sent = {}
        super().__init__(
            world, factor, self.sent, on_image=self._image, on_step=self._count,
            on_event=self.seen.append, on_error=self.failures.append,
            on_synchronize=self._count_synchronized)

    def _image(self):
        self.images += 1

    def _count(self):
        self.steps += 1

    def _count_synchronized(self):
        self.synchronized += 1


@pytest.mark.parametrize(('factor', 'steps'), [(1.0, 5), (0.2, 1), (2.0, 10)])
def test_catch_up_steps_at_the_factor_of_the_clock(factor, steps):
    paced = Paced(World(), factor)
    paced.synchronize(100.0)
    paced.catch_up(100.0 + 5 * STEP_S)
    assert paced.steps == steps
    assert paced.world.time_s == pytest.approx(steps * STEP_S)


def test_catch_up_takes_images_at_the_rate_and_passes_commands():
    paced = Paced(World())
    paced.synchronize(0.0)
    for index in range(1, 41):
        paced.sent['base'] = {'linear.x': index}
        assert not paced.catch_up(index * STEP_S)
    assert paced.images == 4
    assert paced.world.received[-1] == {'base': {'linear.x': 40}}


def test_catch_up_late_machine_does_not_catch_up():
    paced = Paced(World())
    paced.synchronize(0.0)
    paced.catch_up(LATE_S + 5.0)
    assert (paced.late, paced.steps, paced.synchronized) == (1, 1, 2)
    # from here on it keeps pace again
    paced.catch_up(LATE_S + 5.0 + 3 * STEP_S)
    assert (paced.late, paced.steps) == (1, 3)


def test_catch_up_counts_events_and_keeps_the_last():
    paced = Paced(World())
    paced.synchronize(0.0)
    for index in range(1, 31):
        paced.catch_up(index * STEP_S)
    assert (paced.right, paced.judged) == (15, 30)
    assert len(paced.seen) == 30
    assert len(paced.events) == 20
    assert paced.events[-1].detail == '30'


def test_catch_up_error_of_the_world_ends_it():
    paced = Paced(World(breaks_at_s=0.0))
    paced.synchronize(0.0)
    assert paced.catch_up(STEP_S)
    assert paced.failures == ['the physics is unstable']
    assert paced.world.ended
