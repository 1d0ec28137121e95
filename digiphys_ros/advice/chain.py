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
Hash chain of the audit log: one JSON object a line, each with the hash of its predecessor.

The hash is over the bytes of the line, so it is unambiguous. A changed, missing or moved entry
breaks the chain. A small head file shows entries missing at the end: it holds their number and the
last hash.

A process that may write both files could rewrite everything. With a key, in a third file, all
hashes are keyed (HMAC-SHA256), and a rewrite needs the key. An older copy of both files still
verifies; a hash that was noted elsewhere reveals it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import hashlib
import hmac
import json
import re
from typing import Any

from digiphys_ros.errors import AuditFileError
from digiphys_ros.files import parse_json

BEGINNING = '0' * 64
"""Previous hash of the first entry."""
VERSION = 2
"""Entries of version 1, without a version field, hold the hash of their values, not bytes."""
RECOVERY = 'recovery'
"""Kind of the entry that marks the incomplete line before it."""
INCOMPLETE = b' incomplete\n'
"""End of a marked line, so that a line that lacks only its end does not become an entry."""
MOST_ENTRIES = 1 << 40
INCOMPLETE_LINES, INCOMPLETE_BYTES = 10_000, 2 << 20
"""Longest remains of an entry after a loss of power: old disk content of its length."""
LINE = re.compile(rb'(\{.*), "hash": "([0-9a-f]{64})"\}\n', re.DOTALL)

Entry = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """
    The result of ``verify``.

    :ivar head: hash of the last entry.
    :ivar problems: one sentence each; empty for an unchanged log.
    :ivar notes: one sentence each on lines that a loss of power interrupted.
    """

    entries: int
    head: str
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def line_of(entry: Mapping[str, Any], key: bytes = b'') -> tuple[bytes, str]:
    """
    Return the line of an entry, and its hash, which is part of the line.

    :param entry: without its hash.
    :raises ValueError: for a number that JSON cannot hold.
    """
    content = json.dumps(entry, allow_nan=False).encode()
    found = digest(content, key)
    return b'%s, "hash": "%s"}\n' % (content[:-1], found.encode()), found


def digest(content: bytes, key: bytes = b'') -> str:
    """Return the SHA-256 of bytes, or their HMAC with a key."""
    if key:
        return hmac.new(key, content, hashlib.sha256).hexdigest()
    return hashlib.sha256(content).hexdigest()


def _hash_of_values(entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry of version 1."""
    content = {key: value for key, value in entry.items() if key != 'hash'}
    return digest(json.dumps(content, sort_keys=True, separators=(',', ':'),
                             allow_nan=False).encode())


def read_entry(line: bytes) -> Entry | None:
    """Return the entry in a line, None if this package does not write such lines."""
    try:
        entry = parse_json(line, finite=True)
    except ValueError:
        return None
    if not line.endswith(b'\n') or not isinstance(entry, dict):
        return None
    needed = {'index': int, 'version': int, 'kind': str, 'previous': str, 'hash': str}
    values = {'version': 1, **entry}
    if any(type(values.get(name)) is not kind for name, kind in needed.items()):
        return None
    return entry if 0 < entry['index'] <= MOST_ENTRIES else None


class Chain:
    """
    Verify entries in sequence.

    :param key: key of the hashes; empty without one.
    :ivar count: number of entries; ``head`` is the hash of the last entry.
    :ivar incomplete: bytes of the lines after the last entry.
    :ivar notes: sentences about marked lines.
    :ivar entry: the last one.
    """

    def __init__(self, key: bytes = b'') -> None:
        self.count, self.head = 0, BEGINNING
        self.incomplete, self._incomplete_lines = b'', 0
        self.notes: tuple[str, ...] = ()
        self.entry: Entry = {}
        self._key, self._version = key, 1

    def problems(self, number: int, line: bytes) -> Iterator[str]:
        """
        Verify one line; yield its problems.

        :raises AuditFileError: when it is keyed and the key is missing.
        """
        entry = read_entry(line)
        if entry is None:
            self.incomplete += line
            self._incomplete_lines += 1
            if self._incomplete_lines > INCOMPLETE_LINES or \
                    len(self.incomplete) > INCOMPLETE_BYTES:
                yield from self._incomplete_problems(number + 1, None)
            return
        index, previous, kind = entry['index'], entry['previous'], entry['kind']
        given, version = entry['hash'], entry.get('version', 1)
        if entry.get('keyed') and not self._key:
            raise AuditFileError(
                f'entry {index} is keyed: name the file with the key (parameter audit_key, or '
                '--key)')
        yield from self._incomplete_problems(number, entry if kind == RECOVERY else None)
        where = f'entry {index} in line {number}'
        if not self._is_as_written(line, entry, version):
            yield f'{where} was changed, or is not of this key'
        elif index > self.count + 1:
            missing = f'entry {index - 1} is' if index == self.count + 2 else \
                f'entries {self.count + 1} to {index - 1} are'
            yield f'{missing} missing before line {number}'
        elif index <= self.count:
            yield f'{where} is not in its place'
        elif previous != self.head:
            yield f'{where} does not follow the one before it: one of them was put in later'
        self.entry = entry
        self.count, self.head, self._version = index, given, max(version, self._version)

    @property
    def lost_power(self) -> bool:
        """Return whether the bytes at the end are the remains of an interrupted entry."""
        end = self.incomplete
        return not end.endswith(b'\n') or b'\0' in end or end.endswith(INCOMPLETE)

    def _is_as_written(self, line: bytes, entry: Entry, version: int) -> bool:
        # no fallback to version 1, which can be forged
        if version < self._version or bool(entry.get('keyed')) != bool(self._key):
            return False
        if version == 1:
            # its hash is over the values; this is how they were written
            return bool(_hash_of_values(entry) == entry['hash']) and \
                line == json.dumps(entry).encode() + b'\n'
        parts = LINE.fullmatch(line)
        return parts is not None and hmac.compare_digest(
            digest(parts[1] + b'}', self._key).encode(), parts[2])

    def _incomplete_problems(self, number: int, recovery: Entry | None) -> Iterator[str]:
        """Report the lines before this one that are not entries, unless this entry marks them."""
        if recovery is not None and recovery.get('sha256') == digest(self.incomplete):
            self.notes += (f'line {number - 1} was incomplete, and was set aside on '
                           f'{recovery.get("time")} by entry {recovery["index"]}',)
        elif self.incomplete:
            yield f'line {number - 1} is not a complete entry: it was changed or cut off'
        elif recovery is not None:
            yield f'the incomplete line that entry {recovery["index"]} set aside is missing'
        self.incomplete, self._incomplete_lines = b'', 0
