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
"""Nested keys and values that an earlier release named otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from digiphys_ros.renamed import warn_renamed


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

        :raises ValueError: when ``data`` has an old and a new name of the same key.
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

        :raises ValueError: when ``data`` has an old and a new name of the same key.
        """
        result: dict[Any, Any] = {}
        for key, value in data.items():
            new = self.upgrade_key(str(key))
            if new != key and new in data:
                raise ValueError(_both(str(key), new))
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
        raise ValueError(_both(old, new))
    renamed = {after if key == before else key: value for key, value in mapping.items()}
    mapping.clear()
    mapping.update(renamed)


def _both(old: str, new: str) -> str:
    return f'has both `{new}` and `{old}`, its deprecated name: remove `{old}`'


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
