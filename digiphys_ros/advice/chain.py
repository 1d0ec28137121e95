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

A changed, missing or moved entry breaks the chain. What the chain alone cannot show, entries
missing at its end, a small file beside the log tells: how many there are, and the last hash.
Whoever may write both files could write all anew; a hash noted elsewhere shows that too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
from typing import Any

from digiphys_ros.errors import AuditError

BEGINNING = '0' * 64
"""What the first entry names as the hash before it."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """
    What ``verify`` found.

    :ivar head: hash of the last entry.
    :ivar problems: one sentence each; none in a log that is as it was written.
    """

    entries: int
    head: str
    problems: tuple[str, ...]


def entry_hash(entry: Mapping[str, Any]) -> str:
    """Return the sha256 of an entry without its ``hash``, keys sorted."""
    content = {key: value for key, value in entry.items() if key != 'hash'}
    text = json.dumps(content, sort_keys=True, separators=(',', ':'), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def head_file(path: Path) -> Path:
    """Return the file beside a log that tells where it ends."""
    return path.with_name(f'{path.name}.head')


def verify(path: str | Path, noted: str = '') -> Finding:
    """
    Look for entries that were changed, are missing or are cut off.

    :param noted: the hash of an entry as somebody wrote it down; it has to be in the log.
    :raises AuditError: when the file cannot be read.
    """
    path = Path(path)
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise AuditError(f'{path}: cannot be read: {error.strerror}.') from error
    chain = Chain()
    problems = [problem for number, line in enumerate(lines, 1)
                for problem in chain.problems(number, line)]
    problems += _end_problems(path, chain, bool(lines))
    if noted and noted not in chain.hashes:
        problems.append(f'no entry has the hash {noted[:12]}: the log was written anew')
    return Finding(chain.count, chain.head, tuple(problems))


class Chain:
    """
    Entries read one after another.

    :param count: how many were read before, and ``head`` the hash of the last of them.
    """

    def __init__(self, count: int = 0, head: str = BEGINNING) -> None:
        self.count = count
        self.head = head
        self.hashes = {head}

    def problems(self, number: int, line: bytes) -> Iterator[str]:
        """Take one line, tell what is wrong with it."""
        try:
            entry = json.loads(line)
            index, previous = int(entry['index']), entry['previous']
            found, given = entry_hash(entry), entry['hash']
        except (ValueError, KeyError, TypeError):
            yield f'line {number} is no whole entry: it was changed or cut off'
            return
        if not line.endswith(b'\n'):
            yield f'entry {index} in line {number} is cut off'
        if found != given:
            yield f'entry {index} in line {number} was changed'
        elif index > self.count + 1:
            missing = f'entry {index - 1} is' if index == self.count + 2 else \
                f'entries {self.count + 1} to {index - 1} are'
            yield f'{missing} missing before line {number}'
        elif index <= self.count:
            yield f'entry {index} in line {number} is not in its place'
        elif previous != self.head:
            yield (f'entry {index} in line {number} does not follow the one before it: one of '
                   'them was put in later')
        self.count, self.head = index, given
        self.hashes.add(given)


def _end_problems(path: Path, chain: Chain, entries: bool) -> Iterator[str]:
    try:
        end = json.loads(head_file(path).read_text(encoding='utf-8'))
        count, head = int(end['entries']), str(end['hash'])
    except (OSError, ValueError, KeyError, TypeError):
        if entries:
            yield f'{head_file(path).name}, which tells where the log ends, is missing or spoilt'
        return
    if chain.count < count:
        yield f'entries {chain.count + 1} to {count} are missing at the end' \
            if count > chain.count + 1 else f'entry {count} is missing at the end'
    elif head not in chain.hashes:
        yield f'{head_file(path).name} names another entry {count}: the log was written anew'
