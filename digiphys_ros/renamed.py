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

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
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
        ...     _ = [Renames({'hz': 'rate_hz'}).upgrade({'hz': rate}) for rate in (1, 2)]
        >>> [str(one.message) for one in caught]
        ['rules.yaml: "hz" is deprecated: write "rate_hz". The next release refuses the old name.']
    """
    token = _FILE.set((str(file), set()))
    try:
        yield
    finally:
        _FILE.reset(token)


class BothNamesError(ValueError):
    """
    Refuse two names of the same key.

    :ivar location: keys that lead to the old name.
    """

    def __init__(self, old: str, new: str, location: Sequence[str] = ()) -> None:
        super().__init__(f'has both `{new}` and `{old}`, its deprecated name: write only `{new}`')
        self.location = tuple(location or old.split('.'))


@dataclass(frozen=True)
class Renames:
    """
    Keys and values of one file format that have new names.

    Example::

        >>> renames = Renames({'view': 'image', 'image.colour': 'image.color'})
        >>> renames.upgrade({'view': {'colour': 'rgb'}}, warn=False)
        {'image': {'color': 'rgb'}}

    :ivar keys: dotted old key -> dotted new key, a parent before its children.
    :ivar values: dotted new key -> old value -> new value.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)

    def upgrade(self, data: Any, *, warn: bool = True) -> Any:
        """
        Return nested mappings with the new names, and warn of each old one.

        :raises BothNamesError: when ``data`` has an old and a new name of the same key.
        """
        data = _copied(data)
        parents: dict[str, str] = {}
        for old, new in self.keys.items():
            mapping, name = _parent_of(data, old)
            if name in mapping:
                # the name in the data, where the parent is an old one too
                head, dot, last = old.rpartition('.')
                given = parents[new] = parents.get(head, head) + dot + last
                _rename_key(mapping, given, new)
                self._upgrade_value(mapping, given, new, warn)
        for key in self.values:
            self._upgrade_value(_parent_of(data, key)[0], key, key, warn)
        return data

    def downgrade(self, data: Any) -> Any:
        """Return nested mappings with the old names."""
        data = _copied(data)
        for key, values in self.values.items():
            mapping, name = _parent_of(data, key)
            for old, new in values.items():
                if name in mapping and mapping[name] == new:
                    mapping[name] = old
        for old, new in reversed(list(self.keys.items())):
            mapping, name = _parent_of(data, new)
            if name in mapping:
                _rename_key(mapping, new, old)
        return data

    def upgrade_dotted(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        """
        Return a mapping of dotted keys with their new names, and warn of each old one.

        :raises BothNamesError: when ``data`` has an old and a new name of the same key.
        """
        result: dict[Any, Any] = {}
        for key, value in data.items():
            new = self.upgrade_key(str(key))
            if new != key and new in data:
                raise BothNamesError(str(key), new, [key])
            result[new] = value
        return result

    def upgrade_key(self, key: str) -> str:
        """Return the new name of a dotted key, with a warning where it is an old one."""
        found = key
        for old, new in self.keys.items():
            if f'{found}.'.startswith(f'{old}.'):
                found = new + found[len(old):]
        if found != key:
            warn_renamed(key, found)
        return found

    def _upgrade_value(self, mapping: dict[Any, Any], old: str, new: str, warn: bool) -> None:
        name = new.rpartition('.')[2]
        value = mapping.get(name)
        # 1 equals True and is no old value
        found = next((after for before, after in self.values.get(new, {}).items()
                      if type(value) is type(before) and value == before), value)
        mapping.update({name: found} if found is not value else {})
        if warn and found is not value:
            warn_renamed(f'{old}: {_yaml(value)}', f'{new}: {_yaml(found)}')
        elif warn and old != new:
            warn_renamed(old, new)


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

    validate: Callable[[Any], Any] = staticmethod(Renames(new_names).upgrade)
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


def _copied(data: Any) -> Any:
    """Return a copy of nested mappings; other values stay the same objects."""
    return {key: _copied(value) for key, value in data.items()} if isinstance(data, dict) else data


def _parent_of(data: Any, key: str) -> tuple[dict[Any, Any], str]:
    """Return the mapping that would hold a dotted key, empty where there is none, and its name."""
    *parents, name = key.split('.')
    for parent in parents:
        data = data.get(parent) if isinstance(data, dict) else None
    return (data if isinstance(data, dict) else {}), name


def _rename_key(mapping: dict[Any, Any], old: str, new: str) -> None:
    """Rename a key and keep the order of the keys."""
    before, after = old.rpartition('.')[2], new.rpartition('.')[2]
    if after in mapping:
        raise BothNamesError(old, new)
    renamed = {after if key == before else key: value for key, value in mapping.items()}
    mapping.clear()
    mapping.update(renamed)


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
