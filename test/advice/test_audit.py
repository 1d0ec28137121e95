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

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys

from digiphys_ros.advice import AuditLog, read_key, verify
from digiphys_ros.advice.chain import line_of
from digiphys_ros.advice.verify import lock
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


def test_append_chains_entries_that_verify(path):
    entries = [json.loads(line) for line in lines(path)]
    assert [entry['index'] for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry['previous'] for entry in entries[1:]] == [one['hash'] for one in entries[:-1]]
    assert entries[0]['time'] == '2017-07-14T02:40:00.000000+00:00'
    found = verify(path)
    assert (found.entries, found.head, found.problems) == (5, entries[-1]['hash'], ())


def change(line):
    return line.replace(b'lens@', b'lent@')


def forge(line):
    entry = {**json.loads(line), 'case': 'another'}
    del entry['hash']
    return line_of(entry)[0]


@pytest.mark.parametrize(('corrupt', 'sentence'), [
    (lambda all_: [*all_[:2], change(all_[2]), *all_[3:]], 'entry 3 in line 3 was changed'),
    (lambda all_: [*all_[:2], *all_[3:]], 'entry 3 is missing before line 3'),
    (lambda all_: [all_[0], *all_[3:]], 'entries 2 to 3 are missing before line 2'),
    (lambda all_: all_[1:], 'entry 1 is missing before line 1'),
    (lambda all_: all_[:-1], 'entry 5 is missing at the end'),
    (lambda all_: all_[:2], 'entries 3 to 5 are missing at the end'),
    (lambda all_: [], 'entries 1 to 5 are missing at the end'),
    (lambda all_: [*all_[:-1], all_[-1][:-9]], 'line 5 is not a complete entry'),
    (lambda all_: [*all_[:-1], all_[-1][:-1]], 'line 5 is not a complete entry'),
    (lambda all_: [*all_, all_[1]], 'entry 2 in line 6 is not in its place'),
    (lambda all_: [*all_[:2], forge(all_[2]), *all_[3:]], 'entry 4 in line 4 does not follow'),
    (lambda all_: [*all_[:-1], forge(all_[-1])], 'names another entry 5'),
    (lambda all_: [*all_, b'{"index": 6}\n'], 'line 6 is not a complete entry'),
    (lambda all_: [b'nonsense\n', *all_[1:]], 'line 1 is not a complete entry'),
    (lambda all_: [b'{"index": "x"}\n', *all_[1:]], 'line 1 is not a complete entry'),
])
def test_changed_log_is_found_and_gets_no_entries(path, corrupt, sentence):
    open_one = AuditLog(path)
    path.write_bytes(b''.join(corrupt(lines(path))))
    assert sentence in verify(path).problems[0]
    with pytest.raises(AuditError, match='keep the file for the record'):
        AuditLog(path)
    corrupted = path.read_bytes()
    if len(corrupted) != open_one._size:
        with pytest.raises(AuditError, match='nothing goes out unlogged'):
            open_one.append('advice', 0.0)
        assert path.read_bytes() == corrupted


def test_rewritten_log_is_found_by_a_noted_hash(path, tmp_path):
    noted = verify(path).head
    assert not verify(path, noted).problems
    other = AuditLog(tmp_path / 'other.jsonl')
    for number in range(5):
        other.append('advice', 0.0, case=f'{number}')
    assert 'was rewritten' in verify(other.path, noted).problems[0]


def test_missing_head_file_is_found(path):
    path.with_name('log.jsonl.head').unlink()
    assert 'marks the end of the log, is missing' in verify(path).problems[0]


def test_log_continues_after_a_crash_before_the_head_file(path):
    head = path.with_name('log.jsonl.head')
    before = head.read_text()
    AuditLog(path).append('advice', 0.0)
    head.write_text(before)
    assert not verify(path).problems
    assert AuditLog(path).append('advice', 0.0)['index'] == 7


def test_two_processes_append_to_one_log_and_follow_each_other(path):
    log = AuditLog(path)
    assert len(log.follow()) == 5
    script = ('import sys; from digiphys_ros.advice import AuditLog; log = AuditLog(sys.argv[1]);'
              '[log.append("decision", 0.0, by=sys.argv[2]) for _ in range(20)]')
    others = [subprocess.Popen([sys.executable, '-c', script, path, name]) for name in 'ab']
    for number in range(20):
        log.append('advice', 0.0, case=f'{number}')
    assert [other.wait(60) for other in others] == [0, 0]
    entries = log.follow()
    assert len(entries) == 60
    assert verify(path).problems == ()
    assert not log.follow()


@pytest.mark.parametrize('act', [
    lambda log: AuditLog(log.path), lambda log: verify(log.path), AuditLog.follow,
    lambda log: log.append('advice', 0.0)])
def test_lock_of_another_process_times_out(
        path, monkeypatch, act):
    log, before = AuditLog(path), path.read_bytes()
    monkeypatch.setattr(lock, '__defaults__', (0.3,))
    script = ('import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); '
              'print(flush=True); sys.stdin.read()')
    other = subprocess.Popen([sys.executable, '-c', script, path], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    other.stdout.readline()
    try:
        with pytest.raises(AuditError, match=r'kept it locked for more than 0\.3 s') as refused:
            act(log)
        assert '\n' not in str(refused.value)
    finally:
        other.communicate('')
    assert path.read_bytes() == before
    act(log)


def test_full_disk_leaves_no_part_of_an_entry(path):
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


def test_moved_log_gets_no_entries(path):
    log = AuditLog(path)
    path.rename(path.with_name('elsewhere'))
    with pytest.raises(AuditError, match='No such file'):
        log.append('advice', 0.0)
    assert not path.exists()


def test_invalid_log_is_refused(tmp_path):
    with pytest.raises(AuditError, match='a regular file is needed, and this is a folder'):
        AuditLog(tmp_path)
    with pytest.raises(AuditError, match='cannot be read'):
        verify(tmp_path / 'nothing')


# Forgery.

def old_log(path):
    """Write three entries as releases before version 2 did."""
    head, text = '0' * 64, ''
    for index in range(1, 4):
        entry = {'index': index, 'time': '2026-01-01T00:00:00.000000+00:00', 'kind': 'advice',
                 'case': str(index), 'previous': head}
        head = hashlib.sha256(json.dumps(
            entry, sort_keys=True, separators=(',', ':')).encode()).hexdigest()
        text += json.dumps({**entry, 'hash': head}) + '\n'
    path.write_text(text)
    path.with_name(f'{path.name}.head').write_text(json.dumps({'entries': 3, 'hash': head}))
    return path


def test_log_of_version_1_verifies_and_continues(tmp_path):
    path = old_log(tmp_path / 'old.jsonl')
    assert verify(path).problems == ()
    AuditLog(path).append('advice', 0.0)
    assert verify(path).entries == 4
    assert verify(path).problems == ()
    path.write_bytes(path.read_bytes().replace(b'"case": "2"', b'"case": "9"'))
    assert verify(path).problems == ('entry 2 in line 2 was changed, or is not of this key',)


def test_entry_of_version_1_after_a_newer_one_is_refused(path):
    entry = json.loads(lines(path)[-1])
    del entry['hash'], entry['version']
    digest = hashlib.sha256(json.dumps(
        entry, sort_keys=True, separators=(',', ':')).encode()).hexdigest()
    forged = json.dumps({**entry, 'hash': digest}).encode() + b'\n'
    path.write_bytes(b''.join([*lines(path)[:-1], forged]))
    assert 'entry 5 in line 5 was changed' in verify(path).problems[0]


@pytest.mark.parametrize('make', [lambda folder: None, old_log])
def test_duplicate_json_key_in_an_entry_is_found(path, tmp_path, make):
    path = make(tmp_path / 'old.jsonl') or path
    content = lines(path)
    # the last of two equal keys counts in most readers, the first in others
    content[1] = content[1].replace(b'{"', b'{"case": "forged", "', 1)
    path.write_bytes(b''.join(content))
    assert verify(path).problems[0] == 'line 2 is not a complete entry: it was changed or cut off'
    with pytest.raises(AuditError, match='keep the file for the record'):
        AuditLog(path)


@pytest.mark.parametrize('change', [
    (b'": "', b'":"'), (b'": "', b'":  "'), (b'lens', b'l\\u0065ns'), (b'\n', b' \n')])
def test_same_values_in_other_bytes_are_found(path, change):
    content = lines(path)
    content[1] = content[1].replace(*change, 1)
    path.write_bytes(b''.join(content))
    assert 'line 2' in verify(path).problems[0]


@pytest.mark.parametrize('line', [b'[' * 100_000 + b'\n', b'{"index": ' + b'9' * 5000 + b'}\n',
                                  b'\xff\x00\n', b'"\\ud800"\n', b'null\n'])
def test_arbitrary_line_is_not_an_entry(path, line):
    path.write_bytes(line + path.read_bytes())
    assert 'line 1 is not a complete entry' in verify(path).problems[0]


FIELDS = {'version': '2', 'index': '1', 'kind': '"advice"', 'previous': f'"{"0" * 64}"'}


def hashed(line, old):
    """Return a line with its right hash and any other content."""
    if old:
        values = json.loads(line + b'}')
        found = hashlib.sha256(json.dumps(
            values, sort_keys=True, separators=(',', ':')).encode()).hexdigest()
    else:
        found = hashlib.sha256(line + b'}').hexdigest()
    return line + b', "hash": "' + found.encode() + b'"}\n'


@pytest.mark.parametrize('old', [False, True])
@pytest.mark.parametrize(('field', 'value'), [
    *((field, value) for field in FIELDS
      for value in ('Infinity', '-Infinity', 'NaN', '1e999', '[]', '{}', 'null', '"\\ud800"',
                    '1.5')),
    ('index', '"1"'), ('kind', '1'), ('score', 'NaN'), ('score', '1e999'), ('case', '"\\ud800"'),
    ('case', '[' * 60 + ']' * 60), ('\\ud800', '1')])
def test_hostile_line_with_a_right_hash_is_not_an_entry(tmp_path, field, value, old):
    fields = {**FIELDS, field: value}
    if old:
        fields |= {'version': value if field == 'version' else '1'}
    path = tmp_path / 'log.jsonl'
    path.write_bytes(hashed(('{' + ', '.join(
        f'"{name}": {text}' for name, text in fields.items())).encode(), old))
    assert 'line 1 is not a complete entry' in verify(path).problems[0]
    with pytest.raises(AuditError, match='line 1 is not a complete entry'):
        AuditLog(path)


@pytest.mark.parametrize('end', [
    '{"entries": Infinity, "hash": "0"}', '{"entries": 1e999, "hash": "0"}', '[]', 'null',
    '{"entries": NaN, "hash": "0"}', '{"entries": {}, "hash": "0"}', '[' * 60 + ']' * 60])
def test_hostile_head_file_is_found(path, end):
    path.with_name(f'{path.name}.head').write_text(end)
    assert 'is missing or corrupted' in verify(path).problems[0]
    with pytest.raises(AuditError, match='is missing or corrupted'):
        AuditLog(path)


@pytest.mark.parametrize('note', ['\udcff', [[[]]] * 3])
def test_unreadable_entry_is_not_written(path, note):
    nested = note
    for _ in range(60 if isinstance(note, list) else 0):
        nested = [nested]
    log, before = AuditLog(path), path.read_bytes()
    with pytest.raises(AuditError, match='cannot be logged'):
        log.append('decision', 0.0, note=nested)
    assert path.read_bytes() == before
    assert verify(path).problems == ()


def test_line_too_long_is_refused_unread(path):
    with open(path, 'ab') as file:
        file.truncate(3 << 30)
    with pytest.raises(AuditError, match='line 6 has more than 1048576 bytes'):
        verify(path)


def test_entry_too_long_is_not_written(path):
    log = AuditLog(path)
    with pytest.raises(AuditError, match='cannot be logged: it has 2000'):
        log.append('decision', 0.0, note='x' * 2_000_000)
    with pytest.raises(AuditError, match='cannot be logged: Out of range float'):
        log.append('decision', 0.0, score=float('nan'))
    with pytest.raises(AuditError, match='cannot be logged: year'):
        log.append('decision', 1e15)
    assert verify(path).entries == 5


# Loss of power.

@pytest.mark.parametrize('left', [b'{"version": 2, "index": 6, "ti', b'\0' * 500, b'\xff\r\x85',
                                  b'\0\n', b'\0\ntwo'])
def test_incomplete_last_line_is_marked_and_the_log_continues(path, left):
    with open(path, 'ab') as file:
        file.write(left)
    found = verify(path)
    assert (found.problems, found.entries) == ((), 5)
    assert 'is incomplete, as a loss of power leaves it' in found.notes[0]
    log = AuditLog(path)
    assert [entry['kind'] for entry in log.follow()] == ['advice'] * 5 + ['recovery']
    log.append('advice', 0.0)
    found = verify(path)
    assert (found.problems, found.entries) == ((), 7)
    assert 'was incomplete, and was set aside' in found.notes[0]
    assert 'by entry 6' in found.notes[0]
    assert left in path.read_bytes()
    assert AuditLog(path).append('advice', 0.0)['index'] == 8


def test_incomplete_line_of_another_process_is_marked(path):
    log = AuditLog(path)
    log.follow()
    with open(path, 'ab') as file:
        file.write(b'{"version": 2, "ind')
    assert log.append('advice', 0.0)['index'] == 7
    assert [entry['kind'] for entry in log.follow()] == ['recovery', 'advice']
    assert verify(path).problems == ()


def test_loss_of_power_while_a_line_is_marked(path):
    with open(path, 'ab') as file:
        file.write(b'{"version')
    AuditLog(path)
    content = path.read_bytes()
    for cut in (1, 30, len(content.splitlines()[-1])):
        path.write_bytes(content[:-cut])
        head = path.with_name('log.jsonl.head')
        head.write_text(json.dumps({'entries': 5, 'hash': json.loads(lines(path)[4])['hash']}))
        AuditLog(path)
        assert verify(path).problems == ()
        assert verify(path).entries == 6


def test_change_of_a_marked_line_is_found(path):
    with open(path, 'ab') as file:
        file.write(b'incomplete')
    AuditLog(path)
    path.write_bytes(path.read_bytes().replace(b'incomplete', b'incompetent'))
    assert verify(path).problems == ('line 6 is not a complete entry: it was changed or cut off',)


# A key.

KEY = bytes(range(32))


@pytest.fixture
def keyed(tmp_path):
    log = AuditLog(tmp_path / 'keyed.jsonl', KEY)
    for number in range(5):
        log.append('advice', 0.0, case=str(number))
    return log.path


def test_keyed_log_verifies_only_with_its_key(keyed):
    assert verify(keyed, key=KEY).problems == ()
    assert 'is not of this key' in verify(keyed, key=bytes(32)).problems[0]
    with pytest.raises(AuditError, match='entry 1 is keyed: name the file with the key'):
        verify(keyed)
    with pytest.raises(AuditError, match='entry 1 is keyed'):
        AuditLog(keyed)


def test_keyed_log_rewritten_without_the_key_is_found(keyed, tmp_path):
    forged = AuditLog(tmp_path / 'forged.jsonl')
    for number in range(5):
        forged.append('advice', 0.0, case=f'forged {number}')
    shutil.copy(forged.path, keyed)
    shutil.copy(f'{forged.path}.head', f'{keyed}.head')
    found = verify(keyed, key=KEY).problems
    assert len(found) == 6
    assert 'keyed.jsonl.head is not of this key' in found[-1]
    with pytest.raises(AuditError, match='keep the file'):
        AuditLog(keyed, KEY)


def test_truncated_keyed_log_is_found(keyed):
    content = lines(keyed)[:3]
    keyed.write_bytes(b''.join(content))
    head = keyed.with_name('keyed.jsonl.head')
    head.write_text(json.dumps({'entries': 3, 'hash': json.loads(content[-1])['hash']}))
    assert 'is not of this key' in verify(keyed, key=KEY).problems[0]
    head.unlink()
    assert 'is missing' in verify(keyed, key=KEY).problems[0]


def test_older_copy_of_a_keyed_log_is_found_by_a_noted_hash(keyed, tmp_path):
    for name in ('keyed.jsonl', 'keyed.jsonl.head'):
        shutil.copy(tmp_path / name, tmp_path / f'old {name}')
    noted = AuditLog(keyed, KEY).append('advice', 0.0)['hash']
    for name in ('keyed.jsonl', 'keyed.jsonl.head'):
        shutil.copy(tmp_path / f'old {name}', tmp_path / name)
    # the limit of the key: that state was written with it
    assert verify(keyed, key=KEY).problems == ()
    assert 'was rewritten or truncated' in verify(keyed, noted, KEY).problems[0]


def test_log_without_a_key_refuses_entries_with_one(path):
    with pytest.raises(AuditError, match='entry 1 in line 1 was changed, or is not of this key'):
        AuditLog(path, KEY)


def test_entries_missing_in_the_head_file_are_found(path):
    head = path.with_name('log.jsonl.head').read_text()
    for _ in range(2):
        AuditLog(path).append('advice', 0.0)
    path.with_name('log.jsonl.head').write_text(head)
    assert 'entries 6 to 7 are not counted' in verify(path).problems[0]


def test_read_key_checks_the_length(tmp_path):
    (tmp_path / 'key').write_bytes(KEY)
    assert read_key(tmp_path / 'key') == KEY
    (tmp_path / 'short').write_bytes(b'secret')
    with pytest.raises(AuditError, match='at least 32 bytes, received 6'):
        read_key(tmp_path / 'short')
    os.mkfifo(tmp_path / 'pipe')
    for name in ('pipe', 'none', '.', '/dev/zero'):
        with pytest.raises(AuditError, match='the key cannot be read'):
            read_key(tmp_path / name)


def test_log_that_is_a_pipe_or_device_is_refused(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for name in (tmp_path / 'pipe', '/dev/zero'):
        with pytest.raises(AuditError, match='a regular file is needed'):
            AuditLog(name)
        with pytest.raises(AuditError, match='a regular file is needed'):
            verify(name)


@pytest.mark.parametrize('make', [
    os.mkfifo, lambda place: place.symlink_to('precious'), lambda place: place.touch()],
    ids=['pipe', 'link', 'left over'])
def test_entry_is_written_despite_a_file_at_the_temporary_head_file(path, make):
    precious = path.with_name('precious')
    precious.write_text('kept')
    log = AuditLog(path)
    make(path.with_name(f'{path.name}.head.new'))
    log.append('advice', 1.0, case='1')
    assert verify(path).problems == () and precious.read_text() == 'kept'
    assert not path.with_name(f'{path.name}.head').is_symlink()


def test_folder_at_the_temporary_head_file_leaves_no_part_of_an_entry(path):
    log, before = AuditLog(path), path.read_bytes()
    path.with_name(f'{path.name}.head.new').mkdir()
    with pytest.raises(AuditError, match='cannot be written'):
        log.append('advice', 1.0, case='1')
    assert path.read_bytes() == before
