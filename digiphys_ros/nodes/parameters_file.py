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

"""A ROS parameters file as ROS reads it: which section applies to which node."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.yamlfile import field_error, parse_mapping, read_yaml
import yaml

WILDCARDS = {'**': r'(?:/\w+)*', '*': r'/\w+'}


@dataclass(frozen=True)
class Section:
    """
    One ``ros__parameters`` of a file.

    :ivar location: the keys that lead to it.
    :ivar values: the location and the value of each parameter.
    """

    location: tuple[Any, ...]
    values: tuple[tuple[tuple[Any, ...], Any], ...]

    @property
    def key(self) -> str:
        """Return its keys, joined as ROS joins them: ``/**/gate``."""
        return '/'.join(map(str, self.location))

    @property
    def node(self) -> str:
        """Return the name of its node, or a wildcard."""
        return self.key.rpartition('/')[2]

    def applies_to(self, name: str) -> bool:
        """
        Return whether ROS gives its parameters to a node.

        :param name: with the namespace: ``/robot1/gate``.
        """
        pattern = ''.join(WILDCARDS.get(part, f'/{re.escape(part)}')
                          for part in self.key.strip('/').split('/'))
        return re.fullmatch(pattern, name) is not None


class ParametersFile:
    """
    The sections of a ROS parameters file.

    :raises ConfigError: for what ROS cannot read or would read as something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        text = read_yaml(path)
        self._nodes, data = parse_mapping(path, text)
        _refuse_unread_yaml(path, text)
        self.sections = tuple(self._sections(data, ()))

    def error(self, location: Sequence[Any], reason: str) -> ConfigError:
        """Return an error that names the file, the line and the field."""
        return field_error(self._path, self._nodes, location, reason)

    def _sections(self, data: Mapping[Any, Any], keys: tuple[Any, ...]) -> Iterator[Section]:
        for key, value in data.items():
            here = (*keys, key)
            if key == 'ros__parameters' and keys and isinstance(value, dict):
                yield Section(keys, tuple(self._values(value, here)))
            elif key == 'ros__parameters' or not isinstance(value, dict) or not value:
                raise self.error(here, 'a node with its ros__parameters is needed, as /**/gate: '
                                       '{ros__parameters: {lease_s: 0.5}}, '
                                       f'received {value!r:.80}')
            else:
                yield from self._sections(value, here)

    def _values(self, data: Mapping[Any, Any], keys: tuple[Any, ...],
                ) -> Iterator[tuple[tuple[Any, ...], Any]]:
        for key, value in data.items():
            here = (*keys, key)
            if isinstance(value, dict):
                yield from self._values(value, here)
                continue
            if isinstance(value, list) and len(set(map(type, value))) > 1:
                raise self.error(here, 'ROS reads no list of mixed types: write each number '
                                       f'with a decimal point, received {value!r:.80}')
            if value is None:
                raise self.error(here, 'has no value, which ROS refuses: give it one, or leave '
                                       'out the line')
            yield here, value


def _refuse_unread_yaml(path: Path, text: str) -> None:
    """Refuse the features of YAML that rcl refuses (aliases) or passes over (tags)."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f'{path}:{line}: ROS reads no aliases, received *{event.anchor}: '
                              'write the value again.')
        tag = getattr(event, 'tag', None)
        if tag:
            raise ConfigError(f'{path}:{line}: ROS passes over tags, received '
                              f'{tag.replace("tag:yaml.org,2002:", "!!")}: write the value as it '
                              'is meant, text in quotes.')
