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
from datetime import datetime, timezone
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from digiphys_ros.advice.chain import BEGINNING, Chain, Entry, entry_hash, head_file, verify
from digiphys_ros.errors import AuditError


class AuditLog:
    """
    A log that takes entries and gives none back to be changed.

    Several processes may append to one log; each reads what the others appended by ``follow``.

    :raises AuditError: for a log that is there already and is not as it was written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._size = 0
        self._count = 0
        self.head = BEGINNING
        self._unread: list[Entry] = []
        with self._locked(create=True) as file:
            finding = verify(self.path)
            if finding.problems:
                raise AuditError(f'{self.path}: {finding.problems[0]}; keep the file for the '
                                 'record and name another one.')
            self._catch_up(file)

    def follow(self) -> list[Entry]:
        """
        Return the entries since the last call, whoever appended them.

        :raises AuditError: when the log was cut or changed meanwhile.
        """
        with self._locked() as file:
            self._catch_up(file)
        unread, self._unread = self._unread, []
        return unread

    def append(self, kind: str, time_s: float, **fields: Any) -> Entry:
        """
        Write one entry to the disk; it is there whole when this returns.

        :param time_s: when, in seconds since 1970.
        :raises AuditError: when it could not be written; then nothing of it is there.
        """
        with self._locked() as file:
            self._catch_up(file)
            when = datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec='microseconds')
            entry: Entry = {'index': self._count + 1, 'time': when, 'kind': kind, **fields,
                            'previous': self.head}
            entry['hash'] = entry_hash(entry)
            try:
                _write(file, json.dumps(entry, allow_nan=False).encode() + b'\n')
                self._note_end(entry)
            except OSError:
                os.ftruncate(file, self._size)
                raise
            self._catch_up(file)
        return entry

    @contextmanager
    def _locked(self, create: bool = False) -> Iterator[int]:
        try:
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            # opened anew each time: a file that was moved away must not take entries unseen
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | (os.O_CREAT if create else 0),
                           0o640)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
            finally:
                os.close(file)
        except OSError as error:
            raise AuditError(f'{self.path}: the audit log cannot be written: {error.strerror}; '
                             'nothing goes out unlogged.') from error

    def _catch_up(self, file: int) -> None:
        """Read what was appended since, by this process or another."""
        size = os.fstat(file).st_size
        lines = os.pread(file, max(size - self._size, 0), self._size).splitlines(keepends=True)
        chain = Chain(self._count, self.head)
        problems = [problem for number, line in enumerate(lines, self._count + 1)
                    for problem in chain.problems(number, line)]
        if size < self._size:
            problems = [f'it was cut from {self._size} to {size} bytes']
        if problems:
            raise AuditError(f'{self.path}: the audit log was changed: {problems[0]}; nothing '
                             'goes out unlogged.')
        self._unread += [json.loads(line) for line in lines]
        self._size, self._count, self.head = size, chain.count, chain.head

    def _note_end(self, entry: Entry) -> None:
        target = head_file(self.path)
        beside = target.with_name(f'{target.name}.new')
        text = json.dumps({'entries': entry['index'], 'hash': entry['hash']}) + '\n'
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            _write(file, text.encode())
        finally:
            os.close(file)
        os.replace(beside, target)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data):]
    os.fsync(file)
