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
"""The application traffic_signs: a robot that obeys the signs of a course."""

from typing import TYPE_CHECKING

from digiphys_ros.simulation.specification import ApplicationSpec, Gazebo, Parts

if TYPE_CHECKING:
    from digiphys_ros.simulation.gazebo.adapter import Adapter
    from digiphys_ros.simulation.physics.description import World

BACKGROUND = 'no_sign'


def _parts() -> Parts:
    from digiphys_ros.applications.traffic_signs import scoring
    from digiphys_ros.applications.traffic_signs.application import report, SignCourse
    from digiphys_ros.applications.traffic_signs.collection import collect
    from digiphys_ros.applications.traffic_signs.faults import SignFault
    from digiphys_ros.applications.traffic_signs.signs import SIGNS
    from digiphys_ros.simulation.scenarios.faults import Knocked
    return Parts(SignCourse, (*SIGNS, BACKGROUND), collect, report, scoring.targets,
                 scoring.EXPECTATIONS, (Knocked, SignFault))


def _gazebo_world() -> 'World':
    from digiphys_ros.applications.traffic_signs.scene import gazebo_world
    return gazebo_world()


def _adapter() -> 'Adapter':
    from digiphys_ros.applications.traffic_signs.gazebo import LineKeeper
    return LineKeeper()


SPECIFICATION = ApplicationSpec(
    'traffic_signs', _parts, 'traffic_signs.yaml', 'traffic_signs_sim.yaml', background=BACKGROUND,
    strip_state='speed_mps', gazebo=Gazebo(
        'sign_course', _gazebo_world, {}, _adapter, 'bridge_traffic_signs.yaml'))
