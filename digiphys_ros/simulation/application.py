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

"""The interface between the simulator and an application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Commands = Mapping[str, Mapping[str, float]]
"""Actuator name -> field -> value, as the gate sends them."""

State = Mapping[str, float | str | bool]

LabeledImage = tuple[str, NDArray[Any]]
"""A class and an image of it: (H, W, 3) uint8 RGB or (H, W) uint8."""

Needed = Callable[[str | None], bool]
"""Returns whether another image of a class is needed."""


@dataclass(frozen=True)
class Event:
    """
    An event of a simulated world.

    :ivar time_s: simulated time.
    :ivar kind: event type, such as ``sign passed`` or ``part sorted``.
    :ivar detail: what it happened to, such as the sign.
    :ivar right: whether it is correct, None where that is not judged.
    """

    time_s: float
    kind: str
    detail: str
    right: bool | None = None


class Application(Protocol):
    """
    A world with a camera and actuators.

    It is created with ``(seed: int = 0, *, camera: bool = True)``; the same seed gives the same
    images and state. Without a camera it needs no OpenGL and runs at least 50 times faster than
    real time. If its specification names faults, it has ``disturb``, which takes their
    ``disturbance`` as keyword arguments, all 0 without a fault.

    :ivar rate_hz: images a second.
    :ivar time_s: simulated time since the start.
    :ivar ended: whether the world has ended.
    """

    rate_hz: float
    time_s: float
    ended: bool

    @property
    def focal_px(self) -> float:
        """Return the focal length of its camera in pixels, 0 where no camera takes the images."""

    def advance(self, duration_s: float, commands: Commands) -> None:
        """
        Advance the simulated time, without an image.

        :param commands: an actuator without a command keeps its last value.
        """

    def image(self) -> NDArray[Any]:
        """
        Return the current camera image: (H, W, 3) uint8 RGB, or (H, W) uint8.

        :raises SimulationError: without a camera.
        """

    def ground_truth(self) -> str | None:
        """Return the correct class of the current image, None where it is ambiguous."""

    def state(self) -> State:
        """Return all values that scoring needs; the names never change."""

    def events(self) -> list[Event]:
        """Return the events since the last call."""
