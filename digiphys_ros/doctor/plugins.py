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

"""Check the plug-ins of other packages."""

from importlib import import_module
from importlib.metadata import entry_points

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.errors import did_you_mean
from digiphys_ros.registry import Registry

REGISTRIES = {
    'digiphys_ros.actuators': ('digiphys_ros.control.actuator_kind', 'ACTUATOR_KINDS'),
    'digiphys_ros.applications': ('digiphys_ros.applications', 'APPLICATIONS'),
    'digiphys_ros.augmentations': ('digiphys_ros.learning.augment.registry', 'AUGMENTATIONS'),
    'digiphys_ros.datasets': ('digiphys_ros.learning.datasets.reader', 'READERS'),
    'digiphys_ros.engines': ('digiphys_ros.perception.engines.kind', 'ENGINES'),
    'digiphys_ros.networks': ('digiphys_ros.learning.networks.registry', 'NETWORKS'),
    'digiphys_ros.sources': ('digiphys_ros.perception.sources.reader', 'SOURCES')}
"""Group of entry points -> module and name of its registry."""


def check_plugins() -> Finding:
    """List the plug-ins, and name each package that cannot be used."""
    found: list[str] = []
    problems: list[str] = []
    for group in sorted(entry_points().groups):
        if group in REGISTRIES:
            module, name = REGISTRIES[group]
            registry: Registry[object] = getattr(import_module(module), name)
            found += [f'{registry.noun} {one}' for one in registry.added_names()]
            problems += registry.problems()
            if group == 'digiphys_ros.engines':
                problems += _engine_problems()
        elif group.startswith('digiphys_ros.'):
            problems.append(f'entry points in "{group}" are never used, groups are '
                            f'{", ".join(REGISTRIES)}{did_you_mean(group, REGISTRIES)}.')
    if problems:
        return Finding('plug-ins', 'warn', ' '.join(problems),
                       'pip uninstall PACKAGE  # of the packages above, or repair them')
    return Finding('plug-ins', 'ok', ', '.join(found) or 'none installed')


def _engine_problems() -> list[str]:
    # they need OpenCV, which this check does not
    from digiphys_ros.perception.engines.factory import runtime_problem
    from digiphys_ros.perception.engines.kind import ENGINES
    return [f'{problem}.' for name, kind in ENGINES.usable_plugins()
            if (problem := runtime_problem(name, kind))]
