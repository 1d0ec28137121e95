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
Write a world for Gazebo as SDF 1.9, which Fortress, Harmonic, Ionic and Jetty load.

Plugins have the names of Harmonic and later, which Fortress knows too. Shadows are off: they
halve the frame rate of CPU rendering. Paths are relative to the file that contains them, so a
world needs no environment variable.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree

import cv2
from digiphys_ros.simulation.gazebo.links import (
    add_inertia,
    add_material,
    add_parts,
    child,
    mesh_files,
    plain,
    plugin,
    text,
)
from digiphys_ros.simulation.gazebo.machine import machine
from digiphys_ros.simulation.physics.description import Body, Color, Vector, World

GROUND_M = 200.0
Element = ElementTree.Element
SYSTEMS = ('physics', 'user-commands', 'scene-broadcaster')


def world_files(world: World, drives: Mapping[str, str] = MappingProxyType({}),
                ) -> dict[str, bytes]:
    """
    Return the files of a world for Gazebo.

    A body with a mass that an application moves falls and can be pushed in Gazebo.

    :param drives: body -> ``track`` (a belt along its own x axis), ``hinge`` (rotates about its
        own z axis) or ``switch`` (the same, at once). Gazebo drives these bodies; the embedded
        simulator moves them or changes their color.
    :return: path below ``worlds/`` -> content: ``NAME.sdf``, the model ``NAME_machine`` with
        the driven bodies and the cameras, and the meshes and textures of both.
    """
    place = f'models/{world.name}_machine'
    files = {f'{world.name}.sdf': _document(_world(world, drives)),
             f'{place}/model.sdf': _document(machine(world, drives)),
             f'{place}/model.config': _document(_config(world))}
    for name, content in mesh_files(world).items():
        files[f'models/{world.name}/meshes/{name}.obj'] = content
    if world.ground:
        files[f'models/{world.name}/meshes/ground.obj'] = _ground_mesh(world)
    for name, pixels in world.textures.items():
        _, png = cv2.imencode('.png', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR),
                              [cv2.IMWRITE_PNG_COMPRESSION, 9])
        files[f'models/{world.name}/textures/{plain(name)}.png'] = png.tobytes()
    return files


def write_world(world: World, folder: Path,
                drives: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write the files of a world into a folder."""
    for name, content in world_files(world, drives).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _document(content: Element) -> bytes:
    if content.tag == 'model' and content.find('version') is not None:
        root = content
    else:
        root = ElementTree.Element('sdf', version='1.9')
        root.append(content)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding='utf-8', xml_declaration=True)
    return written + b'\n'


def _world(world: World, drives: Mapping[str, str]) -> Element:
    root = ElementTree.Element('world', name=world.name)
    physics = child(root, 'physics', name='default', type='ignored')
    child(physics, 'max_step_size', '0.004')
    child(physics, 'real_time_factor', '1.0')
    for system in SYSTEMS:
        plugin(root, system)
    sensors = plugin(root, 'sensors')
    child(sensors, 'render_engine', 'ogre2')
    child(sensors, 'background_color', _rgba(world.sky))
    scene = child(root, 'scene')
    child(scene, 'ambient', '0.5 0.5 0.5 1')
    child(scene, 'background', _rgba(world.sky))
    child(scene, 'shadows', 'false')
    _add_sun(root, world.sun)
    if world.ground:
        _add_ground(root, world)
    prefix = f'models/{world.name}'
    for body in world.bodies:
        if body.motion in ('fixed', 'moved') and body.name not in drives:
            _add_model(root, body, prefix)
    return root


def _add_model(root: Element, body: Body, prefix: str) -> None:
    model = child(root, 'model', name=plain(body.name))
    loose = body.motion == 'moved' and any(part.mass_kg for part in body.parts)
    if not loose:
        child(model, 'static', 'true')
    child(model, 'pose', text(*body.position_m, *body.rotation_rad))
    link = child(model, 'link', name=plain(body.name))
    if loose:
        add_inertia(link, body)
    add_parts(link, body, prefix)


def _rgba(color: Color) -> str:
    return text(*color, 1.0)


def _add_sun(root: Element, direction: Vector) -> None:
    light = child(root, 'light', type='directional', name='sun')
    child(light, 'cast_shadows', 'false')
    child(light, 'pose', '0 0 10 0 0 0')
    child(light, 'diffuse', '0.8 0.8 0.8 1')
    child(light, 'specular', '0.1 0.1 0.1 1')
    child(light, 'direction', text(*direction))


def _add_ground(root: Element, world: World) -> None:
    model = child(root, 'model', name='ground')
    child(model, 'static', 'true')
    link = child(model, 'link', name='ground')
    collision = child(link, 'collision', name='ground_collision')
    child(child(child(collision, 'geometry'), 'plane'), 'normal', '0 0 1')
    visual = child(link, 'visual', name='ground')
    mesh = child(child(visual, 'geometry'), 'mesh')
    child(mesh, 'uri', f'models/{world.name}/meshes/ground.obj')
    add_material(visual, (1.0, 1.0, 1.0), world.ground, f'models/{world.name}')


def _ground_mesh(world: World) -> bytes:
    half, times = GROUND_M / 2, GROUND_M / world.ground_m
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    lines = [*(f'v {x * half:g} {y * half:g} 0' for x, y in corners),
             *(f'vt {max(x, 0) * times:g} {max(y, 0) * times:g}' for x, y in corners),
             'vn 0 0 1', 'f 1/1/1 2/2/1 3/3/1 4/4/1']
    return ('\n'.join(lines) + '\n').encode()


def _config(world: World) -> Element:
    root = ElementTree.Element('model')
    child(root, 'name', f'{world.name}_machine')
    child(root, 'version', '1.0')
    child(root, 'sdf', 'model.sdf', version='1.9')
    author = child(root, 'author')
    child(author, 'name', 'digiphys_ros contributors')
    child(root, 'description', f'What the application drives in the world {world.name}.')
    return root
