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

"""Read a ROS parameters file as ROS does: which section applies to which node."""

from collections.abc import Iterator, Sequence
import contextlib
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.pipeline.parameter_values import read_scalar
from digiphys_ros.renamed import BothNamesError, PARAMETERS, renamed_in, Renames
from digiphys_ros.yamlfile import field_error, parse_mapping, read_yaml
import yaml

WILDCARDS = {'**': r'(?:/\w+)*', '*': r'/\w+'}


@dataclass(frozen=True)
class Section:
    """
    One ``ros__parameters`` of a file.

    :ivar location: keys of the section, from the top.
    :ivar values: location and value of each parameter.
    """

    location: tuple[Any, ...]
    values: tuple[tuple[tuple[Any, ...], Any], ...]

    @property
    def key(self) -> str:
        """Return its keys, joined as in ROS: ``/**/gate``."""
        joined = ''
        for part in self.location:
            joined += part if not joined or joined.endswith('/') else f'/{part}'
        return joined.rstrip('/')

    @property
    def node(self) -> str:
        """Return the name of its node, or a wildcard."""
        return self.key.rpartition('/')[2]

    def written_name(self, location: Sequence[Any]) -> str:
        """Return the name of a parameter of its ``values``; nested names are joined by dots."""
        return '.'.join(location[len(self.location) + 1:])

    def parameter(self, location: Sequence[Any]) -> str:
        """Return the name of a parameter of its ``values``, in place of a deprecated one."""
        name = self.written_name(location)
        return PARAMETERS.get(name, name)

    def applies_to(self, name: str) -> bool:
        """
        Return whether ROS gives its parameters to a node.

        :param name: name of the node with its namespace: ``/robot1/gate``.
        """
        pattern = ''.join(WILDCARDS.get(part, f'/{re.escape(part)}')
                          for part in self.key.removeprefix('/').split('/'))
        return re.fullmatch(pattern, name, re.ASCII) is not None


class ParametersFile:
    """
    The sections of a ROS parameters file.

    :raises ConfigError: for text that ROS cannot read or reads in another way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_yaml(path)
        self._nodes, _ = parse_mapping(path, text)
        _refuse_unread_yaml(path, text)
        with renamed_in(path):
            self.sections = tuple(self._sections(self._nodes, ()))

    def error(self, location: Sequence[Any], reason: str) -> ConfigError:
        """Return an error that names the file, the line and the field."""
        return field_error(self.path, self._nodes, location, reason)

    def _sections(self, data: Any, keys: tuple[str, ...]) -> Iterator[Section]:
        closed = False
        for key, value in _items(data):
            here = (*keys, key)
            if closed:
                raise self.error(here, 'comes after the ros__parameters of its namespace, where '
                                       'ROS forgets the namespace: write it before them')
            if keys and '/' in key.rstrip('/'):
                raise self.error(here, 'ROS reads no names with / inside a section: nest it once '
                                       'more for each /')
            if key == 'ros__parameters' and keys and isinstance(value, yaml.MappingNode):
                closed = True
                values = tuple(self._values(value, here))
                section = Section(keys, values)
                self._check_names(section)
                yield section
            elif key == 'ros__parameters' or not _items(value):
                raise self.error(here, 'a node with its ros__parameters is needed, as /**/gate: '
                                       '{ros__parameters: {lease_s: 0.5}}, '
                                       f'received {_shown(value)}')
            else:
                yield from self._sections(value, here)

    def _check_names(self, section: Section) -> None:
        places = {section.written_name(location): location for location, _ in section.values}
        try:
            Renames(PARAMETERS).upgrade(places)
        except BothNamesError as error:
            raise self.error(places[error.location[0]], str(error)) from error

    def _values(self, data: Any, keys: tuple[str, ...]
                ) -> Iterator[tuple[tuple[str, ...], Any]]:
        for key, value in _items(data):
            here = (*keys, key)
            if isinstance(value, yaml.MappingNode):
                if not value.value:
                    raise self.error(here, 'is empty, which ROS misreads: leave it out')
                if '.' in key and keys[-1] != 'ros__parameters':
                    raise self.error(here, 'ROS loses a part of the names behind a nested name '
                                           'with a dot: nest it once more for each dot')
                yield from self._values(value, here)
            elif isinstance(value, yaml.SequenceNode):
                yield here, self._list(value, here)
            elif isinstance(value, yaml.ScalarNode):
                yield here, self._scalar(value, here)

    def _list(self, data: yaml.SequenceNode, here: tuple[str, ...]) -> list[Any]:
        scalars = [item for item in data.value if isinstance(item, yaml.ScalarNode)]
        if scalars != data.value:
            raise self.error(here, 'ROS reads no lists or sections in a list')
        values = [self._scalar(item, here) for item in scalars]
        if len(set(map(type, values))) > 1:
            raise self.error(here, 'ROS reads no list of mixed types: write each number with a '
                                   f'decimal point, received {values!r:.80}')
        return values

    def _scalar(self, data: yaml.ScalarNode, here: tuple[str, ...]) -> Any:
        if not data.style and data.value in ('', '~', 'null', 'Null', 'NULL'):
            raise self.error(here, 'has no value, which ROS refuses or takes for text: give it '
                                   'one, or leave out the line')
        return read_scalar(data.value, quoted=data.style in ('"', "'"))


def old_names(name: str, files: Sequence[ParametersFile]) -> dict[str, str]:
    """
    Return new name -> old name of the parameters that a node gets by an old one.

    :param name: the node's name with its namespace.
    :raises ConfigError: when the node gets both names, from any sections or files.
    """
    places = {section.written_name(location): (file, section, location)
              for file in files for section in file.sections if section.applies_to(name)
              for location, _ in section.values}
    for old, new in PARAMETERS.items():
        if old in places and new in places:
            file, section, location = places[old]
            other, other_section, _ = places[new]
            raise file.error(location, f'{name} {BothNamesError(old, new)}; `{new}` is in '
                             f'`{other_section.key}` of {other.path}, `{old}` in `{section.key}`')
    return {new: old for old, new in PARAMETERS.items() if old in places}


def files_without(name: str, files: Sequence[Path]) -> list[Path]:
    """
    Return the parameters files that contain nothing for a node; ROS does not report them.

    :param name: the node's name with its namespace.
    """
    without = []
    for path in files:
        # ROS itself reports an invalid file
        with contextlib.suppress(ConfigError):
            if not any(section.applies_to(name) for section in ParametersFile(path).sections):
                without.append(path)
    return without


def _items(node: Any) -> list[tuple[str, yaml.Node]]:
    """Return the keys of a mapping as text, as in ROS, and its values."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [(str(key.value), value) for key, value in pairs]


def _shown(node: yaml.Node) -> str:
    return repr(node.value)[:80] if isinstance(node, yaml.ScalarNode) else 'none'


def _refuse_unread_yaml(path: Path, text: str) -> None:
    """Refuse the features of YAML that rcl refuses (aliases) or ignores (tags)."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f'{path}:{line}: ROS reads no aliases, received *{event.anchor}: '
                              'write the value again.')
        tag = getattr(event, 'tag', None)
        if tag:
            raise ConfigError(f'{path}:{line}: ROS ignores tags, received '
                              f'{tag.replace("tag:yaml.org,2002:", "!!")}: write the plain value, '
                              'text in quotes.')
