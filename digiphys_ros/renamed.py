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

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePath
import re
import sys
from typing import Any
import warnings

APPLICATIONS = {'traffic': 'traffic_signs', 'signals': 'traffic_lights'}
"""Application, and how the names of its files begin: old name -> new name."""

PARAMETERS = {'black_below': 'min_brightness', 'skip_repeated': 'drop_duplicate_frames'}
"""Parameter of a node: old name -> new name."""

_OLD_STEM = re.compile(rf'({"|".join(APPLICATIONS)})(?!_signs|_lights)(?=$|[_.])')

_FILE: ContextVar[tuple[str, set[str]]] = ContextVar('_FILE')
"""The file that is being read, and the old names that were warned of in it."""


class RenamedWarning(FutureWarning):
    """Warn of a deprecated name, which the next release refuses."""


def warn_renamed(old: str, new: str) -> None:
    """Warn that ``old`` is deprecated; inside ``renamed_in`` once, with the file's name."""
    file, warned = _FILE.get(('', set()))
    if old in warned:
        return
    warned.add(old)
    place = f'{file}: ' if file else ''
    warnings.warn(f'{place}"{old}" is deprecated: write "{new}". The next release refuses the '
                  'old name.', RenamedWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """Return the stacklevel of the code that called this package, seen from the caller."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get('__name__', '').partition('.')[0] in (
            'digiphys_ros', 'pydantic'):
        frame, level = frame.f_back, level + 1
    return level


def show_renamed(write: Callable[[str], object]) -> None:
    """Show warnings of deprecated names by ``write``, as one line without a place in the code."""
    show_others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **to: Any) -> None:
        if issubclass(category, RenamedWarning):
            write(str(message))
        else:
            show_others(message, category, *place, **to)
    warnings.showwarning = show


@contextmanager
def renamed_in(file: str | Path) -> Iterator[None]:
    """
    Name a file in the warnings about it, and warn once of each old name in it.

    Example::

        >>> with warnings.catch_warnings(record=True) as caught, renamed_in('rules.yaml'):
        ...     warnings.simplefilter('always')
        ...     _ = [rename_keys({'hz': rate}, {'hz': 'rate_hz'}) for rate in (1, 2)]
        >>> [str(one.message) for one in caught]
        ['rules.yaml: "hz" is deprecated: write "rate_hz". The next release refuses the old name.']
    """
    token = _FILE.set((str(file), set()))
    try:
        yield
    finally:
        _FILE.reset(token)


def rename_keys(data: Mapping[str, Any], new_names: Mapping[str, str]) -> dict[str, Any]:
    """
    Return ``data`` with new keys instead of old ones, in the same order; warn of each old one.

    :param new_names: old key -> new key.
    :raises ValueError: when ``data`` has both keys of a pair.

    Example::

        >>> rename_keys({'rate_hz': 2}, {'hz': 'rate_hz'})
        {'rate_hz': 2}
    """
    for old, new in new_names.items():
        if old in data:
            if new in data:
                raise ValueError(f'has both `{new}` and `{old}`, its deprecated name: remove '
                                 f'`{old}`')
            warn_renamed(old, new)
    return {new_names.get(key, key): value for key, value in data.items()}


def renamed_keys(**new_names: str) -> Any:
    """
    Return a validator that accepts the old keys of a pydantic model; its schema has the new ones.

    :param new_names: old key = new key.

    Example::

        >>> from pydantic import BaseModel
        >>> class Lamp(BaseModel):
        ...     rate_hz: float = 1.0
        ...     _old_keys = renamed_keys(hz='rate_hz')
        >>> with warnings.catch_warnings(record=True):
        ...     Lamp(hz=2.0)
        Lamp(rate_hz=2.0)
    """
    # the gate reads this module and has no pydantic
    from pydantic import model_validator

    def rename(data: Any) -> Any:
        return rename_keys(data, new_names) if isinstance(data, dict) else data
    validate: Callable[[Any], Any] = staticmethod(rename)
    return model_validator(mode='before')(validate)


def new_application(name: str) -> str:
    """
    Return the new name of an application, with a warning where it is an old one.

    Example::

        >>> new_application('sorting')
        'sorting'
    """
    return _new_name(name, APPLICATIONS)


def new_parameter(name: str) -> str:
    """
    Return the new name of a parameter, with a warning where it is an old one.

    Example::

        >>> new_parameter('top_k')
        'top_k'
    """
    return _new_name(name, PARAMETERS)


def _new_name(name: str, new_names: Mapping[str, str]) -> str:
    if name in new_names:
        warn_renamed(name, new_names[name])
    return new_names.get(name, name)


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
