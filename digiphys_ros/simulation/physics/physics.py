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

"""MuJoCo physics of a described world; it needs no OpenGL."""

import os
from typing import Any

from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.physics.description import Vector, World
from digiphys_ros.simulation.physics.mjcf import quaternion, STEP_S, to_mjcf
import numpy as np
from numpy.typing import NDArray

INSTALL_MUJOCO = 'MuJoCo is missing, which the simulator needs: pip install mujoco'


INSTALL_GL = ('OpenGL is missing, which rendering needs: sudo apt-get install libegl1 libgles2 '
              'libgl1-mesa-dri, and leave MUJOCO_GL unset or egl')


def load_mujoco() -> Any:
    """
    Return the MuJoCo module; without OpenGL it computes but cannot render.

    :raises SimulationError: if it is not installed.
    """
    # mujoco reads it on import
    os.environ.setdefault('MUJOCO_GL', 'egl')
    try:
        try:
            import mujoco
        except ModuleNotFoundError:
            raise
        # a missing library or driver raises various exceptions
        except Exception:
            os.environ['MUJOCO_GL'] = 'disable'
            import mujoco
    except ModuleNotFoundError as error:
        raise SimulationError(f'{INSTALL_MUJOCO} ({error}).') from error
    return mujoco


class Physics:
    """
    The physics of a world.

    :ivar model: the MuJoCo model; ``data`` is its state.
    :raises SimulationError: if MuJoCo is missing.
    """

    def __init__(self, world: World) -> None:
        self._mujoco = mujoco = load_mujoco()
        self.world = world
        xml, assets = to_mjcf(world)
        self.model = mujoco.MjModel.from_xml_string(xml, assets)
        self.data = mujoco.MjData(self.model)
        mujoco.mj_forward(self.model, self.data)
        self._pending_s = 0.0

    def step(self, duration_s: float) -> None:
        """
        Advance the time in whole steps; the remainder is added to the next call.

        :raises SimulationError: when the physics becomes unstable.
        """
        self._pending_s += duration_s
        steps = round(self._pending_s / STEP_S)
        self._pending_s -= steps * STEP_S
        if steps > 0:
            self._mujoco.mj_step(self.model, self.data, steps)
            self._check_stable()

    def _check_stable(self) -> None:
        """Raise for a state that MuJoCo found invalid, as it then resets the world silently."""
        for name in ('BADQPOS', 'BADQVEL', 'BADQACC'):
            if self.data.warning[getattr(self._mujoco.mjtWarning, f'mjWARN_{name}')].number:
                raise SimulationError(
                    f'{self.world.name}: the physics is unstable: MuJoCo reports {name}; try '
                    'another seed.')

    def forward(self) -> None:
        """Update the rendered poses after a body was moved."""
        self._mujoco.mj_kinematics(self.model, self.data)
        self._mujoco.mj_camlight(self.model, self.data)

    def move(self, body: str, position_m: Vector, rotation_rad: Vector = (0.0, 0.0, 0.0)) -> None:
        """Set the pose of a body of motion ``moved``."""
        index = self.model.body(body).mocapid[0]
        if index < 0:
            raise SimulationError(f'body {body} cannot be moved: its motion must be `moved`.')
        self.data.mocap_pos[index] = position_m
        self.data.mocap_quat[index] = quaternion(rotation_rad)

    def place(self, body: str, x_m: float, y_m: float, heading_rad: float) -> None:
        """Set the position and heading of a free body, upright and at rest."""
        joint = self.data.joint(body)
        joint.qpos[:2] = x_m, y_m
        joint.qpos[3:] = quaternion((0.0, 0.0, heading_rad))
        joint.qvel[:] = 0.0
        self.forward()

    def drive(self, wheel: str, speed_radps: float) -> None:
        """Set the target speed of a wheel."""
        self.data.actuator(wheel).ctrl[0] = speed_radps

    def position_m(self, body: str) -> NDArray[Any]:
        """Return the position x, y, z of a body."""
        return np.array(self.data.body(body).xpos)

    def yaw_rad(self, body: str) -> float:
        """Return the heading of a body."""
        matrix = self.data.body(body).xmat
        return float(np.arctan2(matrix[3], matrix[0]))

    def velocity(self, body: str) -> NDArray[Any]:
        """Return velocity [m/s] and angular velocity [rad/s] of a free body, x y z each."""
        return np.array(self.data.joint(body).qvel)
