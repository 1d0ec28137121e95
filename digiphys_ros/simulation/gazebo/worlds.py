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
"""The worlds that are written for Gazebo, each made by its application."""

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

from digiphys_ros.simulation.physics.description import World


class Place(NamedTuple):
    """Where a world is described, and which of its bodies Gazebo drives how."""

    module: str
    drives: Mapping[str, str]


WORLDS = {
    'sign_course': Place('traffic_signs.scene', {}),
    'intersection': Place('traffic_lights.gazebo', {
        f'lamps_{side}': 'switch' for side in ('north', 'south', 'east', 'west')}),
    'sorting_line': Place('sorting.scene', {'belt': 'track', 'diverter': 'hinge'}),
}
"""By their names in ``worlds/``."""


def gazebo_world(name: str) -> World:
    """Return one as its application describes it; always the same."""
    module = import_module(f'digiphys_ros.applications.{WORLDS[name].module}')
    world: World = module.gazebo_world()
    return world
