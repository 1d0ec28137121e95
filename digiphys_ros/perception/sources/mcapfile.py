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

"""MCAP files, read in order; a truncated file up to its end."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
import os
from pathlib import Path
import struct
import zlib

from digiphys_ros.files import DATA_BYTES
from digiphys_ros.perception.sources.bagtypes import Topic, unpacked

MAGIC = b'\x89MCAP0\r\n'
FOOTER_BYTES = 9 + 20 + len(MAGIC)
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 2, 3, 4, 5, 6, 15
"""Record numbers of https://mcap.dev/spec."""

_ReadAt = Callable[[int, int], bytes]
_DAMAGED = (struct.error, ValueError, IndexError, UnicodeDecodeError)


@dataclass
class _Channels:
    """Schemas and channels, collected from several records."""

    schemas: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)

    def add(self, opcode: int, content: bytes) -> None:
        """Add a record of a schema or channel."""
        fields = _Fields(content)
        number = fields.number('H')
        if opcode == SCHEMA:
            self.schemas[number] = fields.text(), fields.text(), fields.text()
            return
        name, language, definition = self.schemas.get(fields.number('H'), ('', '', ''))
        topic, encoding = fields.text(), fields.text()
        self.topics.setdefault(number, Topic(topic, name, encoding, definition, language))


class _Fields:
    """Consecutive values in a record."""

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    def number(self, code: str) -> int:
        """Return a number with a struct code."""
        value: int = struct.unpack_from(f'<{code}', self._content, self._place)[0]
        self._place += struct.calcsize(code)
        return value

    def text(self) -> str:
        """Return a length-prefixed string."""
        return self.rest(self.number('I')).decode()

    def rest(self, size: int) -> bytes:
        """Return bytes."""
        if self._place + size > len(self._content):
            raise ValueError('it is shorter than it says')
        self._place += size
        return self._content[self._place - size:self._place]


class McapFile:
    """
    One file of a bag.

    :param damage: called with a sentence for each unreadable part.
    :raises OSError: when it cannot be opened.
    :raises ValueError: when it is not such a file.
    """

    def __init__(self, path: Path, damage: Callable[[str], None]) -> None:
        self._damage = damage
        # closed with the object
        self._file = open(path, 'rb', buffering=0)  # noqa: SIM115
        self._size = os.fstat(self._file.fileno()).st_size
        if self._read_at(0, len(MAGIC)) != MAGIC:
            raise ValueError('it does not begin as an MCAP file' if self._size else 'it is empty')
        self._channels = self._summary() or self._scanned()
        self.topics = tuple(self._channels.topics.values())

    def messages(self, wanted: Collection[str]) -> Iterator[tuple[Topic, int, bytes]]:
        """Yield topic, time of recording [ns] and bytes of each message of the wanted topics."""
        numbers = {number: topic for number, topic in self._channels.topics.items()
                   if topic.name in wanted}
        for place, records in self._parts():
            try:
                found = [_message(content) for opcode, content in records if opcode == MESSAGE]
            except _DAMAGED as error:
                self._damage(f'the messages at byte {place}: {error}')
                continue
            # a recorder may write messages in another order than their stamps
            for time_ns, number, raw in sorted(found, key=lambda one: one[0]):
                if number in numbers:
                    yield numbers[number], time_ns, raw

    def _read_at(self, place: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, place)

    def _summary(self) -> _Channels | None:
        """Return the channels in the summary of the file, None without one."""
        footer = self._read_at(max(self._size - FOOTER_BYTES, 0), FOOTER_BYTES)
        if len(footer) < FOOTER_BYTES or footer[-len(MAGIC):] != MAGIC or footer[0] != FOOTER:
            return None
        start, = struct.unpack_from('<Q', footer, 9)
        channels = _Channels()
        try:
            for opcode, content in _records(
                    self._read_at, start or self._size, self._size - FOOTER_BYTES):
                if opcode in (SCHEMA, CHANNEL):
                    channels.add(opcode, content)
        except _DAMAGED:
            return None
        return channels if channels.topics else None

    def _scanned(self) -> _Channels:
        """Return the channels between the messages."""
        channels = _Channels()
        for place, records in self._parts():
            try:
                for opcode, content in records:
                    if opcode in (SCHEMA, CHANNEL):
                        channels.add(opcode, content)
            except _DAMAGED as error:
                self._damage(f'the channels at byte {place}: {error}')
        return channels

    def _parts(self) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
        """Yield the offset of each record, and its records: those of a chunk, or itself."""
        try:
            for opcode, place, size in _places(self._read_at, len(MAGIC), self._size):
                if opcode == DATA_END:
                    return
                if opcode == CHUNK:
                    yield place, self._chunk(place, size)
                elif opcode in (SCHEMA, CHANNEL, MESSAGE):
                    yield place, [(opcode, self._read_at(place, size))]
            torn = f'byte {self._size}'
        except ValueError as error:
            torn = str(error)
        self._damage(f'the recording is cut off at {torn}')

    def _chunk(self, place: int, size: int) -> list[tuple[int, bytes]]:
        try:
            content = _content(self._read_at(place, size))
            return list(_records(lambda start, length: content[start:start + length],
                                 0, len(content)))
        except _DAMAGED as error:
            self._damage(f'the chunk at byte {place} cannot be read: {error}')
            return []


def _places(read_at: _ReadAt, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """
    Yield opcode, offset and length of the content of each record.

    :raises ValueError: naming the offset of an incomplete record.
    """
    while place < end:
        head = read_at(place, 9)
        size = int.from_bytes(head[1:], 'little') if len(head) == 9 else end
        if place + 9 + size > end or size > DATA_BYTES:
            raise ValueError(f'byte {place}')
        yield head[0], place + 9, size
        place += 9 + size


def _records(read_at: _ReadAt, place: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the opcode and the content of each record."""
    for opcode, start, size in _places(read_at, place, end):
        yield opcode, read_at(start, size)


def _content(chunk: bytes) -> bytes:
    """Return the records in a chunk."""
    fields = _Fields(chunk)
    fields.rest(16)
    size, checksum, compression = fields.number('Q'), fields.number('I'), fields.text()
    if size > DATA_BYTES:
        raise ValueError(f'it holds {size} bytes')
    content = unpacked(fields.rest(fields.number('Q')), compression, size)
    if len(content) != size or (checksum and zlib.crc32(content) != checksum):
        raise ValueError('its checksum or size is wrong')
    return content


def _message(content: bytes) -> tuple[int, int, bytes]:
    """Return the time of recording [ns], the number of the channel and the message."""
    number, _, time_ns, _ = struct.unpack_from('<HIQQ', content)
    return time_ns, number, content[22:]
