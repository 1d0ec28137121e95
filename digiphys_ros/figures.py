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

"""Figures that a node publishes on /diagnostics, as keys and values in text form."""

from collections.abc import Mapping

from digiphys_ros.errors import ConfigError

FIGURES_VERSION = '1'
"""Version of the keys and values; every node publishes it as ``schema_version``."""


class Figures:
    """
    Figures of one node, as it published them on /diagnostics.

    :param node: its name, for errors.
    :param values: keys and values; empty for a node that has not reported.
    :raises ConfigError: when they have another version.

    Example::

        >>> Figures('camera', {'schema_version': '1', 'frames_sent': '12'}).count('frames_sent')
        12
    """

    def __init__(self, node: str, values: Mapping[str, str]) -> None:
        if values and values.get('schema_version') != FIGURES_VERSION:
            raise ConfigError(f'figures of {node}: schema_version must be {FIGURES_VERSION}, '
                              f'received {values.get("schema_version", "none")}: update '
                              'digiphys_ros on both sides.')
        self.node, self._values = node, values

    def __bool__(self) -> bool:
        """Return whether the node has reported."""
        return bool(self._values)

    def text(self, key: str) -> str:
        """Return a figure as text, empty if the node has not reported it."""
        return self._values.get(key, '')

    def count(self, key: str) -> int | None:
        """
        Return a count, None if the node has not reported it.

        :raises ConfigError: when it is not a number.
        """
        if key not in self._values:
            return None
        value = self._values[key]
        try:
            return int(value)
        except ValueError as error:
            raise ConfigError(f'figures of {self.node}: `{key}` must be a whole number, received '
                              f'"{value[:80]}".') from error
