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
"""Names of an earlier release, which still work for one release with a warning."""

from pathlib import PurePath
import re
import warnings

APPLICATIONS = {'traffic': 'traffic_signs', 'signals': 'traffic_lights'}
"""Application, and how the names of its files begin: old name -> new name."""

_OLD_STEM = re.compile(rf'({"|".join(APPLICATIONS)})(?!_signs|_lights)(?=$|[_.])')


class RenamedWarning(FutureWarning):
    """Warn of a name that the next release does not know."""


def warn_renamed(old: str, new: str) -> None:
    """Warn that ``old`` is named ``new`` now."""
    warnings.warn(f'"{old}" has a new name: write "{new}". The next release does not know the '
                  'old one.', RenamedWarning, stacklevel=3)


def new_application(name: str) -> str:
    """
    Return the new name of an application, with a warning where it is an old one.

    Example::

        >>> new_application('sorting')
        'sorting'
    """
    if name in APPLICATIONS:
        warn_renamed(name, APPLICATIONS[name])
    return APPLICATIONS.get(name, name)


def new_file(name: str) -> str | None:
    """
    Return the new name of a file that is named after an application, None where there is none.

    Example::

        >>> new_file('config/traffic_sim.yaml'), new_file('signals_rules'), new_file('mine')
        ('config/traffic_signs_sim.yaml', 'traffic_lights_rules', None)
    """
    path = PurePath(name)
    found = _OLD_STEM.match(path.name)
    if found is None:
        return None
    return str(path.with_name(APPLICATIONS[found[1]] + path.name[found.end():]))
