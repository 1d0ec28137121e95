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
"""The application sorting: a conveyor that diverts defective parts."""

from typing import TYPE_CHECKING

from digiphys_ros.simulation.specification import ApplicationSpec, Gazebo, Parts

if TYPE_CHECKING:
    from digiphys_ros.simulation.gazebo.adapter import Adapter
    from digiphys_ros.simulation.physics.description import World


def _parts() -> Parts:
    from digiphys_ros.applications.sorting import scoring
    from digiphys_ros.applications.sorting.application import LABELS, report, SortingLine
    from digiphys_ros.applications.sorting.collection import collect
    from digiphys_ros.simulation.scenarios.faults import Knocked
    return Parts(SortingLine, LABELS, collect, report, scoring.targets, scoring.EXPECTATIONS,
                 (Knocked,))


def _gazebo_world() -> 'World':
    from digiphys_ros.applications.sorting.scene import gazebo_world
    return gazebo_world()


def _adapter() -> 'Adapter':
    from digiphys_ros.applications.sorting.gazebo import Blade
    return Blade()


SPECIFICATION = ApplicationSpec(
    'sorting', _parts, 'sorting.yaml', strip_state='belt_mps', gazebo=Gazebo(
        'sorting_line', _gazebo_world, {'belt': 'track', 'diverter': 'hinge'}, _adapter,
        'bridge_sorting.yaml'))
