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
"""Shapes, materials and masses of a description as SDF."""

from xml.etree import ElementTree

from digiphys_ros.simulation.physics.description import (
    Body,
    Color,
    Outline,
    Part,
    Shape,
    Vector,
    WHOLE,
    World,
)
import numpy as np
from numpy.typing import NDArray

Element = ElementTree.Element


def child(parent: Element, tag: str, content: str = '', **attributes: str) -> Element:
    """Add an element."""
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = content or None
    return element


def text(*numbers: float) -> str:
    """Return numbers as SDF writes them."""
    return ' '.join(f'{number:.9g}' for number in numbers)


def plain(name: str) -> str:
    """Return a name without spaces, for files and Gazebo topics."""
    return name.replace(' ', '_')


def plugin(parent: Element, system: str) -> Element:
    """Add a Gazebo system, such as ``diff-drive``."""
    name = ''.join(word.capitalize() for word in system.split('-'))
    return child(parent, 'plugin', filename=f'gz-sim-{system}-system',
                 name=f'gz::sim::systems::{name}')


def add_parts(link: Element, body: Body, prefix: str) -> None:
    """
    Add the visuals and collisions of a body's parts.

    :param prefix: folder of meshes and textures, relative to the file.
    """
    for part in body.parts:
        _add_part(link, part, prefix)


def _add_part(link: Element, part: Part, prefix: str) -> None:
    if part.visible:
        visual = child(link, 'visual', name=plain(part.name))
        child(visual, 'pose', text(*part.position_m, *part.rotation_rad))
        _add_geometry(visual, part.shape, prefix)
        add_material(visual, part.rgb, part.texture, prefix)
    if part.solid and part.shape.kind != 'face':
        collision = child(link, 'collision', name=f'{plain(part.name)}_collision')
        child(collision, 'pose', text(*part.position_m, *part.rotation_rad))
        _add_geometry(collision, part.shape, prefix)
        ode = child(child(child(collision, 'surface'), 'friction'), 'ode')
        child(ode, 'mu', text(part.friction))
        child(ode, 'mu2', text(part.friction))


def _add_geometry(parent: Element, shape: Shape, prefix: str) -> None:
    geometry = child(parent, 'geometry')
    x, y, z = shape.size_m
    if shape.kind == 'box':
        child(child(geometry, 'box'), 'size', text(x, y, z))
    elif shape.kind == 'sphere':
        child(child(geometry, 'sphere'), 'radius', text(x / 2))
    elif shape.kind == 'cylinder':
        cylinder = child(geometry, 'cylinder')
        child(cylinder, 'radius', text(x / 2))
        child(cylinder, 'length', text(z))
    else:
        mesh = child(geometry, 'mesh')
        child(mesh, 'uri', f'{prefix}/meshes/{mesh_name(shape.outline)}.obj')
        child(mesh, 'scale', text(1.0, y, z))


def add_material(visual: Element, rgb: Color, texture: str | None, prefix: str) -> None:
    """
    Add a color or a texture.

    Gazebo's default color is black, and a texture is multiplied by the color.
    """
    material = child(visual, 'material')
    color = (1.0, 1.0, 1.0) if texture else rgb
    for name in ('ambient', 'diffuse'):
        child(material, name, text(*color, 1.0))
    child(material, 'specular', '0.05 0.05 0.05 1')
    if texture:
        metal = child(child(material, 'pbr'), 'metal')
        child(metal, 'albedo_map', f'{prefix}/textures/{plain(texture)}.png')
        child(metal, 'roughness', '1.0')
        child(metal, 'metalness', '0.0')


def mesh_name(outline: Outline) -> str:
    """Return a name for faces of one outline."""
    return 'face' if outline == WHOLE else f'face_{len(outline)}_{_checksum(outline):08x}'


def _checksum(outline: Outline) -> int:
    from zlib import crc32
    return crc32(text(*(value for corner in outline for value in corner)).encode())


def mesh_files(world: World) -> dict[str, bytes]:
    """Return the meshes of all faces, one meter wide and high, by name."""
    return {mesh_name(part.shape.outline): _face_mesh(part.shape.outline)
            for body in world.bodies for part in body.parts if part.shape.kind == 'face'}


def _face_mesh(outline: Outline) -> bytes:
    """Return a convex face in the y-z plane, visible from +x, as Wavefront OBJ."""
    corners = outline[::-1]
    order = ' '.join(f'{index}/{index}/1' for index in range(1, len(corners) + 1))
    lines = [*(f'v 0 {u - 0.5:g} {0.5 - v:g}' for u, v in corners),
             *(f'vt {u:g} {1 - v:g}' for u, v in corners), 'vn 1 0 0', f'f {order}']
    return ('\n'.join(lines) + '\n').encode()


def add_inertia(link: Element, body: Body) -> None:
    """Add mass, center of mass and inertia of a body, computed from its parts."""
    mass = sum(part.mass_kg for part in body.parts)
    center = sum((part.mass_kg * np.asarray(part.position_m) for part in body.parts),
                 np.zeros(3)) / mass
    inertia = np.zeros((3, 3))
    for part in body.parts:
        turn = rotation(part.rotation_rad)
        away = np.asarray(part.position_m) - center
        inertia += turn @ _own_inertia(part) @ turn.T
        inertia += part.mass_kg * (away @ away * np.eye(3) - np.outer(away, away))
    inertial = child(link, 'inertial')
    child(inertial, 'pose', text(*center, 0, 0, 0))
    child(inertial, 'mass', text(mass))
    tensor = child(inertial, 'inertia')
    for row, first in enumerate('xyz'):
        for column, second in list(enumerate('xyz'))[row:]:
            child(tensor, f'i{first}{second}', text(inertia[row, column]))


def rotation(roll_pitch_yaw_rad: Vector) -> NDArray[np.float64]:
    """Return the matrix of a rotation about the fixed axes x, y and z, in this order."""
    matrix = np.eye(3)
    for axis, angle in enumerate(roll_pitch_yaw_rad):
        first, second = ((1, 2), (2, 0), (0, 1))[axis]
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[second, first] = np.sin(angle)
        turn[first, second] = -np.sin(angle)
        matrix = turn @ matrix
    return matrix


def _own_inertia(part: Part) -> NDArray[np.float64]:
    x, y, z = part.shape.size_m
    if part.shape.kind == 'sphere':
        return part.mass_kg * x * x / 10 * np.eye(3)
    if part.shape.kind == 'cylinder':
        across = x * x / 16 + z * z / 12
        return part.mass_kg * np.diag([across, across, x * x / 8])
    return part.mass_kg / 12 * np.diag([y * y + z * z, x * x + z * z, x * x + y * y])
