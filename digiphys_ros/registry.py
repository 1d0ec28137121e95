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

"""Extension points: names of built-in parts and of parts of other packages."""

from collections.abc import Iterator, Mapping
from functools import reduce
from importlib import import_module
import re
from typing import Any, Generic, TYPE_CHECKING, TypeVar

from digiphys_ros.errors import did_you_mean, DigiphysError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Part = TypeVar('Part')

NAME = re.compile('[a-z][a-z0-9_]*')


class Registry(Generic[Part]):
    """
    The parts of one extension point, by name.

    A built-in part is imported on first use. Another package adds a part with an entry point in
    ``group``. Entry points are read only for a listing and for a name that is not built in:
    reading them costs time and memory.

    :param group: group of entry points, such as ``digiphys_ros.engines``.
    :param noun: the word for a part in messages, such as ``engine``.
    :param built_in: name -> ``module:attribute``.
    :param needs: attributes that each part must have; ``__call__`` for a function.
    :param error: raised for a name that cannot be used.

    Example::

        >>> shapes = Registry('example.shapes', 'shape', {'fraction': 'fractions:Fraction'})
        >>> shapes['fraction'](1, 2)
        Fraction(1, 2)
        >>> 'fraction' in shapes, list(shapes)
        (True, ['fraction'])
    """

    def __init__(self, group: str, noun: str, built_in: Mapping[str, str], *,
                 needs: tuple[str, ...] = (), error: type[DigiphysError] = DigiphysError) -> None:
        self.group, self.noun, self.built_in = group, noun, built_in
        self._needs, self._error = needs, error
        self._loaded: dict[str, Part] = {}
        self._followed: dict[tuple[str, str], Any] = {}

    def __contains__(self, name: object) -> bool:
        """Return whether a part of this name is built in or installed."""
        return name in self.built_in or name in self._plugins()

    def __iter__(self) -> Iterator[str]:
        """Yield all names, those built in first."""
        yield from self.built_in
        yield from self.added_names()

    def __getitem__(self, name: str) -> Part:
        """
        Return the part of this name.

        :raises DigiphysError: of the class ``error``, when there is none, or when the package
            that adds it cannot be used.
        """
        if name not in self._loaded:
            self._loaded[name] = _resolve(self.built_in[name]) if name in self.built_in \
                else self._load_plugin(name)
        return self._loaded[name]

    def follow(self, name: str, path: str) -> Any:
        """
        Return an object that a part of this name refers to, imported on first use.

        :param path: ``module:attribute``.
        :raises DigiphysError: of the class ``error``, when another package's cannot be imported.
        """
        if (name, path) not in self._followed:
            self._followed[name, path] = _resolve(path) if name in self.built_in \
                else self._import(f'{self.noun} "{name}"', path)
        return self._followed[name, path]

    def plugin_for(self, uri: str) -> str:
        """Return the NAME of ``NAME:...`` if another package adds it, else an empty text."""
        name = uri.partition(':')[0] if ':' in uri else ''
        return name if NAME.fullmatch(name) and name not in self.built_in and name in self else ''

    def added_names(self) -> list[str]:
        """Return the names that other packages add."""
        return sorted(self._plugins().keys() - self.built_in)

    def usable_plugins(self) -> Iterator[tuple[str, Part]]:
        """Yield name and part of each entry point that can be used."""
        for name in self.added_names():
            try:
                yield name, self[name]
            except self._error:  # ``problems`` reports it
                continue

    def problems(self) -> list[str]:
        """Return one sentence for each entry point that cannot be used."""
        found = []
        for name in sorted(self._plugins()):
            try:
                self._load_plugin(name)
            except self._error as error:
                found.append(str(error))
        return found

    def unknown(self, name: str) -> DigiphysError:
        """Return the error for a name that does not exist, with those that do."""
        allowed = list(self)
        return self._error(f'{self.noun} "{name}" is unknown, allowed are {", ".join(allowed)}'
                           f'{did_you_mean(name, allowed)}.')

    def _plugins(self) -> dict[str, list['EntryPoint']]:
        from importlib.metadata import entry_points
        try:
            entries = entry_points(group=self.group)
        except Exception as error:  # Python's reader has no own error type
            raise self._error(f'the entry points of the installed packages cannot be read: '
                              f'{type(error).__name__}: {error}; run pip check.') from error
        found: dict[str, list[EntryPoint]] = {}
        for entry in entries:
            found.setdefault(entry.name, []).append(entry)
        return found

    def _load_plugin(self, name: str) -> Part:
        entries = self._plugins().get(name, [])
        if not entries:
            raise self.unknown(name)
        owners = ' and '.join(sorted(map(_package, entries)))
        part = f'{self.noun} "{name}" of {owners}'
        if name in self.built_in:
            raise self._error(f'{part} has the name of a built-in one: rename its entry point.')
        if len(entries) > 1:
            raise self._error(f'{part} has one name in several packages: uninstall all but one.')
        if not NAME.fullmatch(name):
            raise self._error(f'{part} needs a name of lower-case letters, digits and '
                              'underscores: rename its entry point.')
        loaded: Part = self._import(part, entries[0].value)
        lacks = [one for one in self._needs if not hasattr(loaded, one)]
        if lacks:
            raise self._error(f'{part}: {entries[0].value} lacks {", ".join(lacks)}, which each '
                              f'{self.noun} must have.')
        return loaded

    def _import(self, part: str, path: str) -> Any:
        try:
            return _resolve(path)
        except (Exception, SystemExit) as error:  # third-party code
            raise self._error(
                f'{part} cannot be imported from {path}: {type(error).__name__}: '
                f'{" ".join(str(error).split())[:300]}; repair or uninstall that package.'
            ) from error


def _resolve(path: str) -> Any:
    """Return the object at ``module:attribute``."""
    module, colon, attribute = path.partition('[')[0].strip().partition(':')
    if not colon:
        raise ValueError('module:attribute is needed')
    return reduce(getattr, attribute.split('.'), import_module(module))


def _package(entry: 'EntryPoint') -> str:
    return f'package {entry.dist.name}' if entry.dist else 'an unnamed package'
