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

"""Topics of a bag and their message types, for the library rosbags."""

from dataclasses import dataclass
import struct
from typing import Any

from digiphys_ros.errors import FrameError, SourceError
from digiphys_ros.files import DATA_BYTES

DEFINITIONS = {
    'vision_msgs/msg/ObjectHypothesis': 'string class_id\nfloat64 score\n',
    'vision_msgs/msg/Classification': 'std_msgs/Header header\n'
                                      'vision_msgs/ObjectHypothesis[] results\n',
}
"""For bags without message definitions (SQLite before Iron)."""
IDL_RULE = '=' * 80 + '\n'
"""Separator of the definitions of several types."""


@dataclass(frozen=True)
class Topic:
    """
    A topic of a bag.

    :ivar type: type name, such as sensor_msgs/msg/Image.
    :ivar encoding: serialization of its messages; only ``cdr`` is supported.
    :ivar definition: definition of its type and all nested types, empty if the bag has none.
    :ivar language: of the definition: ros2msg or ros2idl.
    """

    name: str
    type: str
    encoding: str = 'cdr'
    definition: str = ''
    language: str = ''


class Decoder:
    """Deserialize messages, with the definitions in the bag."""

    def __init__(self) -> None:
        self._stores: dict[Topic, Any] = {}

    def decode(self, topic: Topic, raw: bytes) -> Any:
        """
        Return a message with the fields of its type.

        :raises FrameError: when the bytes or the definition are damaged.
        """
        from rosbags.serde import SerdeError
        from rosbags.typesys import TypesysError
        try:
            if topic not in self._stores:
                self._stores[topic] = _store(topic)
            return self._stores[topic].deserialize_cdr(raw, topic.type)
        # the generated code raises many types for missing bytes
        except (SerdeError, TypesysError, struct.error, ValueError, KeyError, IndexError,
                TypeError, AssertionError, RecursionError, MemoryError, OverflowError) as error:
            raise FrameError(f'the message of {len(raw)} bytes is not a complete {topic.type} '
                             f'({type(error).__name__}: {error}).') from error


def _store(topic: Topic) -> Any:
    from rosbags.typesys import get_types_from_idl, get_types_from_msg, get_typestore, Stores
    if not topic.definition:
        store = get_typestore(Stores.LATEST)
        for name, text in DEFINITIONS.items():
            if name not in store.types:
                store.register(get_types_from_msg(text, name))
        return store
    types: dict[str, Any] = {}
    if topic.language == 'ros2idl':
        parts = topic.definition.split(IDL_RULE)
        for part in parts[1:] if len(parts) > 1 else parts:
            types |= get_types_from_idl(
                part.partition('\n')[2] if part.startswith('IDL: ') else part)
    else:
        types |= get_types_from_msg(topic.definition, topic.type)
    store = get_typestore(Stores.EMPTY)
    store.register(types)
    return store


def check_installed(path: Any) -> None:
    """
    Check that the library for messages and compressions is installed.

    :raises SourceError: when it is not installed.
    """
    from importlib.util import find_spec
    if find_spec('rosbags') is None:
        raise SourceError(f'{path}: to read bags, install rosbags (pip install rosbags).')


def unpacked(data: bytes, compression: str, limit: int = DATA_BYTES) -> bytes:
    """
    Decompress bytes.

    :param compression: zstd, lz4, or empty for none.
    :param limit: largest size.
    :raises ValueError: when it is damaged, larger, or compressed by another program.
    """
    if not compression:
        return data
    if compression == 'zstd':
        zstd = import_zstd()
        decompressor, broken = zstd.ZstdDecompressor(), zstd.ZstdError
    elif compression == 'lz4':
        from lz4.frame import LZ4FrameDecompressor
        decompressor, broken = LZ4FrameDecompressor(), RuntimeError
    else:
        raise ValueError(f'compression {compression!r:.40} is not read')
    try:
        content: bytes = decompressor.decompress(data, max_length=limit + 1)
    except broken as error:
        raise ValueError(f'{compression}: {error}') from error
    if len(content) > limit:
        raise ValueError(f'it unpacks to more than {limit} bytes')
    if not decompressor.eof:
        raise ValueError(f'{compression}: its end is missing')
    return content


def import_zstd() -> Any:
    """Return the module zstd: part of Python since 3.14, from rosbags before."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from backports import zstd
    return zstd
