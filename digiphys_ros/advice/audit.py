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

"""The audit log: entries are appended and never changed."""

from collections.abc import Iterator
from contextlib import contextmanager
import copy
from datetime import datetime, timezone
import fcntl
import io
import os
from pathlib import Path
import time
from typing import Any

from digiphys_ros.advice.chain import (
    Chain,
    digest,
    Entry,
    INCOMPLETE,
    line_of,
    RECOVERY,
    VERSION,
)
from digiphys_ros.advice.verify import (
    end_of,
    examine,
    head_file,
    head_text,
    LINE_BYTES,
    lines_of,
    lock,
)
from digiphys_ros.errors import AuditError, AuditFileError
from digiphys_ros.files import check_regular_file, parse_json


class AuditLog:
    """
    An append-only log.

    Several processes may append to one log; ``follow`` reads the entries of the others. An
    incomplete line after a loss of power stays in place; the next entry marks it.

    :param key: key of the hashes: only its owners can write a log that verifies. All entries of a
        log need the same key, or none.
    :raises AuditError: when an existing log has been changed.
    """

    def __init__(self, path: str | Path, key: bytes = b'') -> None:
        self.path = Path(path)
        self._key = key
        self._size = self._lines = 0
        self._chain = Chain(key)
        self._last = b''
        self._unread: list[Entry] = []
        with self._locked(create=True) as file:
            if not os.fstat(file).st_size and not head_file(self.path).exists():
                # a log without its head file never verifies
                self._note_end(0, self.head)
            with os.fdopen(os.dup(file), 'rb') as content:
                finding = examine(self.path, content, key=key)
            if finding.problems:
                raise AuditError(f'{self.path}: {finding.problems[0]}; keep the file for the '
                                 'record and name another one.')
            self._catch_up(file)
            if end_of(self.path)[0] != self.count:
                # a loss of power came before the head file
                self._note_end(self.count, self.head)

    def __str__(self) -> str:
        return f'audit log: {self.count} entries, last hash {self.head}'

    @property
    def head(self) -> str:
        """Return the hash of the last entry; a copy elsewhere reveals a rewritten log."""
        return self._chain.head

    @property
    def count(self) -> int:
        """Return the number of entries."""
        return self._chain.count

    def follow(self) -> list[Entry]:
        """
        Return the entries of all processes since the last call.

        :raises AuditError: when the log has been truncated or changed.
        """
        with self._locked() as file:
            self._catch_up(file)
        unread, self._unread = self._unread, []
        return unread

    def append(self, kind: str, time_s: float, **fields: Any) -> Entry:
        """
        Write one entry to disk; it is complete when this returns.

        :param time_s: time in seconds since 1970.
        :raises AuditError: when it cannot be written; then no part of it remains.
        """
        with self._locked() as file:
            self._catch_up(file)
            entry = self._write(file, b'', kind, time_s, fields)
            self._read(file)
        return entry

    @contextmanager
    def _locked(self, create: bool = False) -> Iterator[int]:
        try:
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            if not create or self.path.exists():
                check_regular_file(self.path)
            # opened for each entry: a file that was moved away must not get entries
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | (os.O_CREAT if create else 0),
                           0o640)
            try:
                lock(file, fcntl.LOCK_EX)
                yield file
            finally:
                os.close(file)
        except OSError as error:
            raise AuditFileError(f'{self.path}: the audit log cannot be written: '
                                 f'{error.strerror}; nothing goes out unlogged.') from error

    def _catch_up(self, file: int) -> None:
        """Read all new entries, and complete an interrupted one."""
        self._read(file)
        if self._chain.incomplete:
            self._set_aside(file)
            self._read(file)

    def _read(self, file: int) -> None:
        size = os.fstat(file).st_size
        if size < self._size:
            raise self._changed(f'it was cut from {self._size} to {size} bytes')
        start = self._size - len(self._last)
        content = io.BytesIO(os.pread(file, size - start, start))
        if content.read(len(self._last)) != self._last:
            raise self._changed('its last entry is not where it was')
        # a copy: a wrong line must be read again
        chain, number, line, entries = copy.copy(self._chain), self._lines, self._last, []
        for number, line in lines_of(self.path, content, self._lines):
            for problem in chain.problems(number, line):
                raise self._changed(problem)
            if not chain.incomplete:
                entries.append(chain.entry)
        if chain.incomplete and not chain.lost_power:
            raise self._changed(f'line {number} is not a complete entry')
        self._unread += entries
        self._size, self._lines, self._chain, self._last = size, number, chain, line

    def _set_aside(self, file: int) -> None:
        """Complete an entry that a loss of power interrupted, and record it."""
        end = b'' if self._chain.incomplete.endswith(b'\n') else INCOMPLETE
        left = self._chain.incomplete + end
        self._write(file, end, RECOVERY, time.time(), {'bytes': len(left), 'sha256': digest(left)})
        self._chain.incomplete = left
        self._last = left
        self._size += len(end)

    def _write(self, file: int, before: bytes, kind: str, time_s: float, fields: dict[str, Any]
               ) -> Entry:
        """Write bytes and an entry, or nothing; return the entry."""
        index = self.count + 1
        try:
            when = datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec='microseconds')
            entry: Entry = {
                'version': VERSION, 'index': index, 'time': when, 'kind': kind, **fields,
                **({'keyed': True} if self._key else {}), 'previous': self.head}
            line, found = line_of(entry, self._key)
            if len(line) > LINE_BYTES:
                raise ValueError(f'it has {len(line)} bytes, and at most {LINE_BYTES} are taken')
            # an unreadable entry is never written
            parse_json(line, finite=True)
        except (ValueError, OverflowError) as error:
            raise AuditError(f'{self.path}: an entry cannot be logged: {error}; nothing goes out '
                             'unlogged.') from error
        try:
            _write(file, before + line)
            self._note_end(index, found)
        except OSError:
            os.ftruncate(file, self._size)
            raise
        return {**entry, 'hash': found}

    def _changed(self, problem: str) -> AuditError:
        return AuditError(f'{self.path}: the audit log was changed: {problem}; nothing goes out '
                          'unlogged.')

    def _note_end(self, index: int, found: str) -> None:
        target = head_file(self.path)
        temporary = target.with_name(f'{target.name}.new')
        # it may be a pipe, which never opens, or a link
        temporary.unlink(missing_ok=True)
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            _write(file, head_text(index, found, self._key).encode())
        finally:
            os.close(file)
        os.replace(temporary, target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # the directory entries of both files are on disk too
            os.fsync(folder)
        finally:
            os.close(folder)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data):]
    os.fsync(file)
