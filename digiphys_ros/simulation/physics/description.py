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
The description of a world for every simulator: meters, radians, RGB from 0 to 1.

Axes follow ROS (REP 103): x forward, y left, z up. A rotation is roll, pitch, yaw about the
fixed axes x, y and z, in this order, as in URDF and SDF.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Vector = tuple[float, float, float]
Color = tuple[float, float, float]
Outline = tuple[tuple[float, float], ...]

ORIGIN: Vector = (0.0, 0.0, 0.0)
WHOLE: Outline = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
"""The outline of a rectangular face."""


@dataclass(frozen=True)
class Shape:
    """
    A solid centered on its origin, or a face.

    :ivar kind: ``box`` (size x, y, z), ``cylinder`` (diameter, diameter, length along z),
        ``sphere`` (diameter three times) or ``face`` (0, width along y, height along z).
    :ivar outline: corners of a face: a convex polygon as fractions of width and height, from the
        upper left, clockwise when seen from the front. A face is visible only from +x.
    """

    kind: Literal['box', 'cylinder', 'sphere', 'face']
    size_m: Vector
    outline: Outline = WHOLE


@dataclass(frozen=True)
class Part:
    """
    A shape on a body.

    :ivar name: unique in its body.
    :ivar texture: name of a texture of the world, for a face; None for plain color.
    :ivar solid: whether it collides with other solid parts; a face never does.
    :ivar friction: sliding friction.
    :ivar visible: False for a shape that only collides.
    """

    name: str
    shape: Shape
    rgb: Color = (0.5, 0.5, 0.5)
    position_m: Vector = ORIGIN
    rotation_rad: Vector = ORIGIN
    texture: str | None = None
    solid: bool = False
    mass_kg: float = 0.0
    friction: float = 1.0
    visible: bool = True


@dataclass(frozen=True)
class Body:
    """
    Parts that move together.

    :ivar motion: ``fixed``; ``moved`` by the application; ``free`` under gravity; or ``wheel``,
        which rotates about its own y axis on its parent, driven to a speed.
    :ivar parent: the body that carries a wheel; the pose is then relative to it.
    :ivar torque_nm: maximum torque of a wheel's drive.
    """

    name: str
    parts: tuple[Part, ...]
    position_m: Vector = ORIGIN
    rotation_rad: Vector = ORIGIN
    motion: Literal['fixed', 'moved', 'free', 'wheel'] = 'fixed'
    parent: str | None = None
    torque_nm: float = 0.0


@dataclass(frozen=True)
class Camera:
    """
    A pinhole camera that looks along its own +x.

    :ivar body: the body that carries it, None for the world.
    """

    name: str
    position_m: Vector
    rotation_rad: Vector = ORIGIN
    body: str | None = None
    width_px: int = 640
    height_px: int = 480
    field_of_view_y_rad: float = 0.8
    rate_hz: float = 30.0


@dataclass(frozen=True)
class World:
    """
    A simulated world.

    :ivar textures: name -> (H, W, 3) uint8, RGB.
    :ivar sky: background color.
    :ivar ground: texture, repeated every ``ground_m`` meters; None for no ground.
    :ivar sun: direction of the light.
    """

    name: str
    bodies: tuple[Body, ...]
    cameras: tuple[Camera, ...]
    textures: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    sky: Color = (0.6, 0.75, 0.9)
    ground: str | None = None
    ground_m: float = 4.0
    sun: Vector = (0.3, 0.2, -1.0)

    def body(self, name: str) -> Body:
        """Return the body with a name."""
        return next(body for body in self.bodies if body.name == name)
