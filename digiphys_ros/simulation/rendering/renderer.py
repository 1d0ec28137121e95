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

"""Render a described world with MuJoCo, without a display."""

from contextlib import suppress
import ctypes
from glob import glob
import math
import os
import sys
from typing import Any
import weakref

from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.physics.description import Color, ORIGIN, Vector, World
from digiphys_ros.simulation.physics.mjcf import camera_quaternion, SUN
from digiphys_ros.simulation.physics.physics import INSTALL_GL, load_mujoco, Physics
import numpy as np
from numpy.typing import NDArray

_ABANDONED: list[tuple[Any, Any]] = []
"""
OpenGL contexts of renderers that no longer exist.

Garbage may be collected between any two lines, also while another renderer draws, and freeing a
context changes the current one. So they are freed when the next renderer opens.
"""


class Renderer:
    """
    Render a world.

    The sun lights the scene from one side and the sky from everywhere; there are no shadows.
    A renderer must be used by the thread that created it.

    :param physics: moves the free bodies of the world; None for a world without them.
    :raises SimulationError: without OpenGL or MuJoCo.
    """

    def __init__(self, world: World, physics: Physics | None = None) -> None:
        self._physics = physics or Physics(world)
        self._mujoco = mujoco = load_mujoco()
        self._model, self._data = self._physics.model, self._physics.data
        self._cameras = {camera.name: camera for camera in world.cameras}
        self._ambient = np.array(self._model.vis.headlight.ambient)
        self._diffuse = np.array(self._model.light(SUN).diffuse)
        self._sizes = {name: pixels.shape for name, pixels in world.textures.items()}
        self._context, self._drawing = self._open_gl()
        weakref.finalize(self, _ABANDONED.append, (self._context, self._drawing))
        self._scene = mujoco.MjvScene(self._model, maxgeom=self._model.ngeom + 16)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._option = mujoco.MjvOption()
        self._stale: set[int] = set()

    def image(self, camera: str) -> NDArray[Any]:
        """Return the current image of a camera: (H, W, 3) uint8, RGB."""
        mujoco, found = self._mujoco, self._cameras[camera]
        self._physics.forward()
        self._context.make_current()
        for texture in sorted(self._stale):
            mujoco.mjr_uploadTexture(self._model, self._drawing, texture)
        self._stale.clear()
        view = mujoco.MjvCamera()
        view.type, view.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, self._model.camera(camera).id
        mujoco.mjv_updateScene(self._model, self._data, self._option, None, view,
                               mujoco.mjtCatBit.mjCAT_ALL, self._scene)
        frame = mujoco.MjrRect(0, 0, found.width_px, found.height_px)
        pixels = np.empty((found.height_px, found.width_px, 3), np.uint8)
        mujoco.mjr_render(frame, self._scene, self._drawing)
        mujoco.mjr_readPixels(pixels, None, frame, self._drawing)
        # OpenGL counts rows from the bottom
        return np.ascontiguousarray(pixels[::-1])

    def move(self, body: str, position_m: Vector, rotation_rad: Vector = ORIGIN) -> None:
        """Set the pose of a body of motion ``moved``."""
        self._physics.move(body, position_m, rotation_rad)

    def turn_camera(self, camera: str, rotation_rad: Vector,
                    position_m: Vector | None = None) -> None:
        """Set the pose of a camera relative to the body that carries it."""
        place = self._model.camera(camera)
        place.quat[:] = camera_quaternion(rotation_rad)
        if position_m is not None:
            place.pos[:] = position_m

    def set_view(self, camera: str, field_of_view_y_rad: float) -> None:
        """Set the field of view of a camera."""
        self._model.camera(camera).fovy[:] = math.degrees(field_of_view_y_rad)

    def set_texture(self, name: str, rgb: NDArray[Any]) -> None:
        """
        Replace a texture with one of the same size.

        :param rgb: (H, W, 3) uint8.
        :raises SimulationError: for another size.
        """
        if rgb.shape != self._sizes[name]:
            raise SimulationError(f'texture {name} has shape {self._sizes[name]}, received '
                                  f'{rgb.shape}: use the same shape.')
        texture = self._model.texture(name)
        start = int(texture.adr[0])
        self._model.tex_data[start:start + rgb.size] = rgb.reshape(-1)
        self._stale.add(int(texture.id))

    def set_color(self, body: str, part: str, rgb: Color, alpha: float = 1.0) -> None:
        """Set the color of a part, or the tint of its texture. An alpha of 0 hides it."""
        self._model.geom(f'{body}/{part}').rgba[:] = (*rgb, alpha)

    def set_light(self, brightness: float = 1.0, sun: Vector | None = None,
                  tint: Color = (1.0, 1.0, 1.0)) -> None:
        """
        Set the light.

        :param brightness: factor of sun and sky.
        :param sun: direction of the sunlight.
        """
        factor = brightness * np.asarray(tint)
        self._model.vis.headlight.ambient[:] = self._ambient * factor
        self._model.light(SUN).diffuse[:] = self._diffuse * factor
        if sun is not None:
            self._model.light(SUN).dir[:] = np.asarray(sun) / np.linalg.norm(sun)

    def _open_gl(self) -> tuple[Any, Any]:
        while _ABANDONED:
            _free(*_ABANDONED.pop())
        try:
            _load_driver()
            from mujoco.gl_context import GLContext
            width, height = (max(getattr(one, side) for one in self._cameras.values())
                             for side in ('width_px', 'height_px'))
            context = GLContext(width, height)
            context.make_current()
            drawing = self._mujoco.MjrContext(
                self._model, self._mujoco.mjtFontScale.mjFONTSCALE_50)
            self._mujoco.mjr_setBuffer(self._mujoco.mjtFramebuffer.mjFB_OFFSCREEN, drawing)
        # PyOpenGL and MuJoCo raise different exceptions for a missing library, driver or device
        except Exception as error:
            raise SimulationError(f'{INSTALL_GL} ({type(error).__name__}: {error}).') from error
        return context, drawing


def _load_driver() -> None:
    """
    Keep the LLVM of TensorFlow and that of the Mesa drivers apart.

    Each exports its LLVM symbols to libraries loaded later, which then call the wrong LLVM
    (https://github.com/tensorflow/tensorflow/issues/119254) and crash. A driver loaded here
    resolves its symbols in its own libraries first, and so does a library imported after a
    driver. Until Mesa 24.1 the driver is a separate file, later it is part of Mesa's EGL.
    """
    if 'tensorflow' not in sys.modules:
        sys.setdlopenflags(sys.getdlopenflags() | os.RTLD_DEEPBIND)
        return
    drivers = [driver for folder in ('/usr/lib*/dri', '/usr/lib/*/dri')
               for driver in glob(f'{folder}/swrast_dri.so')]
    for library in ('libEGL_mesa.so.0', *drivers):
        with suppress(OSError):
            ctypes.CDLL(library, os.RTLD_NOW | os.RTLD_DEEPBIND)


def _free(context: Any, drawing: Any) -> None:
    # freeing acts on the current context, which may belong to another renderer
    context.make_current()
    drawing.free()
    context.free()
