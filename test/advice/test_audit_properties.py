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

"""Any change to an audit log, or to the file with its end, is detected."""

from collections.abc import Callable
import hashlib
import json
import shutil

from digiphys_ros.advice import AuditLog, verify
from digiphys_ros.advice.verify import head_file, head_text
from digiphys_ros.errors import AuditError
from hypothesis import assume, given, settings, strategies as st
import pytest

KEY = bytes(range(32))
KEYS = {'plain': b'', 'keyed': KEY, 'old': b'', 'recovered': b'', 'recovered, keyed': KEY}


def write(path, key):
    """Write five entries, with a line that a loss of power left where the name says so."""
    log = AuditLog(path, key)
    for number in range(5):
        if number == 3 and 'recovered' in path.name:
            with open(path, 'ab') as file:
                file.write(b'{"version": 2, "index": 4, "ti\n\0')
        log.append('advice', 1.5e9 + number, case=f'lens@{number}', scores=[0.25, 1e-9, 1],
                   note='"quoted"\nß', none=None, yes=True)


def write_old(path):
    """Write five entries as releases before version 2 did."""
    head = '0' * 64
    with open(path, 'w') as file:
        for index in range(1, 6):
            entry = {'index': index, 'time': '2026-01-01T00:00:00.000000+00:00',
                     'kind': 'advice', 'case': 'ß', 'scores': [0.25, 1e-9, 1], 'previous': head}
            head = hashlib.sha256(json.dumps(
                entry, sort_keys=True, separators=(',', ':')).encode()).hexdigest()
            file.write(json.dumps({**entry, 'hash': head}) + '\n')
    head_file(path).write_text(json.dumps({'entries': 5, 'hash': head}) + '\n')


@pytest.fixture(scope='module')
def logs(tmp_path_factory):
    """Return a log of each form by name."""
    folder = tmp_path_factory.mktemp('logs')
    for name, key in KEYS.items():
        write_old(folder / name) if name == 'old' else write(folder / name, key)
        assert verify(folder / name, key=key).problems == ()
    return folder


@st.composite
def change_bytes(draw):
    """Return a change of one byte, of some, or of the length."""
    place, many = draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(0, 3))
    new = draw(st.one_of(st.binary(max_size=3), st.sampled_from(
        [b'\0', b'\n', b' ', b'"', b'}', b'0', b' incomplete\n'])))
    return lambda content: content[:(at := int(place * len(content)))] + new + content[at + many:]


@st.composite
def change_lines(draw):
    """Return a change of the order or number of lines."""
    first, second = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    way: Callable[[list[bytes]], list[bytes]] = draw(st.sampled_from([
        lambda all_: all_[:first] + all_[first + 1:],
        lambda all_: all_[:first] + all_[first + 1 + second:],
        lambda all_: all_[:first] + all_[second:second + 1] + all_[first:],
        lambda all_: all_ + all_[first:second],
        lambda all_: all_[first:] + all_[:first],
        lambda all_: all_[:first] + all_[first:first + 2][::-1] + all_[first + 2:]]))
    return lambda content: b''.join(way(content.splitlines(keepends=True)))


cut = st.integers(1, 3000).map(lambda count: lambda content: content[:-count])
single = st.tuples(st.integers(0, 10_000), st.integers(1, 255)).map(
    lambda pair: lambda content: content[:(at := pair[0] % len(content))]
    + bytes([content[at] ^ pair[1]]) + content[at + 1:])


@pytest.mark.parametrize('name', KEYS)
@settings(max_examples=150)
@given(corrupt=st.one_of(single, change_bytes(), change_lines(), cut), of_end=st.booleans())
def test_audit_log_changed_in_any_way_is_found(logs, name, corrupt, of_end):
    path = logs.with_name('changed') / name
    path.parent.mkdir(exist_ok=True)
    for file in (logs / name, head_file(logs / name)):
        shutil.copy(file, path.parent)
    target = head_file(path) if of_end else path
    content = target.read_bytes()
    corrupted = corrupt(content)
    assume(corrupted != content)
    # line ends after the head file's content have no meaning
    assume(not (of_end and corrupted.rstrip(b'\n') == content.rstrip(b'\n')))
    target.write_bytes(corrupted)
    found = verify(path, key=KEYS[name])
    if not found.problems:
        # bytes behind the last entry may be what a loss of power leaves, and are noted
        assert corrupted.startswith(content) and 'is incomplete' in found.notes[-1]
        return
    with pytest.raises(AuditError):
        AuditLog(path, KEYS[name])
    assert target.read_bytes() == corrupted


@pytest.mark.parametrize('name', KEYS)
def test_audit_log_change_of_any_bit_is_found(logs, name, tmp_path):
    path = tmp_path / name
    for file in (logs / name, head_file(logs / name)):
        shutil.copy(file, tmp_path)
    for target in (path, head_file(path)):
        content = target.read_bytes()
        for place in range(len(content) - 1):
            corrupted = bytearray(content)
            corrupted[place] ^= 1 << place % 8
            target.write_bytes(corrupted)
            assert verify(path, key=KEYS[name]).problems, (target.name, place)
        target.write_bytes(content)


@pytest.mark.parametrize('name', ['recovered', 'recovered, keyed'])
def test_audit_log_without_a_marked_line_is_found(logs, name, tmp_path):
    path = tmp_path / name
    for file in (logs / name, head_file(logs / name)):
        shutil.copy(file, tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b''.join(line for line in lines if line.endswith(b'}\n')))
    [problem] = verify(path, key=KEYS[name]).problems
    assert problem == 'the incomplete line that entry 4 set aside is missing'


@pytest.mark.parametrize('name', ['plain', 'keyed'])
@pytest.mark.parametrize('count', range(6))
@pytest.mark.parametrize('hash_of', range(6))
def test_audit_log_rewritten_end_is_found(logs, name, count, hash_of, tmp_path):
    path = tmp_path / name
    for file in (logs / name, head_file(logs / name)):
        shutil.copy(file, tmp_path)
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    hashes = ['0' * 64, *(entry['hash'] for entry in entries)]
    head_file(path).write_text(head_text(count, hashes[hash_of]))
    found = verify(path, key=KEYS[name])
    if KEYS[name]:
        assert bool(found.problems)
    elif count == hash_of == 4:
        # as a loss of power leaves it
        assert 'entry 5 is not counted' in found.notes[0]
        AuditLog(path)
        assert verify(path).notes == ()
    else:
        assert bool(found.problems) == (count != 5 or hash_of != 5)


@pytest.mark.parametrize('key', [b'', KEY])
def test_audit_log_emptied_is_found(tmp_path, key):
    path = tmp_path / 'log.jsonl'
    AuditLog(path, key)
    assert verify(path, key=key).problems == ()
    AuditLog(path, key).append('advice', 0.0)
    path.write_bytes(b'')
    assert 'entry 1 is missing' in verify(path, key=key).problems[0]
    head_file(path).unlink()
    assert 'is missing or corrupted' in verify(path, key=key).problems[0]


@pytest.mark.parametrize(('line', 'count'), [(b'\n', 200_000), (b'{}\n', 50_000),
                                             (b'\0\n', 50_000)])
def test_audit_log_of_arbitrary_bytes_is_refused_quickly(tmp_path, line, count):
    path = tmp_path / 'log.jsonl'
    AuditLog(path).append('advice', 0.0)
    with open(path, 'ab') as file:
        file.write(line * count)
    problems = verify(path).problems
    assert 0 < len(problems) <= 1001
    with pytest.raises(AuditError, match='keep the file for the record'):
        AuditLog(path)


@pytest.mark.parametrize('index', ['0', '-1', '9' * 4000, str(1 << 50)])
def test_audit_log_entry_with_a_huge_index_is_not_an_entry(tmp_path, index):
    path = tmp_path / 'log.jsonl'
    content = (f'{{"version": 2, "index": {index}, "kind": "advice", "previous": "{"0" * 64}"}}'
               ).encode()
    found = hashlib.sha256(content).hexdigest().encode()
    path.write_bytes(content[:-1] + b', "hash": "' + found + b'"}\n')
    assert 'line 1 is not a complete entry' in verify(path).problems[0]
