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

import json
import resource
import subprocess
import sys

from digiphys_ros.advice import AuditLog, verify
from digiphys_ros.errors import AuditError
import pytest


@pytest.fixture
def path(tmp_path):
    """Return a log of five entries."""
    log = AuditLog(tmp_path / 'log.jsonl')
    for number in range(5):
        log.append('advice', 1.5e9 + number, case=f'lens@{number}', note='"quoted"\nß')
    return log.path


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def test_entries_follow_each_other_and_verify(path):
    entries = [json.loads(line) for line in lines(path)]
    assert [entry['index'] for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry['previous'] for entry in entries[1:]] == [one['hash'] for one in entries[:-1]]
    assert entries[0]['time'] == '2017-07-14T02:40:00.000000+00:00'
    found = verify(path)
    assert (found.entries, found.head, found.problems) == (5, entries[-1]['hash'], ())


def change(line):
    return line.replace(b'lens@', b'lent@')


def forge(line):
    from digiphys_ros.advice.chain import entry_hash
    entry = {**json.loads(line), 'case': 'another'}
    return json.dumps({**entry, 'hash': entry_hash(entry)}).encode() + b'\n'


@pytest.mark.parametrize(('spoil', 'sentence'), [
    (lambda all_: [*all_[:2], change(all_[2]), *all_[3:]], 'entry 3 in line 3 was changed'),
    (lambda all_: [*all_[:2], *all_[3:]], 'entry 3 is missing before line 3'),
    (lambda all_: [all_[0], *all_[3:]], 'entries 2 to 3 are missing before line 2'),
    (lambda all_: all_[1:], 'entry 1 is missing before line 1'),
    (lambda all_: all_[:-1], 'entry 5 is missing at the end'),
    (lambda all_: all_[:2], 'entries 3 to 5 are missing at the end'),
    (lambda all_: [], 'entries 1 to 5 are missing at the end'),
    (lambda all_: [*all_[:-1], all_[-1][:-9]], 'line 5 is no whole entry'),
    (lambda all_: [*all_[:-1], all_[-1][:-1]], 'entry 5 in line 5 is cut off'),
    (lambda all_: [*all_, all_[1]], 'entry 2 in line 6 is not in its place'),
    (lambda all_: [*all_[:2], forge(all_[2]), *all_[3:]], 'entry 4 in line 4 does not follow'),
    (lambda all_: [*all_[:-1], forge(all_[-1])], 'names another entry 5'),
    (lambda all_: [b'nonsense\n', *all_[1:]], 'line 1 is no whole entry'),
    (lambda all_: [b'{"index": "x"}\n', *all_[1:]], 'line 1 is no whole entry'),
])
def test_what_was_done_to_a_log_is_found_and_nothing_is_added_to_it(path, spoil, sentence):
    open_one = AuditLog(path)
    path.write_bytes(b''.join(spoil(lines(path))))
    assert sentence in verify(path).problems[0]
    with pytest.raises(AuditError, match='keep the file for the record'):
        AuditLog(path)
    spoilt = path.read_bytes()
    if len(spoilt) != open_one._size:
        with pytest.raises(AuditError, match='nothing goes out unlogged'):
            open_one.append('advice', 0.0)
        assert path.read_bytes() == spoilt


def test_a_log_written_anew_is_found_by_a_noted_hash(path, tmp_path):
    noted = verify(path).head
    assert not verify(path, noted).problems
    other = AuditLog(tmp_path / 'other.jsonl')
    for number in range(5):
        other.append('advice', 0.0, case=f'{number}')
    assert 'was written anew' in verify(other.path, noted).problems[0]


def test_a_missing_end_file_is_told(path):
    path.with_name('log.jsonl.head').unlink()
    assert 'tells where the log ends, is missing' in verify(path).problems[0]


def test_a_log_that_was_ended_by_a_crash_before_its_end_was_noted_goes_on(path):
    head = path.with_name('log.jsonl.head')
    before = head.read_text()
    AuditLog(path).append('advice', 0.0)
    head.write_text(before)
    assert not verify(path).problems
    assert AuditLog(path).append('advice', 0.0)['index'] == 7


def test_two_processes_share_a_log_and_hear_of_each_other(path):
    log = AuditLog(path)
    assert len(log.follow()) == 5
    script = ('import sys; from digiphys_ros.advice import AuditLog; log = AuditLog(sys.argv[1]);'
              '[log.append("decision", 0.0, by=sys.argv[2]) for _ in range(20)]')
    others = [subprocess.Popen([sys.executable, '-c', script, path, name]) for name in 'ab']
    for number in range(20):
        log.append('advice', 0.0, case=f'{number}')
    assert [other.wait(30) for other in others] == [0, 0]
    entries = log.follow()
    assert len(entries) == 60
    assert verify(path).problems == ()
    assert not log.follow()


def test_a_full_disk_leaves_no_part_of_an_entry(path):
    log = AuditLog(path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # the file may grow by half an entry, as on a disk that is nearly full
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 80, limits[1]))
    try:
        with pytest.raises(AuditError, match='cannot be written: File too large; nothing goes'):
            log.append('advice', 0.0, case='one')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    log.append('advice', 0.0, case='two')
    assert verify(path).entries == 6


def test_a_log_that_was_moved_away_takes_nothing(path):
    log = AuditLog(path)
    path.rename(path.with_name('elsewhere'))
    with pytest.raises(AuditError, match='No such file'):
        log.append('advice', 0.0)
    assert not path.exists()


def test_what_cannot_be_a_log_is_refused(tmp_path):
    with pytest.raises(AuditError, match='cannot be written: Is a directory'):
        AuditLog(tmp_path)
    with pytest.raises(AuditError, match='cannot be read'):
        verify(tmp_path / 'nothing')
