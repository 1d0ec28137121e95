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

"""
Check an ONNX file before ONNX Runtime loads it.

The file may refer to external weights, which are not part of the bundle's hash and may be any
file. The format is protobuf. Only the few relevant fields are read, so a robot needs no package
``onnx``.
"""

from collections.abc import Iterator
from pathlib import Path

from digiphys_ros.errors import EngineError
from digiphys_ros.files import MODEL_BYTES, read_bytes, reason_of

DEPTH = 50
_INNER = {
    'model': {7: 'graph', 20: 'training', 25: 'function'},
    'training': {1: 'graph', 2: 'graph'},
    'graph': {1: 'node', 5: 'tensor', 15: 'sparse'},
    'function': {7: 'node', 11: 'attribute'},
    'node': {5: 'attribute'},
    'attribute': {5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse',
                  23: 'sparse'},
    'sparse': {1: 'tensor', 2: 'tensor'},
    'tensor': {},
}
"""Fields of the messages in onnx.proto with relevant messages."""
OPERATION, DOMAIN, EXTERNAL_DATA, DATA_LOCATION = 4, 7, 13, 14
UNSAFE = (b'ATen', b'EPContext', b'PythonOp')
"""Operations of ONNX Runtime that run other code or read files."""
DOMAINS = (b'', b'ai.onnx', b'ai.onnx.ml', b'com.microsoft')
"""Domains of the operations in ONNX Runtime."""


def check_onnx(path: Path) -> None:
    """
    Refuse a model with external weights, or with operations of external libraries.

    :raises EngineError: naming the reason.
    """
    try:
        data = memoryview(read_bytes(path, MODEL_BYTES))
        own = {bytes(value) for number, value in _fields(data)
               if number == 25 for inner, value in _fields(_bytes(value)) if inner == 10
               and isinstance(value, memoryview)}
        _check(path, 'model', data, frozenset((*DOMAINS, *own)))
    except (OSError, ValueError, IndexError) as error:
        raise EngineError(f'{path}: cannot be read as an ONNX model: {reason_of(error)}.'
                          ) from error


def _check(path: Path, kind: str, data: memoryview, domains: frozenset[bytes],
           depth: int = 0) -> None:
    if depth > DEPTH:
        raise ValueError(f'its graphs are nested deeper than {DEPTH}')
    for number, value in _fields(data):
        if kind == 'tensor' and (number == EXTERNAL_DATA or (number == DATA_LOCATION and value)):
            raise EngineError(f'{path}: keeps weights in another file, which the bundle does not '
                              'vouch for: save the model as one file.')
        if kind == 'node' and number == DOMAIN and bytes(_bytes(value)) not in domains:
            raise EngineError(f'{path}: uses operations of {bytes(_bytes(value))[:80]!r}, which '
                              'need a library of their own: export it with those of ONNX.')
        if kind == 'node' and number == OPERATION and bytes(_bytes(value)) in UNSAFE:
            raise EngineError(f'{path}: operation {bytes(_bytes(value)).decode()} may run other '
                              'code or read files: export the model without it.')
        if number in _INNER[kind]:
            _check(path, _INNER[kind][number], _bytes(value), domains, depth + 1)


def _bytes(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise ValueError('a field has the wrong type')
    return value


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Yield number and value of the varint and length-delimited fields of a message."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            length, place = _varint(data, place)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError('it is not a protobuf message')
        if place + length > len(data):
            raise ValueError('it ends too early')
        yield key >> 3, data[place:place + length]
        place += length


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
        if shift > 63:
            raise ValueError('a number in it is too long')
