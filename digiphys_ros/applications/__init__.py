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

"""The applications of the simulator, by the names that the command line and launch files use."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from digiphys_ros.errors import UsageError
from digiphys_ros.simulation.application import Application, Event

_PLACES = {
    'traffic': ('traffic_signs', 'SignCourse'),
    'signals': ('traffic_lights', 'Intersection'),
    'sorting': ('sorting', 'SortingLine'),
    'triage': ('triage', 'Triage'),
}


class _Applications(Mapping[str, Any]):
    """Name to class; a class is imported when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        folder, kind = _PLACES[name]
        return getattr(import_module(f'{__name__}.{folder}.application'), kind)

    def __contains__(self, name: object) -> bool:
        return name in _PLACES

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


APPLICATIONS: Mapping[str, Any] = _Applications()


def make_application(name: str, seed: int = 0, *, camera: bool = True,
                     **options: Any) -> Application:
    """
    Return an application at its start.

    :param seed: the same seed gives the same pictures and the same facts.
    :param camera: False needs no GL and makes no pictures.
    :param options: what the application takes besides.
    :raises UsageError: for a name that does not exist, or a negative seed.
    :raises SimulationError: when pictures are asked for and there is no GL.
    """
    if name not in APPLICATIONS:
        raise UsageError(f'no application "{name}", allowed are {", ".join(APPLICATIONS)}.')
    if seed < 0:
        raise UsageError(f'a seed is 0 or more, received {seed}.')
    application: Application = APPLICATIONS[name](seed, camera=camera, **options)
    return application


__all__ = ['APPLICATIONS', 'Application', 'Event', 'make_application']
