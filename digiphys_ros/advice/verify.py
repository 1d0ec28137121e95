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

"""Verify a whole audit log, with its end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import errno
import fcntl
import json
from pathlib import Path
import time
from typing import BinaryIO

from digiphys_ros.advice.chain import Chain, digest, Finding
from digiphys_ros.errors import AuditError, AuditFileError
from digiphys_ros.files import (
    open_regular,
    parse_json,
    read_bytes,
    read_text,
    reason_of,
    UNREADABLE,
)

LINE_BYTES = 1 << 20
"""Limit of one entry: a thousand classes and a page of notes have 50 kB."""
LOG_BYTES = 1 << 40
MOST_PROBLEMS = 1000
"""Limit of listed problems: a file with more is not an audit log."""
LOCK_S, LOCK_PAUSE_S = 5.0, 0.01
"""How long to wait for a lock of another process; 140,000 advices are verified in that time."""
KEY_BYTES = 32, 4096
"""Least and most bytes of a key: as many as the hash has, and not a large file by mistake."""


def verify(path: str | Path, noted: str = '', key: bytes = b'') -> Finding:
    """
    Find changed, missing and truncated entries.

    :param noted: a hash that was noted before; it must be in the log.
    :param key: key of the log.
    :raises AuditError: when the file cannot be read, or needs a key.
    """
    path = Path(path)
    with _opened(path) as file:
        # no process may be in the middle of a line
        lock(file.fileno(), fcntl.LOCK_SH)
        return examine(path, file, noted, key)


def lock(file: int, operation: int, patience_s: float = LOCK_S) -> None:
    """
    Lock an open log.

    :param operation: ``fcntl.LOCK_EX`` to write, ``fcntl.LOCK_SH`` to read.
    :raises TimeoutError: when another process keeps it locked for longer than ``patience_s``.
    """
    until_s = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(file, operation | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until_s:
                raise TimeoutError(
                    errno.ETIMEDOUT, 'another process has kept it locked for more than '
                    f'{patience_s:g} s (lslocks lists it): end that process') from None
            time.sleep(LOCK_PAUSE_S)


def examine(path: Path, file: BinaryIO, noted: str = '', key: bytes = b'') -> Finding:
    """
    Verify an open, locked log.

    :raises AuditError: when a line is too long, or needs a key.
    """
    chain, problems, number = Chain(key), [], 0
    # a duplicate hash is a problem already
    counts = {chain.head: 0}
    for number, line in lines_of(path, file):
        try:
            problems += list(chain.problems(number, line))
        except AuditFileError as error:
            raise AuditFileError(f'{path}: {error}.') from error
        counts[chain.head] = chain.count
        if len(problems) > MOST_PROBLEMS:
            problems.append(f'after line {number} the log was not read: it has too many problems')
            return Finding(chain.count, chain.head, tuple(problems), chain.notes)
    if chain.incomplete and not chain.lost_power:
        problems.append(f'line {number} is not a complete entry: it was changed or cut off')
    problems += _end_problems(path, chain, counts, number, key)
    if noted and noted not in counts:
        problems.append(f'no entry has the hash {noted[:12]}: the log was rewritten or truncated')
    notes = chain.notes
    if not problems and end_of(path)[0] == chain.count - 1:
        notes += (f'entry {chain.count} is not counted in {head_file(path).name}, as a loss of '
                  'power leaves it: it is when the log is opened the next time',)
    if chain.incomplete and not problems:
        notes += (f'line {number} is incomplete, as a loss of power leaves it: it is set aside '
                  'when the log is opened the next time',)
    return Finding(chain.count, chain.head, tuple(problems), notes)


def lines_of(path: Path, file: BinaryIO, before: int = 0) -> Iterator[tuple[int, bytes]]:
    """
    Yield number and bytes of each line.

    :param before: number of the line before the first.
    :raises AuditError: for a line that is too long for an entry.
    """
    number = before
    while line := file.readline(LINE_BYTES + 1):
        number += 1
        if len(line) > LINE_BYTES:
            raise AuditError(f'{path}: line {number} has more than {LINE_BYTES} bytes: it was put '
                             'in by something else; keep the file for the record and name '
                             'another one.')
        yield number, line


def read_key(path: str | Path) -> bytes:
    """
    Return the key in a file, as ``head -c 32 /dev/urandom`` makes it.

    :raises AuditError: when it cannot be read, or has a wrong length.
    """
    try:
        key = read_bytes(Path(path).expanduser(), KEY_BYTES[1])
    except (OSError, RuntimeError) as error:
        raise AuditFileError(f'{path}: the key cannot be read: {reason_of(error)}.') from error
    if len(key) < KEY_BYTES[0]:
        raise AuditFileError(f'{path}: a key has at least {KEY_BYTES[0]} bytes, received '
                             f'{len(key)}: make one with head -c 32 /dev/urandom.')
    return key


def head_file(path: Path) -> Path:
    """Return the head file of a log, which holds its end."""
    return path.with_name(f'{path.name}.head')


def end_of(path: Path) -> tuple[int, str, str]:
    """
    Return number and hash of the last entry in the head file, and its text.

    :raises Exception: one of ``UNREADABLE``.
    """
    text = read_text(head_file(path))
    end = parse_json(text, finite=True)
    return int(end['entries']), str(end['hash']), text


def head_text(count: int, head: str, key: bytes = b'') -> str:
    """Return the text of the head file."""
    end = {'entries': count, 'hash': head}
    signed = {'mac': digest(f'{count} {head}'.encode(), key)} if key else {}
    return json.dumps({**end, **signed}) + '\n'


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with open_regular(path, LOG_BYTES) as file:
            yield file
    except OSError as error:
        raise AuditFileError(f'{path}: cannot be read: {reason_of(error)}.') from error


def _end_problems(path: Path, chain: Chain, counts: Mapping[str, int], lines: int, key: bytes
                  ) -> Iterator[str]:
    """Compare a log with its head file."""
    name = head_file(path).name
    try:
        count, head, text = end_of(path)
    except UNREADABLE:
        yield f'{name}, which marks the end of the log, is missing or corrupted'
        return
    if text.rstrip('\n') != head_text(count, head, key).rstrip('\n'):
        yield f'{name} is not of this key: it was written by somebody else' if key else \
            f'{name} is not as it was written'
    if chain.count < count:
        if chain.incomplete and chain.lost_power:
            yield f'line {lines} is not a complete entry: it was changed or cut off'
        yield f'entries {chain.count + 1} to {count} are missing at the end' \
            if count > chain.count + 1 else f'entry {count} is missing at the end'
    elif counts.get(head) != count:
        yield f'{name} names another entry {count}: the log was rewritten'
    elif chain.count > count + 1:
        yield (f'entries {count + 1} to {chain.count} are not counted in {name}: they were put in '
               'by something else')
