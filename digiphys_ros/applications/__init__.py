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
"""Registry of applications: those of this package and those of other packages."""

from typing import Any, TYPE_CHECKING

from digiphys_ros.errors import UsageError
from digiphys_ros.registry import Registry
from digiphys_ros.renamed import new_application
from digiphys_ros.simulation.specification import ApplicationSpec

if TYPE_CHECKING:
    from digiphys_ros.simulation.application import Application

DEFAULT = 'traffic_signs'
"""The default application."""

APPLICATIONS: Registry[ApplicationSpec] = Registry(
    'digiphys_ros.applications', 'application', {
        name: f'digiphys_ros.applications.{name}.specification:SPECIFICATION'
        for name in ('traffic_signs', 'traffic_lights', 'sorting', 'triage')},
    needs=('name', 'parts', 'config', 'sim_config'), error=UsageError)


def find_application(name: str) -> ApplicationSpec:
    """
    Return the specification of an application; an old name gives a warning.

    :raises UsageError: for an unknown name, or a plug-in that cannot be loaded.

    Example::

        >>> find_application('sorting').config
        'sorting.yaml'
    """
    return APPLICATIONS[new_application(name)]


def make_application(name: str, seed: int = 0, *, camera: bool = True,
                     **options: Any) -> 'Application':
    """
    Return a new world of an application.

    :param seed: the same seed gives the same images and the same state.
    :param camera: False renders no images and needs no OpenGL.
    :param options: additional options of the application, see ``ApplicationSpec.options``.
    :raises UsageError: for an unknown name or option, or a negative seed.
    :raises SimulationError: if images are requested without OpenGL.
    """
    found = find_application(name)
    if seed < 0:
        raise UsageError(f'the seed must be at least 0, received {seed}.')
    return found.parts().world(seed, camera=camera, **options)


__all__ = ['APPLICATIONS', 'ApplicationSpec', 'DEFAULT', 'find_application', 'make_application']
