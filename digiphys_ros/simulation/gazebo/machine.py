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

"""The model that an application drives in Gazebo: links, joints, camera and drives."""

from collections.abc import Mapping
from xml.etree import ElementTree

from digiphys_ros.simulation.gazebo.links import add_inertia, add_parts, child, plain, plugin, text
from digiphys_ros.simulation.physics.description import Body, Camera, World
import numpy as np

Element = ElementTree.Element
HINGE_RADPS = 7.5
"""Speed of the embedded simulator's diverter; a switch has no limit and turns in one step."""


def machine(world: World, drives: Mapping[str, str]) -> Element:
    """
    Return the model of a world's machine.

    :param drives: see ``sdf.world_files``.
    """
    model = ElementTree.Element('model', name=f'{world.name}_machine')
    bodies = [body for body in world.bodies
              if body.motion in ('free', 'wheel') or body.name in drives]
    if not bodies:
        child(model, 'static', 'true')
    elif world.cameras and all(body.motion == 'moved' for body in bodies):
        # otherwise the model rotates with its first link
        model.set('canonical_link', 'camera')
    for body in bodies:
        link = child(model, 'link', name=plain(body.name))
        pose = child(link, 'pose', text(*body.position_m, *body.rotation_rad))
        if body.parent:
            pose.set('relative_to', plain(body.parent))
        add_inertia(link, body)
        add_parts(link, body, f'../{world.name}')
        _add_joint(model, body, drives.get(body.name, body.motion))
    for camera in world.cameras[:1]:
        _add_camera(model, camera, fixed=bool(bodies))
    wheels = [body for body in bodies if body.motion == 'wheel']
    if len(wheels) == 2:
        _add_drive(model, wheels)
    for name, kind in drives.items():
        _add_controller(model, name, kind)
    return model


def _add_joint(model: Element, body: Body, kind: str) -> None:
    """Connect a body to its parent or the world."""
    if kind == 'free':
        return
    turns = kind in ('wheel', 'hinge', 'switch')
    joint = child(model, 'joint', name=f'{plain(body.name)}_joint',
                  type='revolute' if turns else 'fixed')
    child(joint, 'parent', plain(body.parent or 'world'))
    child(joint, 'child', plain(body.name))
    if not turns:
        return
    axis = child(joint, 'axis')
    child(axis, 'xyz', '0 1 0' if kind == 'wheel' else '0 0 1')
    limit = child(axis, 'limit')
    for name, bound in (('lower', '-1e16'), ('upper', '1e16')):
        child(limit, name, bound)
    if body.torque_nm:
        child(limit, 'effort', text(body.torque_nm))


def _add_controller(model: Element, body: str, kind: str) -> None:
    if kind == 'track':
        child(plugin(model, 'track-controller'), 'link', plain(body))
        return
    controller = plugin(model, 'joint-position-controller')
    child(controller, 'joint_name', f'{plain(body)}_joint')
    child(controller, 'use_velocity_commands', 'true')
    if kind == 'hinge':
        child(controller, 'cmd_max', text(HINGE_RADPS))


def _add_camera(model: Element, camera: Camera, *, fixed: bool) -> None:
    link = child(model, 'link', name='camera')
    pose = child(link, 'pose', text(*camera.position_m, *camera.rotation_rad))
    inertial = child(link, 'inertial')
    child(inertial, 'mass', '0.01')
    inertia = child(inertial, 'inertia')
    for name in ('ixx', 'iyy', 'izz'):
        child(inertia, name, '1e-05')
    if camera.body:
        pose.set('relative_to', plain(camera.body))
    if fixed:
        joint = child(model, 'joint', name='camera_joint', type='fixed')
        child(joint, 'parent', plain(camera.body or 'world'))
        child(joint, 'child', 'camera')
    sensor = child(link, 'sensor', name='camera', type='camera')
    child(sensor, 'update_rate', text(camera.rate_hz))
    child(sensor, 'always_on', 'true')
    lens = child(sensor, 'camera')
    wide = np.tan(camera.field_of_view_y_rad / 2) * camera.width_px / camera.height_px
    child(lens, 'horizontal_fov', text(float(2 * np.arctan(wide))))
    image = child(lens, 'image')
    child(image, 'width', str(camera.width_px))
    child(image, 'height', str(camera.height_px))
    child(image, 'format', 'R8G8B8')
    # without noise two images are equal, which the classifier takes for a frozen camera
    noise = child(lens, 'noise')
    child(noise, 'type', 'gaussian')
    child(noise, 'mean', '0')
    child(noise, 'stddev', '0.007')
    clip = child(lens, 'clip')
    child(clip, 'near', '0.02')
    child(clip, 'far', '100')


def _add_drive(model: Element, wheels: list[Body]) -> None:
    left, right = sorted(wheels, key=lambda wheel: -wheel.position_m[1])
    drive = plugin(model, 'diff-drive')
    child(drive, 'left_joint', f'{plain(left.name)}_joint')
    child(drive, 'right_joint', f'{plain(right.name)}_joint')
    child(drive, 'wheel_separation', text(left.position_m[1] - right.position_m[1]))
    child(drive, 'wheel_radius', text(_radius(left)))
    # wheel odometry drifts, as wheels slip; the other odometry has the usual topic name
    child(drive, 'odom_topic', 'wheel_odometry')
    odometry = plugin(model, 'odometry-publisher')
    # Fortress before 6.18 knows this system only by its old name; later ones know both
    odometry.set('name', 'ignition::gazebo::systems::OdometryPublisher')
    child(odometry, 'odom_publish_frequency', '50')
    child(odometry, 'odom_frame', 'odom')
    child(odometry, 'robot_base_frame', 'base_link')


def _radius(wheel: Body) -> float:
    return max(part.shape.size_m[0] for part in wheel.parts if part.shape.kind == 'cylinder') / 2
