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

"""Convert the description of a world to MuJoCo XML and its assets."""

from collections.abc import Iterable
import math
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import cv2
from digiphys_ros.simulation.physics.description import Body, Camera, Part, Shape, Vector, World

STEP_S = 0.005
GROUND = 'ground'
SUN = 'sun'


def to_mjcf(world: World) -> tuple[str, dict[str, bytes]]:
    """
    Return the XML and its PNG files.

    The geom of a part is named ``body/part``; bodies, cameras and textures keep their names.
    """
    root = Element('mujoco', model=world.name)
    SubElement(root, 'compiler', angle='radian')
    SubElement(root, 'option', timestep=str(STEP_S), integrator='implicitfast', cone='elliptic')
    visual = SubElement(root, 'visual')
    # shadows and multisampling halve the frame rate of CPU rendering
    SubElement(visual, 'quality', shadowsize='0', offsamples='0')
    SubElement(visual, 'headlight', ambient='0.45 0.45 0.45', diffuse='0 0 0', specular='0 0 0')
    SubElement(visual, 'map', znear='0.01', zfar='200')
    SubElement(visual, 'global', offwidth=str(max(one.width_px for one in world.cameras)),
               offheight=str(max(one.height_px for one in world.cameras)))
    # znear and zfar are in units of the extent, which is computed from the bodies by default
    SubElement(root, 'statistic', extent='1', center='0 0 0')
    assets = _assets(SubElement(root, 'asset'), world)
    top = SubElement(root, 'worldbody')
    SubElement(top, 'light', name=SUN, type='directional', dir=_text(world.sun),
               diffuse='0.6 0.6 0.6', specular='0 0 0', castshadow='false')
    if world.ground is not None:
        SubElement(top, 'geom', name=GROUND, type='plane', size='0 0 1', material=GROUND)
    actuators = SubElement(root, 'actuator')
    for body in world.bodies:
        if body.parent is None:
            _add_body(top, body, world, actuators)
    _add_cameras(top, (one for one in world.cameras if one.body is None))
    return ElementTree.tostring(root, encoding='unicode'), assets


def _assets(place: Element, world: World) -> dict[str, bytes]:
    horizon = _text([min(1.0, value * 1.15) for value in world.sky])
    SubElement(place, 'texture', name='sky', type='skybox', builtin='gradient', width='64',
               height='384', rgb1=_text(world.sky), rgb2=horizon)
    files = {}
    for name, pixels in world.textures.items():
        files[f'{name}.png'] = cv2.imencode('.png', pixels[..., ::-1])[1].tobytes()
        SubElement(place, 'texture', name=name, type='2d', file=f'{name}.png')
        SubElement(place, 'material', name=name, texture=name, specular='0', shininess='0')
    if world.ground is not None:
        repeat = 1 / world.ground_m
        SubElement(place, 'material', name=GROUND, texture=world.ground, specular='0',
                   shininess='0', texuniform='true', texrepeat=f'{repeat} {repeat}')
    for body in world.bodies:
        for part in body.parts:
            if part.shape.kind == 'face':
                _add_mesh(place, _name(body, part), part.shape)
    return files


def _add_mesh(place: Element, name: str, shape: Shape) -> None:
    """Add a fan of triangles around the center of the corners, facing +x."""
    _, width, height = shape.size_m
    count = len(shape.outline)
    middle = tuple(sum(values) / count for values in zip(*shape.outline, strict=True))
    corners = (*shape.outline, middle)
    # when looking along -x, +y is to the right
    vertices = [(0.0, (u - 0.5) * width, (0.5 - v) * height) for u, v in corners]
    # MuJoCo expects faces counter-clockwise as seen from the front
    faces = [(count, (index + 1) % count, index) for index in range(count)]
    SubElement(place, 'mesh', name=name, inertia='shell',
               vertex=_text(value for corner in vertices for value in corner),
               texcoord=_text(value for corner in corners for value in corner),
               face=' '.join(str(index) for face in faces for index in face))


def _add_body(place: Element, body: Body, world: World, actuators: Element) -> None:
    element = SubElement(place, 'body', name=body.name, pos=_text(body.position_m),
                         quat=_text(quaternion(body.rotation_rad)))
    if body.motion == 'moved':
        element.set('mocap', 'true')
    elif body.motion == 'free':
        SubElement(element, 'freejoint', name=body.name)
    elif body.motion == 'wheel':
        SubElement(element, 'joint', name=body.name, type='hinge', axis='0 1 0', damping='0.01',
                   armature='0.002')
        SubElement(actuators, 'velocity', name=body.name, joint=body.name, kv='2',
                   forcerange=f'{-body.torque_nm} {body.torque_nm}')
    for part in body.parts:
        _add_part(element, body, part)
    _add_cameras(element, (one for one in world.cameras if one.body == body.name))
    for other in world.bodies:
        if other.parent == body.name:
            _add_body(element, other, world, actuators)


def _add_part(place: Element, body: Body, part: Part) -> None:
    kind, size = part.shape.kind, part.shape.size_m
    geom = SubElement(place, 'geom', name=_name(body, part), pos=_text(part.position_m),
                      quat=_text(quaternion(part.rotation_rad)), mass=str(part.mass_kg),
                      friction=f'{part.friction} 0.005 0.0001', condim='4',
                      # the friction of the part applies on the ground, not the larger of the two
                      priority='1')
    if not part.solid or kind == 'face':
        geom.attrib.update(contype='0', conaffinity='0')
    if not part.visible:
        # one of the groups that MuJoCo does not render
        geom.set('group', '3')
    if part.texture is not None:
        geom.attrib.update(material=part.texture)
    else:
        geom.attrib.update(rgba=_text((*part.rgb, 1.0)))
    if kind == 'face':
        geom.attrib.update(type='mesh', mesh=_name(body, part))
    elif kind == 'cylinder':
        geom.attrib.update(type=kind, size=_text((size[0] / 2, size[2] / 2)))
    elif kind == 'sphere':
        geom.attrib.update(type=kind, size=_text((size[0] / 2,)))
    else:
        geom.attrib.update(type=kind, size=_text(value / 2 for value in size))


def _add_cameras(place: Element, cameras: Iterable[Camera]) -> None:
    for camera in cameras:
        SubElement(place, 'camera', name=camera.name, pos=_text(camera.position_m),
                   quat=_text(camera_quaternion(camera.rotation_rad)),
                   fovy=str(math.degrees(camera.field_of_view_y_rad)))


def _name(body: Body, part: Part) -> str:
    return f'{body.name}/{part.name}'


def _text(values: Iterable[float]) -> str:
    return ' '.join(f'{value:.9g}' for value in values)


def quaternion(rotation_rad: Vector) -> tuple[float, float, float, float]:
    """Return the quaternion w, x, y, z of roll, pitch, yaw about the fixed axes."""
    (cr, cp, cy), (sr, sp, sy) = ([function(angle / 2) for angle in rotation_rad]
                                  for function in (math.cos, math.sin))
    return (cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy)


def camera_quaternion(rotation_rad: Vector) -> tuple[float, float, float, float]:
    """Return w, x, y, z for a MuJoCo camera, which looks along its own -z, with y up."""
    w, x, y, z = quaternion(rotation_rad)
    # times the rotation from -z to +x and +y to +z: (1/2, 1/2, -1/2, -1/2)
    return ((w - x + y + z) / 2, (w + x - y + z) / 2,
            (-w + x + y + z) / 2, (-w - x - y + z) / 2)
