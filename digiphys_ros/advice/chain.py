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
Entries of the audit log, chained: one JSON object a line, each with the hash of the one before.

The hash is of the line's bytes, so that nothing in them can mean two things. A changed, missing or
moved entry breaks the chain. What the chain alone cannot show, entries missing at its end, a small
file beside the log holds: how many there are, and the last hash.

Whoever may write both files could write all of it again. With a key, which is in a third file,
each hash and the end are keyed (HMAC-SHA256), and only who has the key can do so; but an older
copy of both files is still as it was written. A hash noted elsewhere shows that too.
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
"""What the first entry names as the hash before it."""
VERSION = 2
"""Entries of version 1, which do not say so, hold the hash of their values instead of bytes."""
RECOVERY = 'recovery'
"""Kind of the entry that sets an incomplete line before it aside."""
INCOMPLETE = b' incomplete\n'
"""Ends a line that is set aside: one that lacks no more than its end is no entry then either."""
MOST_ENTRIES = 1 << 40
INCOMPLETE_LINES, INCOMPLETE_BYTES = 10_000, 2 << 20
"""Most that a loss of power leaves of an entry: what lay on the disk before, at its length."""
LINE = re.compile(rb'(\{.*), "hash": "([0-9a-f]{64})"\}\n', re.DOTALL)

Entry = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """
    What ``verify`` found.

    :ivar head: hash of the last entry.
    :ivar problems: one sentence each; none in a log that is as it was written.
    :ivar notes: one sentence each about lines that a loss of power left incomplete.
    """

    entries: int
    head: str
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def line_of(entry: Mapping[str, Any], key: bytes = b'') -> tuple[bytes, str]:
    """
    Return the line of an entry, and its hash, which the line holds too.

    :param entry: without its hash.
    :raises ValueError: for a number that JSON cannot hold.
    """
    content = json.dumps(entry, allow_nan=False).encode()
    found = digest(content, key)
    return b'%s, "hash": "%s"}\n' % (content[:-1], found.encode()), found


def digest(content: bytes, key: bytes = b'') -> str:
    """Return the SHA-256 of bytes, or their HMAC where there is a key."""
    if key:
        return hmac.new(key, content, hashlib.sha256).hexdigest()
    return hashlib.sha256(content).hexdigest()


def _hash_of_values(entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry of version 1."""
    content = {key: value for key, value in entry.items() if key != 'hash'}
    return digest(json.dumps(content, sort_keys=True, separators=(',', ':'),
                             allow_nan=False).encode())


def read_entry(line: bytes) -> Entry | None:
    """Return the entry in a line, None where it is none that this package writes."""
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
    Entries read one after another.

    :param key: that the hashes are made with, empty where they have none.
    :ivar count: how many were read, and ``head`` the hash of the last of them.
    :ivar incomplete: bytes of the lines since the last entry that are no entry.
    :ivar notes: about lines that were set aside.
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
        Take one line, tell what is wrong with it.

        :raises AuditFileError: when it is keyed, and there is no key.
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
        """Return whether the bytes at the end are what a loss of power leaves of an entry."""
        end = self.incomplete
        return not end.endswith(b'\n') or b'\0' in end or end.endswith(INCOMPLETE)

    def _is_as_written(self, line: bytes, entry: Entry, version: int) -> bool:
        # nobody goes back to the older form, which can be forged
        if version < self._version or bool(entry.get('keyed')) != bool(self._key):
            return False
        if version == 1:
            # its hash is of the values; these bytes are how they were written
            return bool(_hash_of_values(entry) == entry['hash']) and \
                line == json.dumps(entry).encode() + b'\n'
        parts = LINE.fullmatch(line)
        return parts is not None and hmac.compare_digest(
            digest(parts[1] + b'}', self._key).encode(), parts[2])

    def _incomplete_problems(self, number: int, recovery: Entry | None) -> Iterator[str]:
        """Tell of the lines before this one that are no entries, unless it sets them aside."""
        if recovery is not None and recovery.get('sha256') == digest(self.incomplete):
            self.notes += (f'line {number - 1} was incomplete, and was set aside on '
                           f'{recovery.get("time")} by entry {recovery["index"]}',)
        elif self.incomplete:
            yield f'line {number - 1} is no whole entry: it was changed or cut off'
        elif recovery is not None:
            yield f'the incomplete line that entry {recovery["index"]} set aside is missing'
        self.incomplete, self._incomplete_lines = b'', 0
