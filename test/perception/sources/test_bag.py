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

from contextlib import closing
from importlib import import_module
import os
import shutil
import sqlite3
import struct
import zlib

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import bagfile, open_source
from digiphys_ros.perception.sources.bagfile import is_bag, PACKED_MESSAGE
from digiphys_ros.perception.sources.mcapfile import MAGIC
import numpy as np
import pytest

pytest.importorskip('rosbags', reason='rosbags is not installed')

COUNT = 24


def played(source):
    """Return the red value of each image, which counts them, and what could not be read."""
    frames = open_source(str(source))
    return [int(frame.pixels[0, 0, frame.encoding.index('r')]) for frame in frames], \
        frames.unreadable


def large(bag_writer, path, **options):
    """Write images that fill several chunks; each counts itself in its first pixel."""
    store, rng = bag_writer.typestore(), np.random.default_rng(0)

    def messages():
        for index in range(COUNT):
            pixels = rng.integers(0, 256, (300, 400, 3), np.uint8)
            pixels[0, 0] = index, 100, 200
            yield ('/camera', bag_writer.IMAGE, 100_000_000 * index,
                   bag_writer.image(store, pixels, index))
    return bag_writer.write_messages(path, messages(), **options)


def record(opcode, *parts):
    content = b''.join(parts)
    return struct.pack('<BQ', opcode, len(content)) + content


def text(value):
    return struct.pack('<I', len(value)) + value


def mcap(bag_writer, compression):
    """Return an MCAP file of one chunk, its messages out of order, without an index."""
    store = bag_writer.typestore()
    definition, _ = store.generate_msgdef(bag_writer.IMAGE, ros_version=2)
    chunk = record(3, struct.pack('<H', 7), text(bag_writer.IMAGE.encode()), text(b'ros2msg'),
                   text(definition.encode()))
    chunk += record(4, struct.pack('<HH', 5, 7), text(b'/camera'), text(b'cdr'), text(b''))
    for index in (1, 0, 2):
        chunk += record(5, struct.pack('<HIQQ', 5, 0, 10 + index, 0), bag_writer.image(
            store, bag_writer.pixels(index), index))
    packed = {'': bytes, 'zstd': bagfile.import_zstd().compress,
              'lz4': import_module('lz4.frame').compress}[compression](chunk)
    return b''.join([
        MAGIC, record(1, text(b'ros2'), text(b'test')),
        record(6, struct.pack('<QQQI', 10, 12, len(chunk), zlib.crc32(chunk)),
               text(compression.encode()), struct.pack('<Q', len(packed)), packed),
        record(15, bytes(4)), record(2, bytes(20)), MAGIC])


@pytest.mark.parametrize(('plugin', 'compression'), [
    ('MCAP', ''), ('MCAP', 'storage'), ('MCAP', 'file'), ('MCAP', 'message'), ('SQLITE3', ''),
    ('SQLITE3', 'file'), ('SQLITE3', 'message')])
def test_bag_is_played_at_recorded_times_from_folder_or_file(
        tmp_path, bag_writer, plugin, compression):
    bag = large(bag_writer, tmp_path / 'bag', plugin=plugin, compression=compression)
    file = next(path for path in bag.iterdir() if path.name != 'metadata.yaml')
    for source in (bag, file):
        assert is_bag(source)
        frames = list(open_source(str(source)))
        assert [int(frame.pixels[0, 0, 1]) for frame in frames] == [100] * COUNT
        assert [frame.time_s for frame in frames] == pytest.approx(
            [0.1 * index for index in range(COUNT)])
        assert played(source) == (list(range(COUNT)), [])


@pytest.mark.parametrize('plugin', ['MCAP', 'SQLITE3'])
def test_bag_without_metadata_is_played(tmp_path, bag_writer, plugin):
    bag = large(bag_writer, tmp_path / 'bag', plugin=plugin)
    (bag / 'metadata.yaml').unlink()
    assert played(bag) == (list(range(COUNT)), [])


def test_bag_of_several_files_of_which_one_is_missing_names_it(tmp_path, bag_writer):
    bag = large(bag_writer, tmp_path / 'bag')
    text = (bag / 'metadata.yaml').read_text()
    for number in (10, 9):
        shutil.copy(bag / 'bag.mcap', bag / f'bag_{number}.mcap')
    (bag / 'bag.mcap').unlink()
    (bag / 'metadata.yaml').write_text(text.replace('bag.mcap', 'bag_11.mcap'))
    assert played(bag) == ([*range(COUNT), *range(COUNT)], ['bag_11.mcap: it is missing'])


@pytest.mark.parametrize('compression', ['', 'storage', 'file'])
def test_truncated_mcap_is_played_up_to_its_end(tmp_path, bag_writer, compression):
    bag = large(bag_writer, tmp_path / 'bag', compression=compression)
    file = next(path for path in bag.iterdir() if path.name != 'metadata.yaml')
    os.truncate(file, file.stat().st_size * 3 // 4)
    values, unreadable = played(bag)
    assert values == list(range(len(values)))
    assert COUNT // 2 < len(values) < COUNT
    assert all(one.startswith(file.name.removesuffix('.zstd')) for one in unreadable)
    assert any('cut off' in one for one in unreadable)


def test_mcap_with_a_damaged_chunk_is_played_without_it(tmp_path, bag_writer):
    bag = large(bag_writer, tmp_path / 'bag', compression='storage')
    content = bytearray((bag / 'bag.mcap').read_bytes())
    # where zstd begins in the second chunk
    place = content.index(PACKED_MESSAGE, content.index(PACKED_MESSAGE) + 1)
    content[place:place + 8] = b'damaged!'
    (bag / 'bag.mcap').write_bytes(content)
    values, unreadable = played(bag)
    assert len(values) < COUNT
    assert {0, COUNT - 1} <= set(values)
    assert unreadable and 'bag.mcap: the chunk at byte' in unreadable[0]


def test_sqlite_with_a_damaged_page_is_played_without_its_messages(tmp_path, bag_writer):
    bag = large(bag_writer, tmp_path / 'bag', plugin='SQLITE3')
    with closing(sqlite3.connect(bag / 'bag.db3')) as file:
        root, = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'"
                             ).fetchone()
        size, = file.execute('PRAGMA page_size').fetchone()
    content = bytearray((bag / 'bag.db3').read_bytes())
    page = content[(root - 1) * size:root * size]
    # the second of the pages that an inner page of a table points to
    cell = int.from_bytes(page[14:16], 'big')
    leaf = int.from_bytes(page[cell:cell + 4], 'big')
    content[(leaf - 1) * size:leaf * size] = b'\xff' * size
    (bag / 'bag.db3').write_bytes(content)
    values, unreadable = played(bag)
    assert 0 < len(values) < COUNT
    assert len(unreadable) == 1
    assert 'bag.db3: messages behind number' in unreadable[0]


def test_bag_invalid_image_is_named_and_skipped(tmp_path, bag_writer):
    store = bag_writer.typestore()
    images = [bag_writer.image(store, bag_writer.pixels(index), index) for index in range(3)]
    images[1] = images[1][:60]
    bag = bag_writer.write_messages(tmp_path / 'bag', [
        ('/camera', bag_writer.IMAGE, 500_000_000 * index, raw)
        for index, raw in enumerate(images)])
    values, unreadable = played(bag)
    assert values == [0, 2]
    assert unreadable and unreadable[0].startswith('/camera at 0.500 s: ')


def test_bag_of_several_image_topics_needs_a_topic(tmp_path, bag_writer):
    store = bag_writer.typestore()
    bag = bag_writer.write_messages(tmp_path / 'bag', [
        (topic, bag_writer.IMAGE, 1, bag_writer.image(store, bag_writer.pixels(value), 0))
        for topic, value in (('/left', 3), ('/right', 4), ('/debug_image', 5))])
    with pytest.raises(SourceError, match=r'several image topics: name one, as in .*bag#/'
                                          r'camera/image_raw; .*: /debug_image, /left, /right'):
        open_source(str(bag))
    assert played(f'{bag}#/right') == ([4], [])
    with pytest.raises(SourceError, match='has no image topic /up; of images it has: '):
        open_source(f'{bag}#/up')
    with pytest.raises(SourceError, match='only a bag has topics'):
        open_source(f'{tmp_path}#/up')


def test_bag_loop_continues_the_time(tmp_path, bag_writer):
    bag = bag_writer.write_bag(tmp_path / 'bag', 'MCAP', [None] * 3)
    frames = open_source(str(bag), loop=True)
    assert [next(frames).time_s for _ in range(7)] == pytest.approx(range(7))


@pytest.mark.parametrize('name', ['a.mcap', 'a.db3', 'a.mcap.zstd'])
def test_other_file_is_not_a_bag(tmp_path, name):
    (tmp_path / name).write_bytes(b'nonsense' * 9)
    with pytest.raises(SourceError, match='cannot be read as a bag: a'):
        open_source(str(tmp_path / name))


def test_sqlite_whose_messages_are_a_view_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / 'a.db3')) as file:
        file.execute('CREATE TABLE topics (id, name, type, serialization_format)')
        file.execute('CREATE VIEW messages AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL '
                     'SELECT id + 1 FROM n) SELECT id, 1 AS topic_id, 1 AS timestamp FROM n')
    with pytest.raises(SourceError, match='no tables'):
        open_source(str(tmp_path / 'a.db3'))


def test_compressed_bag_of_huge_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bagfile, 'EXPANDED_BYTES', 1 << 20)
    packed = bagfile.import_zstd().compress(bytes(1 << 26))
    (tmp_path / 'a.mcap.zstd').write_bytes(packed)
    with pytest.raises(SourceError, match='it unpacks to more than 1'):
        open_source(str(tmp_path / 'a.mcap.zstd'))


@pytest.mark.parametrize('compression', ['', 'zstd', 'lz4'])
def test_mcap_of_other_writers_with_checksums_and_without_a_summary(
        tmp_path, bag_writer, compression):
    file = tmp_path / 'a.mcap'
    file.write_bytes(mcap(bag_writer, compression))
    assert played(file) == ([0, 1, 2], [])
    content = file.read_bytes()
    place = content.index(b'rgb8') if not compression else len(content) // 2
    file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
    with pytest.raises(SourceError):
        played(file)


def test_folder_of_images_with_metadata_is_not_a_bag(tmp_path):
    (tmp_path / 'metadata.yaml').write_text('author: me\n')
    assert not is_bag(tmp_path)
    np.savez(tmp_path / 'a.npz', x=np.zeros((1, 2, 2), np.uint8))
    assert not is_bag(tmp_path / 'a.npz')
