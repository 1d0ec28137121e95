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

"""Hostile archives, arrays and folders: one sentence, quickly, and no traceback."""

import io
import os
import struct
import subprocess
import zipfile

import cv2
from digiphys_ros.archives import open_zip
from digiphys_ros.errors import BundleError, DatasetError, DigiphysError, one_line
from digiphys_ros.files import reason_of
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.evaluate.table import read_about
from digiphys_ros.perception import open_source
from digiphys_ros.perception.sources.folder import natural
from hypothesis import given, strategies as st
import numpy as np
import pytest

IMAGE = cv2.imencode('.png', np.zeros((8, 8, 3), np.uint8))[1].tobytes()
DIGITS = '9' * 6000
"""Of a number longer than Python reads."""


def play(path):
    return list(open_source(str(path)))


def read_all(path):
    data = open_dataset(str(path), labeled=False)
    return [data.read(index) for index in range(len(data))]


def refused(act, path):
    """Return the sentence of the refusal."""
    with pytest.raises(DigiphysError) as error:
        act(path)
    text = str(error.value)
    assert text.isprintable()
    assert len(text) < 1500
    return text


def zipped(path, *entries):
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in (('a/1.png', IMAGE), ('b/2.png', IMAGE), *entries):
            archive.writestr(name, content)
    return path


# Names.

@pytest.mark.parametrize('name', ['d/' * 65 + 'x.png', 'x' * 1100 + '.png'], ids=['deep', 'long'])
@pytest.mark.parametrize('act', [play, read_all])
def test_zip_entry_with_an_invalid_name_is_refused(tmp_path, name, act):
    # each folder above it would be a name of its own
    assert 'has' in refused(act, zipped(tmp_path / 'a.zip', (name, IMAGE)))


@pytest.mark.parametrize('act', [play, read_all, open_zip])
def test_zip_entry_without_a_name_is_refused(tmp_path, act):
    path = zipped(tmp_path / 'a.zip', ('3.png', IMAGE))
    # a name ends at its first zero
    path.write_bytes(path.read_bytes().replace(b'3.png', b'\0.png'))
    with pytest.raises((DigiphysError, zipfile.BadZipFile), match='an entry has no name'):
        act(path)


def test_reason_of_long_library_message_is_cut():
    assert reason_of(ValueError('no name\n' + 'x' * 10_000)) == f'no name {"x" * 492}'


def test_zip_entry_with_the_longest_name_is_read(tmp_path):
    open_zip(zipped(tmp_path / 'a.zip', ('d/' * 64 + 'x' * 800 + '.png', IMAGE))).close()


def test_labels_of_very_long_digits_are_sorted(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text(f'label,x\n{DIGITS},1\n2,2\n10,3\n')
    assert open_dataset(str(path)).labels == ('2', '10', DIGITS)


def test_sessions_of_very_long_digits_are_played(tmp_path):
    path = zipped(tmp_path / 'a.zip', (
        'labels.csv', f'file,timestamp_ms,session\na/1.png,1,{DIGITS}\nb/2.png,1,2\n'))
    assert len(play(path)) == 2


@given(st.lists(st.integers(0, 10 ** 6)))
def test_natural_order_sorts_by_number(numbers):
    assert sorted((f'frame_{number}.png' for number in numbers), key=natural) == \
        [f'frame_{number}.png' for number in sorted(numbers)]


def test_name_with_terminal_commands_is_escaped(tmp_path):
    path = zipped(tmp_path / 'a.zip', ('a/\x1b[2J\n\u202e.png', b'broken'))
    assert r'a/\x1b[2J\n\u202e.png' in refused(read_all, path)


@given(st.text())
def test_any_text_becomes_one_printable_line(text):
    shown = one_line(text * 100)
    assert shown.isprintable() and len(shown) < 20_000
    assert one_line(str(DigiphysError(text))) == str(DigiphysError(text))


def test_folder_nested_deeper_than_the_recursion_limit_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1500):
        os.mkdir('d')
        os.chdir('d')
    with open('x.png', 'wb') as file:
        file.write(IMAGE)
    os.chdir(tmp_path)
    try:
        assert len(play(tmp_path)) == 1
        assert len(read_all(tmp_path)) == 1
    finally:
        # Python before 3.13 removes no folder as deep
        subprocess.run(['rm', '-rf', tmp_path / 'd'], check=True)


def test_folder_whose_path_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(30):
        os.mkdir('d' * 200)
        os.chdir('d' * 200)
    monkeypatch.chdir(tmp_path)
    for act in (play, read_all):
        assert 'File name too long' in refused(act, tmp_path)


# Offsets and numbers.

@pytest.mark.parametrize('offset', [(1 << 64) - 1, (1 << 63) - 1, 1 << 62])
@pytest.mark.parametrize('act', [play, read_all])
def test_zip_entry_beyond_the_file_is_refused(tmp_path, offset, act):
    path = zipped(tmp_path / 'a.zip')
    content = path.read_bytes()
    table, last, end = content.find(b'PK\1\2'), content.rfind(b'PK\1\2'), content.rfind(b'PK\5\6')
    extra = struct.pack('<HHQ', 1, 8, offset)
    entry = bytearray(content[last:end] + extra)
    entry[30:32], entry[42:46] = struct.pack('<H', len(extra)), b'\xff' * 4
    rest = bytearray(content[end:])
    rest[12:16] = struct.pack('<I', last - table + len(entry))
    path.write_bytes(content[:last] + entry + rest)
    if act is read_all:
        assert '2.png cannot be read' in refused(act, path)
    else:
        assert len(play(path)) == 1


@pytest.mark.parametrize('number', ['-1', '99999999999999999999999', '-' + '9' * 30, '65536'])
def test_gtsrb_class_out_of_range_is_refused(tmp_path, number):
    path = zipped(tmp_path / 'a.zip', ('00000/GT-00000.csv', f'Filename;ClassId\n1.ppm;{number}'))
    assert 'ClassId must be from 0 to 65535' in refused(read_all, path)


@pytest.mark.parametrize('about', ['{"labels": ["a"], "temperature": 1' + '0' * 400 + '}', '[]',
                                   '{"labels": 1, "temperature": 1}', '{"labels": []}'])
def test_table_model_with_invalid_description_is_refused(tmp_path, about):
    (tmp_path / 'model.json').write_text(about)
    with pytest.raises(BundleError, match='needs `labels` and `temperature`'):
        read_about(tmp_path)


# Arrays.

def arrays(path, **given):
    """Write an .npz; an array is its own, or type and shape that its header claims."""
    with zipfile.ZipFile(path, 'w') as archive:
        for name, value in {'x': np.zeros((4, 8, 8, 3), np.uint8), 'y': np.arange(4) % 2,
                            **given}.items():
            buffer = io.BytesIO()
            if isinstance(value, np.ndarray):
                np.lib.format.write_array(buffer, value)
            else:
                header = f"{{'descr': {value[0]!r}, 'fortran_order': False, 'shape': {value[1]}}}"
                buffer.write(b'\x93NUMPY\1\0' + struct.pack('<H', len(header)) + header.encode())
            archive.writestr(f'{name}.npy', buffer.getvalue())
    return path


@pytest.mark.parametrize('name', ['x', 'y', 'labels', 'track'])
@pytest.mark.parametrize('claim', [
    ('|S0', (10 ** 9,)), ('<U0', (10 ** 12,)), ('|V0', (10 ** 12,)), ('|u1', (2 ** 70, 0)),
    ('|u1', (2 ** 62, 0, 3)), ('|u1', (True, 8, 8)), ('|u1', (-1, 8, 8)), ('|u1', (-4, -8))],
    ids=['bytes', 'text', 'void', 'beyond', 'rows', 'bool', 'minus', 'minuses'])
@pytest.mark.parametrize('act', [play, read_all])
def test_array_of_an_impossible_shape_is_refused(tmp_path, name, claim, act):
    path = arrays(tmp_path / 'a.npz', **{name: claim})
    assert 'cannot be read as .npz' in refused(act, path)


@pytest.mark.parametrize('names', [np.zeros(2, 'V8'), np.zeros(2, [('a', 'i4')]),
                                   np.zeros(1 << 17, 'u1')], ids=['void', 'fields', 'many'])
def test_class_names_invalid_are_refused(tmp_path, names):
    with pytest.raises(DatasetError, match='`labels` must be at most 65536 names'):
        open_dataset(str(arrays(tmp_path / 'a.npz', labels=names)))
