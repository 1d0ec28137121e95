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

from collections.abc import Iterator, Sequence
from pathlib import Path
import re
from typing import Any, TYPE_CHECKING, TypeVar

from digiphys_ros.errors import ConfigError
from digiphys_ros.files import (
    check_characters,
    CONFIG_BYTES,
    DEPTH,
    read_text,
    reason_of as why,
)
from digiphys_ros.renamed import BothNamesError, renamed_in
import yaml

if TYPE_CHECKING:
    from pydantic import BaseModel

Model = TypeVar('Model', bound='BaseModel')

NODES = 20_000
"""Most values in a file, aliases expanded; the largest shipped file has some hundreds."""
NUMBER_LENGTH = 100
"""Most characters of a number: a float needs 24, and long integers take very long to read."""
_PREFIX = 'tag:yaml.org,2002:'
_TAGS = {_PREFIX + name for name in ('null', 'bool', 'int', 'float', 'str', 'seq', 'map', 'merge')}


class _Loader(yaml.SafeLoader):
    """Also read ``5e-1`` as a number, as YAML 1.2 and ROS do; PyYAML reads it as text."""


_Loader.add_implicit_resolver(
    f'{_PREFIX}float', re.compile(r'[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$'),
    list('-+.0123456789'))


def load_yaml(path: str | Path, model: type[Model], context: Any = None) -> Model:
    """
    Read ``path`` and validate it against ``model``.

    :param path: a YAML file; tags that build objects are refused.
    :param model: the pydantic model that describes the file.
    :param context: for the validators of the model.
    :return: the validated model.
    :raises ConfigError: ``FILE:LINE: field `a.b`: reason, received VALUE``.
    """
    # imported here: the gate and others read parameters without pydantic
    from pydantic import ValidationError
    path = Path(path)
    node, data = parse_mapping(path, read_yaml(path))
    try:
        with renamed_in(path):
            return model.model_validate(data, context=context)
    except ValidationError as error:
        raise ConfigError('; '.join(_explain(path, node, item) for item in error.errors())) \
            from error


def read_yaml(path: Path) -> str:
    """
    Return the text of a YAML file.

    :raises ConfigError: when it cannot be read.
    """
    try:
        return read_text(path, CONFIG_BYTES)
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path}: cannot be read: {why(error)}.') from error


def parse_mapping(path: Path, text: str) -> tuple[yaml.Node | None, dict[Any, Any]]:
    """
    Return the nodes of a YAML text, which have line numbers, and its data.

    :param path: for errors.
    :raises ConfigError: when it is not plain YAML, or not a mapping.
    """
    node, data = _parse(path, text)
    if not isinstance(data, dict):
        raise ConfigError(f'{path}:1: a mapping of fields is needed, received {_shorten(data)}.')
    return node, data


def field_error(path: Path, node: yaml.Node | None, location: Sequence[Any],
                reason: str) -> ConfigError:
    """
    Return an error that names file, line and field.

    :param node: the file's nodes, from ``parse_mapping``.
    :param location: keys and indices that lead to the field.
    """
    return ConfigError(_at(path, node, location) + reason)


def parse_value(text: str) -> Any:
    """
    Return a value from a command line, such as ``[1, 2]``.

    :raises ConfigError: when it is not YAML, or too large for a value.
    """
    return _parse('value', text)[1]


def _parse(where: str | Path, text: str) -> tuple[yaml.Node | None, Any]:
    try:
        _check_depth(where, text)
        node = yaml.compose(text, Loader=_Loader)
        _check_size(where, node)
        for key in _repeated_keys(node, set()):
            raise ConfigError(f'{where}:{key.start_mark.line + 1}: field `{key.value}`: is '
                              'already given above: remove one of them.')
        return node, yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f'{where}:{line}: is not valid YAML: {error.problem}') from error
    # `!!bool maybe` is a KeyError, `!!int ""` an IndexError
    except (yaml.YAMLError, ValueError, LookupError, OverflowError) as error:
        raise ConfigError(f'{where}: is not valid YAML: {_one_line(str(error))}') from error


def _check_depth(where: str | Path, text: str) -> None:
    """Refuse deep nesting before recursive functions read it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ConfigError(f'{where}:{line}: lists and mappings are '
                                  f'nested deeper than {DEPTH}.')
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(where: str | Path, node: yaml.Node | None) -> None:
    """Refuse aliases that contain themselves or multiply, and unsupported values."""
    sizes: dict[int, int | None] = {}

    def size_of(one: yaml.Node) -> int:
        line = f'{where}:{one.start_mark.line + 1}'
        if id(one) in sizes:
            size = sizes[id(one)]
            if size is None:
                raise ConfigError(f'{line}: this value contains itself by an alias.')
            return size
        _check_scalar(line, one)
        sizes[id(one)] = None
        size = 1 + sum(size_of(child) for child in _children(one))
        if size > NODES:
            raise ConfigError(f'{line}: with its aliases expanded it has more than {NODES} '
                              'values.')
        sizes[id(one)] = size
        return size

    if node is not None:
        size_of(node)


def _check_scalar(line: str, node: yaml.Node) -> None:
    if node.tag not in _TAGS:
        shown = node.value if isinstance(node, yaml.ScalarNode) else ''
        name = node.tag.replace(_PREFIX, '!!')
        raise ConfigError(f'{line}: is not valid YAML here: {name} {shown[:40]}'.rstrip()
                          + ': only text, numbers, true, false, null, lists and mappings are '
                          'read; write a date or other text in quotes.')
    if isinstance(node, yaml.ScalarNode):
        check_characters(node.value)
    if node.tag in (f'{_PREFIX}int', f'{_PREFIX}float') and len(node.value) > NUMBER_LENGTH:
        raise ConfigError(f'{line}: a number of {len(node.value)} characters is too long: at most '
                          f'{NUMBER_LENGTH} are read.')


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _repeated_keys(node: yaml.Node | None, visited: set[int]) -> Iterator[yaml.Node]:
    if node is None or id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield key
                keys.add(key.value)
    for child in _children(node):
        yield from _repeated_keys(child, visited)


def _explain(path: Path, node: yaml.Node | None, item: Any) -> str:
    location = [part for part in item['loc'] if part != '[key]']
    error = item.get('ctx', {}).get('error')
    if isinstance(error, BothNamesError):
        location += error.location
    received = '' if item['type'] == 'missing' else f', received {_shorten(item["input"])}'
    return f'{_at(path, node, location)}{reason_of(item)}{received}'


def _at(path: Path, node: yaml.Node | None, location: Sequence[Any]) -> str:
    line, depth = _line(node, location)
    field = '.'.join(str(part) for part in location[:depth]) or '(whole file)'
    return f'{path}:{line}: field `{field}`: '


def reason_of(item: Any) -> str:
    """Return the fault of a field from one of pydantic's errors, in plain words."""
    if item['type'] == 'extra_forbidden':
        return 'there is no such field'
    return str(item['msg']).removeprefix('Value error, ')


def _line(node: yaml.Node | None, location: Sequence[Any]) -> tuple[int, int]:
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
