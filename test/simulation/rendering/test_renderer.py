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

import gc
import subprocess
import sys

from digiphys_ros.applications.sorting.scene import world
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.rendering.renderer import Renderer
import numpy as np
import pytest

[CAMERA] = [camera.name for camera in world().cameras]
DRAW = f"""
from digiphys_ros.applications.sorting.scene import world
from digiphys_ros.simulation.rendering.renderer import Renderer
brightness = int(Renderer(world()).image({CAMERA!r}).mean())
"""
COMPUTE = """
import tensorflow
assert tensorflow.function(tensorflow.square, jit_compile=True)(3.0) == 9.0
"""


@pytest.fixture
def renderer():
    """Skip without OpenGL."""
    try:
        return Renderer(world())
    except SimulationError as error:
        pytest.skip(str(error))


def test_image_has_the_camera_size_and_follows_the_light(renderer):
    [camera] = world().cameras
    image = renderer.image(CAMERA)
    assert image.shape == (camera.height_px, camera.width_px, 3)
    assert image.dtype == np.uint8
    assert image.std() > 2
    renderer.set_light(0.5)
    assert renderer.image(CAMERA).mean() == pytest.approx(0.5 * image.mean(), rel=0.1)


@pytest.mark.parametrize('order', [(COMPUTE, DRAW), (DRAW, COMPUTE)])
def test_renderer_and_tensorflow_work_in_one_process_in_any_order(renderer, order):
    run = subprocess.run([sys.executable, '-c', '\n'.join((*order, 'print(brightness)'))],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[-1]) == int(renderer.image(CAMERA).mean())


def test_renderer_keeps_its_context_when_another_is_garbage_collected(
        renderer, monkeypatch):
    from mujoco.gl_context import GLContext
    make_current = GLContext.make_current

    def interrupted(context):
        make_current(context)
        monkeypatch.setattr(GLContext, 'make_current', make_current)
        gc.collect()

    lost = Renderer(world())
    lost.itself = lost
    del lost
    monkeypatch.setattr(GLContext, 'make_current', interrupted)
    np.testing.assert_array_equal(Renderer(world()).image(CAMERA), renderer.image(CAMERA))
