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

"""What the simulator asks of an application, whatever it shows and drives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Commands = Mapping[str, Mapping[str, float]]
"""Actuator name to field to value, as the gate sends them."""

State = Mapping[str, float | str | bool]

Shot = tuple[str, NDArray[Any]]
"""A class, and an image of it: (H, W, 3) uint8 RGB or (H, W) uint8."""

Needed = Callable[[str | None], bool]
"""Whether an image of this class is still wanted."""


@dataclass(frozen=True)
class Event:
    """
    Something that happened once.

    :ivar time_s: when, in simulated time.
    :ivar kind: as ``sign passed`` or ``part sorted``.
    :ivar detail: which one.
    :ivar right: whether it went as it should, None where there is no right or wrong.
    """

    time_s: float
    kind: str
    detail: str
    right: bool | None = None


class Application(Protocol):
    """
    A world with a camera and something that commands move.

    Made with ``(seed: int = 0, *, camera: bool = True)``; the same seed gives the same images
    and the same state. Without a camera it needs no GL and is at least 50 times faster than real
    time. Where its specification names faults, it has ``disturb``, which takes their
    ``disturbance`` as keyword arguments, all 0 without a fault.

    :ivar rate_hz: images a second.
    :ivar time_s: simulated time since the start.
    :ivar ended: nothing more will happen.
    """

    rate_hz: float
    time_s: float
    ended: bool

    @property
    def focal_px(self) -> float:
        """Return the focal length of its camera in pixels, 0 where images are of no camera."""

    def advance(self, duration_s: float, commands: Commands) -> None:
        """
        Let time pass, without an image.

        :param commands: an actuator that is left out keeps its last value.
        """

    def image(self) -> NDArray[Any]:
        """
        Return what the camera sees now: (H, W, 3) uint8 RGB, or (H, W) uint8.

        :raises SimulationError: without a camera.
        """

    def ground_truth(self) -> str | None:
        """Return what a classifier should say now, None where that is open."""

    def state(self) -> State:
        """Return all that a score needs; the names are the same at every time."""

    def events(self) -> list[Event]:
        """Return what happened since the last call."""
