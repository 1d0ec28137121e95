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

"""Read a YAML file into a validated model; an error names the file, the line and the field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from digiphys_ros.errors import ConfigError
from pydantic import BaseModel, ValidationError
import yaml

Model = TypeVar('Model', bound=BaseModel)


def load_yaml(path: str | Path, model: type[Model]) -> Model:
    """
    Read ``path`` and validate it against ``model``.

    :param path: a YAML file; only plain YAML is read, tags that build objects are refused.
    :param model: the pydantic model that describes the file.
    :return: the validated model.
    :raises ConfigError: ``FILE:LINE: field `a.b`: reason, received VALUE``.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path}: cannot be read: {error}') from error
    node, data = _parse(path, text)
    if not isinstance(data, dict):
        raise ConfigError(f'{path}:1: a mapping of fields is needed, received {_shorten(data)}.')
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError('; '.join(_explain(path, node, item) for item in error.errors())) \
            from error


def _parse(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        for key in _repeated_keys(node, set()):
            raise ConfigError(f'{path}:{key.start_mark.line + 1}: field `{key.value}`: is already '
                              'given above, and only one of them could count.')
        return node, yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f'{path}:{line}: is not valid YAML: {error.problem}') from error
    # A date that no calendar has is a ValueError.
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f'{path}: is not valid YAML: {_one_line(str(error))}') from error


def _repeated_keys(node: yaml.Node | None, visited: set[int]) -> Iterator[yaml.Node]:
    # An alias can make a node hold itself.
    if node is None or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _repeated_keys(child, visited)
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, child in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield key
                keys.add(key.value)
            yield from _repeated_keys(child, visited)


def _explain(path: Path, node: yaml.Node | None, item: Any) -> str:
    location = [part for part in item['loc'] if part != '[key]']
    line, depth = _line(node, location)
    field = '.'.join(str(part) for part in location[:depth]) or '(whole file)'
    reason = reason_of(item)
    received = '' if item['type'] == 'missing' else f', received {_shorten(item["input"])}'
    return f'{path}:{line}: field `{field}`: {reason}{received}'


def reason_of(item: Any) -> str:
    """Return what is wrong with a field, of one of pydantic's errors, in words for people."""
    if item['type'] == 'extra_forbidden':
        return 'there is no such field'
    return str(item['msg']).removeprefix('Value error, ')


def _line(node: yaml.Node | None, location: list[Any]) -> tuple[int, int]:
    """Return the line of the deepest part of ``location`` in the file, and the parts to show."""
    line = 1
    for depth, part in enumerate(location):
        child = _child(node, part)
        if child is None:
            return line, depth + 1
        line, node = child
    return line, len(location)


def _child(node: yaml.Node | None, part: Any) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def _shorten(value: Any) -> str:
    text = _one_line(repr(value))
    return text if len(text) <= 80 else f'{text[:77]}...'


def _one_line(text: str) -> str:
    return ' '.join(text.split())
