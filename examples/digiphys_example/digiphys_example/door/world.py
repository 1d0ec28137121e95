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
"""People and carts arrive at a door one at a time; a camera hangs above the door."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from digiphys_ros.simulation.application import Commands, Event, LabeledImage, Needed, State
from digiphys_ros.simulation.collect import collect_current
import numpy as np
from numpy.typing import NDArray

LABELS = ('cart', 'empty', 'person')
VISIBLE_M, EDGE_M = 3.0, 0.2
"""The camera sees a visitor up to this distance; within EDGE_M of it the class is ambiguous."""

WALK_MPS, OPENING_PER_S = 1.2, 1.0
WIDE, NARROW = 0.9, 0.1
"""A person passes from WIDE on; a cart is stopped up to NARROW."""

HEIGHT_PX, WIDTH_PX = 48, 64
RUN_S = 60.0


@dataclass
class Visitor:
    """
    A person or a cart on the way to the door.

    :ivar distance_m: distance to the door.
    """

    label: str
    distance_m: float


class Door:
    """
    A door, and one visitor at a time.

    Commands: ``door`` (``data``: 1 opens, 0 closes). The door should be open for a person
    and closed for a cart.
    """

    rate_hz = 10.0
    focal_px = 0.0

    def __init__(self, seed: int = 0, *, camera: bool = True) -> None:
        visitors, noise = np.random.SeedSequence(seed).spawn(2)
        self._visitors, self._noise = map(np.random.default_rng, (visitors, noise))
        self.time_s, self.ended = 0.0, False
        self.opening, self._open = 1.0, True
        self._passed = self._right = 0
        self._events: list[Event] = []
        self._visitor = self._next()

    def advance(self, duration_s: float, commands: Commands) -> None:
        """Move the door and the visitor."""
        if 'door' in commands:
            self._open = commands['door']['data'] >= 0.5
        step = OPENING_PER_S * duration_s
        self.opening = min(1.0, self.opening + step) if self._open \
            else max(0.0, self.opening - step)
        self.time_s += duration_s
        self.ended = self.time_s >= RUN_S
        self._visitor.distance_m -= WALK_MPS * duration_s
        if self._visitor.distance_m <= 0.0:
            self._arrive(self._visitor.label)
            self._visitor = self._next()

    def image(self) -> NDArray[Any]:
        """Return the camera image: (48, 64) uint8."""
        floor = np.linspace(30.0, 90.0, HEIGHT_PX)[:, None]
        image = floor + self._noise.normal(0.0, 4.0, (HEIGHT_PX, WIDTH_PX))
        if self._visitor.distance_m < VISIBLE_M:
            tall, wide, gray = (30, 10, 190) if self._visitor.label == 'person' else (12, 34, 130)
            bottom = HEIGHT_PX - int(8 * self._visitor.distance_m)
            left = (WIDTH_PX - wide) // 2
            image[max(0, bottom - tall):bottom, left:left + wide] += gray - 60.0
        return np.uint8(image.clip(0, 255))

    def ground_truth(self) -> str | None:
        """Return the visitor's class, ``empty`` for none in view, None if ambiguous."""
        distance_m = self._visitor.distance_m
        if abs(distance_m - VISIBLE_M) < EDGE_M:
            return None
        return self._visitor.label if distance_m < VISIBLE_M else 'empty'

    def state(self) -> State:
        """Return the opening, the visitors that arrived and the distance of the next one."""
        return {'opening': round(self.opening, 3), 'visitors': self._passed,
                'right': self._right, 'distance_m': round(self._visitor.distance_m, 3)}

    def events(self) -> list[Event]:
        """Return the visitors that arrived since the last call."""
        events, self._events = self._events, []
        return events

    def _next(self) -> Visitor:
        label = 'person' if self._visitors.random() < 0.5 else 'cart'
        return Visitor(label, float(self._visitors.uniform(5.0, 8.0)))

    def _arrive(self, label: str) -> None:
        right = self.opening >= WIDE if label == 'person' else self.opening <= NARROW
        self._passed += 1
        self._right += right
        self._events.append(Event(self.time_s, 'visitor', label, right))


def collect(rng: np.random.Generator, needed: Needed) -> Iterator[LabeledImage]:
    """Yield labeled images of one run."""
    door = Door(int(rng.integers(2**31)))
    while not door.ended:
        door.advance(float(rng.uniform(0.1, 0.6)), {})
        yield from collect_current(door, needed)
