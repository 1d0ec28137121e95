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

from itertools import islice
import zipfile

import cv2
from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import open_source
import numpy as np
import pytest


def png(value):
    return cv2.imencode('.png', np.full((12, 16, 3), value, np.uint8))[1].tobytes()


def test_zip_of_class_folders_is_played(tmp_path):
    with zipfile.ZipFile(tmp_path / 'd.zip', 'w') as archive:
        archive.writestr('set/red/1.png', png(10))
        archive.writestr('set/green/1.png', png(20))
    frames = list(open_source(str(tmp_path / 'd.zip')))
    assert [(frame.label, frame.pixels[0, 0, 0]) for frame in frames] == [
        ('green', 20), ('red', 10)]


def test_driving_log_is_played_by_session_with_its_times(tmp_path):
    rows = ['file,timestamp_ms,session', 'b.png,1050,s1', 'a.png,1000,s1', 'c.png,5000,s2']
    with zipfile.ZipFile(tmp_path / 'd.zip', 'w') as archive:
        for name, value in (('a', 10), ('b', 20), ('c', 30)):
            archive.writestr(f'log/images/{name}.png', png(value))
        archive.writestr('log/labels.csv', '\n'.join(rows))
    frames = list(open_source(str(tmp_path / 'd.zip')))
    assert [frame.pixels[0, 0, 0] for frame in frames] == [10, 20, 30]
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.05, 0.1])


def zip_log(path, rows, images=('a', 'b')):
    with zipfile.ZipFile(path, 'w') as archive:
        for name in images:
            archive.writestr(f'{name}.png', png(10))
        archive.writestr('labels.csv', '\n'.join(rows))
    return str(path)


def test_driving_log_loop_continues_the_time(tmp_path):
    uri = zip_log(tmp_path / 'd.zip', ['file,timestamp_ms', 'a.png,5000', 'b.png,5040'])
    times = [frame.time_s for frame in islice(open_source(uri, loop=True), 6)]
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16, 0.2])


def test_driving_log_sessions_are_in_natural_order(tmp_path):
    uri = zip_log(tmp_path / 'd.zip', ['file,timestamp_ms,session', 'a.png,90,day_10',
                                       'b.png,10,day_9', 'b.png,30,day_9', 'gone.png,99,day_10'])
    source = open_source(uri)
    assert [round(frame.time_s, 6) for frame in source] == [0.0, 0.02, 0.04]
    assert source.unreadable == ['images/gone.png']


@pytest.mark.parametrize(('rows', 'words'), [
    (['file,angle', 'a.png,1'], ['timestamp_ms', 'found file, angle']),
    (['file,timestamp_ms', 'a.png,1', 'b.png,soon'], ['labels.csv:3', 'received "soon"']),
    (['file,timestamp_ms', 'a.png,nan'], ['labels.csv:2', '"nan"']),
    (['file,timestamp_ms', 'a.png'], ['labels.csv', 'line 2 has 1 values']),
    ([''], ['found nothing']),
    (['file,timestamp_ms'], ['no readable image']),
])
def test_driving_log_wrong_table_is_refused(tmp_path, rows, words):
    with pytest.raises(SourceError) as refused:
        open_source(zip_log(tmp_path / 'd.zip', rows))
    for word in ['d.zip', *words]:
        assert word in str(refused.value)


def test_zip_damaged_members_are_skipped(tmp_path):
    path = tmp_path / 'd.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('one/1.png', png(10))
        archive.writestr('one/2.png', png(20))
    data = bytearray(path.read_bytes())
    data[data.index(b'one/1.png') + 30] ^= 0xff
    path.write_bytes(data)
    source = open_source(str(path))
    # one folder alone is no set of classes
    assert [(frame.pixels[0, 0, 0], frame.label) for frame in source] == [(20, None)]
    assert source.unreadable == ['one/1.png']
