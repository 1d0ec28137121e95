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

"""The junction for Gazebo: a standing queue, and lamps that rise in front of their heads."""

from collections.abc import Mapping
from dataclasses import replace
import math

from digiphys_ros.applications.traffic_lights.demand import APPROACHES
from digiphys_ros.applications.traffic_lights.scene import GLASS, head_pose, LAMP_M, LIGHTS, world
from digiphys_ros.control.signals import GREEN, RED, YELLOW
from digiphys_ros.simulation.gazebo.adapter import Adapter, Messages, MessageType, Values
from digiphys_ros.simulation.physics.description import Body, Part, Shape, World

TURNS_RAD: Mapping[float, float] = {RED: 0.0, YELLOW: math.pi / 2, GREEN: math.pi}
"""State of a head -> rotation of a wheel that lifts its lamp out of the ground."""

DARK_RAD = 1.5 * math.pi
"""Rotation without a visible lamp: a flashing head alternates between yellow and dark."""

FLASH_S = 1.0
"""Period of the flashing."""

WHEEL_M = 5.7
"""Radius of the wheels: their axes are below the ground, so only the top lamp is visible."""


def gazebo_world() -> World:
    """Return the junction with a queue at two stop lines."""
    queue = [(side, -0.5 - 6.5 * index)
             for side, count in (('north', 4), ('east', 2)) for index in range(count)]
    standing = world(queue, lamps=GLASS)
    return replace(standing, bodies=(*standing.bodies, *(_wheel(side) for side in APPROACHES)))


def lamp_turn_rad(state: float, now_s: float) -> float:
    """Return the wheel rotation for the state of a head; a state without a lamp flashes."""
    dark = now_s % FLASH_S >= FLASH_S / 2
    return TURNS_RAD.get(state, DARK_RAD if dark else TURNS_RAD[YELLOW])


class Lamps(Adapter):
    """Convert each of the ``signal_heads`` to the rotation of the wheel that lifts its lamp."""

    inputs: Mapping[str, MessageType] = {'signal_heads': 'joint_state'}
    outputs: Mapping[str, MessageType] = {f'lamps_{side}_rad': 'float64' for side in APPROACHES}

    def receive(self, topic: str, values: Values, now_s: float) -> Messages:
        """Return the rotations for the known heads."""
        return {f'lamps_{head}_rad': {'data': lamp_turn_rad(state, now_s)}
                for head, state in values.items() if head in APPROACHES}

    def safe_state(self, now_s: float) -> Messages:
        """Return the rotations for all red."""
        return self.receive('signal_heads', dict.fromkeys(APPROACHES, RED), now_s)


def _wheel(side: str) -> Body:
    """Return the lamps of a head on a wheel, as a bridge cannot change a color."""
    (x, y), heading_rad = head_pose(side)
    lamps = tuple(
        Part(name, Shape('sphere', (1.5, 1.5, 1.5)), LIGHTS[state],
             (-WHEEL_M * math.cos(TURNS_RAD[state]), WHEEL_M * math.sin(TURNS_RAD[state]), 0.0),
             mass_kg=1.0)
        for name, state in (('red', RED), ('yellow', YELLOW), ('green', GREEN)))
    # the joint rotates about z, which is horizontal here, and -x is up
    return Body(f'lamps_{side}', lamps, (x, y, LAMP_M - WHEEL_M),
                (0.0, math.pi / 2, heading_rad), motion='moved')
