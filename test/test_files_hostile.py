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

"""Hostile files: each reader refuses with one sentence, quickly, in little memory."""

import csv
import io
import json
import os
from pathlib import Path
import struct
import subprocess
import sys
import tarfile
import time
import tracemalloc
import zipfile
import zlib

from digiphys_ros import archives, files
from digiphys_ros.applications import find_application
from digiphys_ros.archives import open_npz, open_zip, read_entry
from digiphys_ros.bundles import load_bundle
from digiphys_ros.control.config import load_control
from digiphys_ros.errors import DigiphysError
from digiphys_ros.files import check_regular_file, csv_rows, parse_json, read_bytes, read_text
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.datasets.labels import read_labels
from digiphys_ros.learning.recipe import load_recipe
from digiphys_ros.perception import open_source
from digiphys_ros.resources import share_dir
from digiphys_ros.ros.parameters.configuration import load_configuration
from digiphys_ros.simulation.scenarios.scenario import load_scenario
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

WITHIN_S, WITHIN_BYTES = 60.0, 1 << 30
"""Generous on a busy machine; the files below took minutes, or many times the memory."""
SIGNS = share_dir() / 'models' / 'traffic_signs'


def sentence(act, *arguments):
    """Return the sentence of the refusal, within limits of time and memory."""
    tracemalloc.start()
    started_s = time.monotonic()
    try:
        with pytest.raises(DigiphysError) as refused:
            act(*arguments)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(refused.value)
    assert '\n' not in text
    assert text.encode()
    assert len(text) < 1000
    assert time.monotonic() - started_s < WITHIN_S
    assert peak < WITHIN_BYTES
    return text


def play(path):
    for _ in open_source(str(path)):
        continue


def read_all(path):
    data = open_dataset(str(path))
    for index in range(len(data)):
        data.read(index)


# Not a regular file.

READERS = {
    'rules': (load_control, 'a.yaml'), 'recipe': (load_recipe, 'a.yaml'),
    'scenario': (lambda path: load_scenario(path, find_application), 'a.yaml'),
    'parameters': (load_configuration, 'a.yaml'),
    'labels': (read_labels, 'a.txt'), 'bag': (read_all, 'a.mcap'),
    **{f'data{ending}': (read_all, f'a{ending}')
       for ending in ('.csv', '.npz', '.zip', '.tar.gz')},
    **{f'source{ending}': (play, f'a{ending}')
       for ending in ('.npz', '.zip', '.mp4', '.mcap', '.db3', '.mcap.zstd')}}


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize('make', [
    os.mkfifo, lambda path: path.symlink_to('/dev/zero'), lambda path: path.symlink_to(path.name)],
    ids=['pipe', 'device', 'loop'])
def test_reader_of_a_pipe_or_device_refuses(tmp_path, reader, make):
    act, name = READERS[reader]
    make(tmp_path / name)
    assert sentence(act, tmp_path / name)


@pytest.mark.parametrize('name', ['bundle.json', 'model.tflite', 'golden.npz'])
@pytest.mark.parametrize('make', [
    os.mkfifo, os.mkdir, lambda path: path.symlink_to('/dev/zero'),
    lambda path: path.symlink_to('/etc/hostname')], ids=['pipe', 'folder', 'device', 'outside'])
def test_bundle_with_an_irregular_file_is_refused(tmp_path, name, make):
    bundle = tmp_path / 'bundle'
    bundle.mkdir()
    for file in SIGNS.iterdir():
        if file.name != name:
            (bundle / file.name).write_bytes(file.read_bytes())
    make(bundle / name)
    assert sentence(load_bundle, bundle)


@pytest.mark.parametrize('make', [
    os.mkfifo, lambda path: path.symlink_to('/etc'), lambda path: path.symlink_to('/dev/zero')])
def test_saved_model_with_a_pipe_or_a_link_in_it_is_refused(tmp_path, make):
    bundle = tmp_path / 'bundle'
    (bundle / 'saved').mkdir(parents=True)
    (bundle / 'golden.npz').write_bytes((SIGNS / 'golden.npz').read_bytes())
    manifest = json.loads((SIGNS / 'bundle.json').read_text())
    (bundle / 'bundle.json').write_text(json.dumps({**manifest, 'files': {'savedmodel': 'saved'}}))
    make(bundle / 'saved' / 'variables')
    assert 'variables: cannot be read' in sentence(load_bundle, bundle)


@pytest.mark.parametrize('name', [
    '../secret', '/etc/hostname', '..', '.', '', 'a\0b', 'x' * 5000],
    ids=['parent', 'root', 'above', 'itself', 'nothing', 'zero', 'long'])
def test_bundle_file_outside_the_folder_is_refused(tmp_path, name):
    (tmp_path / 'secret').write_text('secret')
    bundle = tmp_path / 'bundle'
    bundle.mkdir()
    manifest = json.loads((SIGNS / 'bundle.json').read_text())
    (bundle / 'bundle.json').write_text(json.dumps({**manifest, 'files': {'litert': name}}))
    assert 'bundle' in sentence(load_bundle, bundle)


def test_sparse_model_of_a_terabyte_is_not_hashed(tmp_path):
    for file in SIGNS.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    os.truncate(tmp_path / 'model.tflite', 1 << 40)
    assert 'at most 4,295.0 MB are read' in sentence(load_bundle, tmp_path)


def test_regular_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    assert read_bytes(tmp_path / 'a', 3) == b'abc'
    with pytest.raises(OSError, match='at most'):
        read_bytes(tmp_path / 'a', 2)
    # one of the system's has no size
    assert read_text('/proc/self/status').startswith('Name:')
    with pytest.raises(OSError, match='at most'):
        read_bytes('/proc/self/status', 10)
    with pytest.raises(OSError, match='this is a folder'):
        check_regular_file(tmp_path)


# YAML.

def nested(open_, close):
    return open_ * 20_000 + close * 20_000


BOMB = 'a0: &a0 [x, x, x, x, x, x, x, x, x]\n' + ''.join(
    f'a{level}: &a{level} [{", ".join([f"*a{level - 1}"] * 9)}]\n' for level in range(1, 20))
MERGES = 'a0: &a0 {k: 1}\n' + ''.join(
    f'a{level}: &a{level} {{<<: [{", ".join([f"*a{level - 1}"] * 9)}]}}\n'
    for level in range(1, 20))
YAML = {
    'aliases': (BOMB, 'more than 20000 values'), 'merges': (MERGES, 'more than 20000 values'),
    'itself': ('a: &a [*a]\n', 'contains itself by an alias'),
    'brackets': (nested('[', ']'), 'nested deeper than 50'),
    'braces': (nested('{a: ', '}'), 'nested deeper than 50'),
    'dashes': ('- ' * 5000 + 'a\n', 'nested deeper than 50'),
    'size': ('# ' + 'x' * 300_000, 'at most 0.3 MB are read'),
    'date': ('version: 2001-01-01\n', '!!timestamp 2001-01-01'),
    'timestamp': ('version: !!timestamp nonsense\n', '!!timestamp nonsense'),
    'set': ('version: !!set {a}\n', '!!set'), 'omap': ('version: !!omap [a: 1]\n', '!!omap'),
    'pairs': ('version: !!pairs [a: 1]\n', '!!pairs'),
    'binary': ('version: !!binary aGVsbG8=\n', '!!binary aGVsbG8='),
    'bool': ('version: !!bool maybe\n', 'not valid YAML'),
    'int': ('version: !!int ""\n', 'not valid YAML'),
    'float': ('version: !!float x\n', 'not valid YAML'),
    'equals': ('version: =\n', 'not valid YAML'),
    'object': ('version: !!python/object/apply:os.system [x]\n', 'os.system'),
    'hex': (f'version: 0x{"f" * 100_000}\n', 'too long'),
    'sexagesimal': (f'version: 1{":1" * 100_000}\n', 'too long'),
    'digits': (f'version: {"9" * 5000}\n', 'too long'),
    'surrogate': ('version: "\\ud800"\n', 'half of a character'),
    'surrogate key': ('"\\udfff": 1\n', 'half of a character'),
    'text': ('version: \x07\n', 'not valid YAML')}


@pytest.mark.parametrize('kind', YAML)
@pytest.mark.parametrize('reader', ['rules', 'parameters'])
def test_hostile_yaml_gets_one_sentence(tmp_path, reader, kind):
    text, words = YAML[kind]
    (tmp_path / 'a.yaml').write_text(text)
    assert words in sentence(READERS[reader][0], tmp_path / 'a.yaml')


@settings(max_examples=200)
@given(st.recursive(
    st.sampled_from(['a', '1', '0x1', '1:1', 'null', '*a', '&a 1', '!!set {}', '"\\ud800"', '=',
                     '<<', '2001-01-01', '!!int x', '!x y', '.inf', '~', '!!binary x']),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f'[{", ".join(parts)}]')
    | st.tuples(inner, inner).map(lambda pair: f'&a {{? {pair[0]} : {pair[1]}}}'), max_leaves=20))
def test_any_yaml_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / 'any.yaml'
    path.write_text(f'version: {text}\nsize: {text}\n')
    for reader in ('rules', 'parameters'):
        try:
            READERS[reader][0](path)
        except DigiphysError as error:
            assert '\n' not in str(error)


# JSON.

JSON = {'brackets': '[' * 100_000, 'braces': '{"a":' * 100_000, 'deep': '[' * 60 + ']' * 60,
        'twice': '{"name": 1, "name": 2}', 'surrogate': '{"name": "\\ud800"}',
        'surrogate key': '{"\\udfff": 1}', 'digits': f'[{"9" * 5000}]', 'bytes': '\x00'}


@pytest.mark.parametrize('kind', JSON)
def test_hostile_manifest_gets_one_sentence(tmp_path, kind):
    (tmp_path / 'bundle.json').write_text(JSON[kind])
    assert 'bundle.json: is not JSON' in sentence(load_bundle, tmp_path)


@pytest.mark.parametrize('kind', ['surrogate', 'deep', 'twice'])
def test_hostile_provenance_gets_one_sentence(tmp_path, kind):
    # any value is allowed there
    for file in SIGNS.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / 'bundle.json').read_text()
    (tmp_path / 'bundle.json').write_text(
        text.replace('"provenance": {', f'"provenance": {{"x": {JSON[kind]}, ', 1))
    assert 'bundle.json: is not JSON' in sentence(load_bundle, tmp_path)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                    max_leaves=20))
def test_any_json_is_read_unchanged(value):
    assert parse_json(json.dumps(value)) == value


@given(st.text(alphabet='[]{}":,\\ud80a1 ', max_size=40))
def test_any_text_is_json_or_refused(text):
    try:
        parse_json(text)
    except ValueError as error:
        assert str(error)


# Images.

def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width, height, rows=0):
    packer = zlib.compressobj(9)
    data = b''.join(packer.compress(bytes(1 + 3 * width)) for _ in range(rows)) + packer.flush()
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack(
        '>IIBBBBB', width, height, 8, 2, 0, 0, 0)) + chunk(b'IDAT', data) + chunk(b'IEND', b'')


JPEG = (b'\xff\xd8\xff\xe0\x00\x04ab\xff\xff' + b'\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03'
        + bytes(9) + b'\xff\xd9')


def tiff(order='<', **tags):
    """Return a TIFF of one strip or tile with a false size."""
    entries = {256: 100, 257: 100, 258: 8, 277: 1, 273: 8, 279: 4, **{
        int(name.removeprefix('tag')): value for name, value in tags.items()}}
    entries = {tag: value for tag, value in sorted(entries.items()) if value is not None}
    mark = b'II*\0' if order == '<' else b'MM\0*'
    return mark + struct.pack(f'{order}I', 12) + bytes(4) + struct.pack(
        f'{order}H', len(entries)) + b''.join(
            struct.pack(f'{order}HHII', tag, 4, 1, value) for tag, value in entries.items()
    ) + bytes(4)


def gif(screen, frame):
    return b'GIF89a' + struct.pack('<HH', *screen) + b'\x80\0\0' + bytes(6) + b',' + struct.pack(
        '<HHHHB', 0, 0, *frame, 0) + b'\x02\x02\x44\x01\0;'


IMAGES = {
    'TIFF': tiff(tag256=100_000, tag257=100_000),
    'TIFF big endian': tiff('>', tag256=100_000, tag257=100_000),
    'TIFF tile': tiff(tag273=None, tag279=None, tag322=1 << 16, tag323=1 << 16, tag324=8,
                      tag325=4),
    'GIF': gif((65535, 65535), (10, 10)),
    'PNG': png(20_000, 20_000, 20_000), 'PNG side': png(1 << 30, 1, 0), 'JPEG': JPEG,
    'WebP': b'RIFF' + struct.pack('<I', 22) + b'WEBPVP8X' + struct.pack('<I', 10) + bytes(4)
            + b'\xff\xff\xff' * 2,
    'WebP lossless': b'RIFF' + struct.pack('<I', 22) + b'WEBPVP8L' + struct.pack('<I', 10)
                     + b'\x2f\xff\xff\xff\x0f' + bytes(5),
    'WebP lossy': b'RIFF' + struct.pack('<I', 22) + b'WEBPVP8 ' + struct.pack('<I', 10)
                  + bytes(3) + b'\x9d\x01\x2a\xff\x3f\xff\x3f',
    'BMP': b'BM' + bytes(12) + struct.pack('<Iii', 40, 100_000, -100_000) + bytes(40),
    'PGM': b'P5\n# a comment\n100000 100000 255\n', 'PPM': b'P3 99999999 1 255\n',
    'BMP long header': b'BM' + bytes(12) + struct.pack('<Iii', 0x10C, 65736, 3000) + bytes(254),
    'PPM comment': b'P6 #\r20000 20000 255\n8 8\n255\n'}


@pytest.mark.field(
    'python-pillow/Pillow #515', 'a small file decodes to an image that fills the memory')
@pytest.mark.parametrize('kind', IMAGES)
def test_image_larger_than_memory_is_not_decoded(kind):
    from digiphys_ros.perception.imagefile import decode_file
    text = sentence(decode_file, np.frombuffer(IMAGES[kind], np.uint8))
    assert 'at most 67 million are decoded' in text


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'WebP', 'TIFF'])
@pytest.mark.parametrize('least_size', [None, (32, 32)])
def test_message_larger_than_memory_is_not_decoded(kind, least_size):
    from digiphys_ros.perception import decode_compressed
    text = sentence(decode_compressed, IMAGES[kind], kind.lower(), least_size)
    assert 'at most 67 million are decoded' in text


@pytest.mark.parametrize(('content', 'words'), [
    (tiff(tag256=8000, tag257=8000, tag277=60_000), 'at most 403 MB are decoded'),
    (tiff(tag279=1000), 'ends too early'), (tiff(tag273=1 << 31), 'ends too early'),
    (b'II*\0' + b'\xff' * 100, 'ends too early'),
    (b'II+\0' + bytes(4) + struct.pack('<QQ', 16, 1 << 60) + bytes(100), 'ends too early'),
    (gif((10, 10), (60_000, 60_000)), 'ends too early'), (b'GIF89a' + bytes(100), 'too early')])
def test_hostile_tiff_or_gif_gets_one_sentence(content, words):
    from digiphys_ros.perception.imagefile import decode_file
    assert words in sentence(decode_file, np.frombuffer(content, np.uint8))


@pytest.mark.parametrize('claimed', [1 << 10, 1 << 30, (1 << 32) - 1])
@pytest.mark.parametrize('kind', [b'IHDR', b'IDAT', b'IEND'])
def test_png_chunk_with_a_false_length_is_not_decoded(monkeypatch, kind, claimed):
    import cv2
    from digiphys_ros.perception.imagefile import decode_file
    whole = png(8, 8, 8)
    place = whole.index(kind) - 4
    # OpenCV reserves all of it, and 3 kB took 4 GB
    monkeypatch.setattr(cv2, 'imdecode', None)
    content = whole[:place] + struct.pack('>I', claimed) + whole[place + 4:]
    assert 'the PNG file ends too early' in sentence(decode_file, np.frombuffer(content, np.uint8))


def test_animated_png_is_decoded_as_a_still_image(monkeypatch):
    import cv2
    from digiphys_ros.perception.imagefile import decode_file
    whole = png(8, 8, 8)
    frame = chunk(b'fcTL', struct.pack('>5I2H2B', 0, 8, 8, 0, 0, 1, 10, 0, 0))
    header, image, end = whole[:33], whole[33:-12], whole[-12:]
    decoded = []
    decode = cv2.imdecode
    monkeypatch.setattr(cv2, 'imdecode', lambda data, flags: (
        decoded.append(data.tobytes()), decode(data, flags))[1])
    # the second ends the process in OpenCV 5.0
    for broken in (b'fdAT', b'fd\xc1T'):
        content = header + chunk(b'acTL', struct.pack('>II', 3, 0)) + image + frame + chunk(
            broken, bytes(4) + image[8:-4]) + chunk(b'tEXt', b'key\0text') + end
        assert decode_file(np.frombuffer(content, np.uint8)).shape == (8, 8, 3)
    assert decoded == [whole, whole]


def test_png_with_endless_chunks_is_refused_quickly():
    from digiphys_ros.perception.imagefile import decode_file
    import time
    whole = png(8, 8, 8)
    content = whole[:33] + (bytes(4) + b'teXt' + bytes(4)) * 2_000_000 + whole[33:]
    start_s = time.process_time()
    assert 'ends too early' in sentence(decode_file, np.frombuffer(content, np.uint8))
    assert time.process_time() - start_s < 5


def test_gif_with_many_comments_and_frames_is_read_quickly():
    from digiphys_ros.perception.imagefile import decode_file
    import time
    small = gif((1, 1), (1, 1))
    comment = b'!\xfe' + (b'\xff' + bytes(255)) * 100_000 + b'\0'
    start_s = time.process_time()
    for content in (small[:19] + comment + small[19:], small[:-1] + small[19:-1] * 100_000):
        assert decode_file(np.frombuffer(content, np.uint8)).shape == (1, 1, 3)
    assert time.process_time() - start_s < 5


def test_image_in_every_reader_is_refused(tmp_path):
    for name in ('a', 'b'):
        (tmp_path / 'd' / name).mkdir(parents=True)
        (tmp_path / 'd' / name / 'x.png').write_bytes(IMAGES['PNG'])
    with zipfile.ZipFile(tmp_path / 'd.zip', 'w') as archive:
        archive.write(tmp_path / 'd' / 'a' / 'x.png', 'a/x.png')
    for path in (tmp_path / 'd', tmp_path / 'd.zip'):
        assert 'million are decoded' in sentence(read_all, path)
        assert 'no readable image' in sentence(play, path)


def test_progressive_jpeg_of_many_scans_is_refused():
    import cv2
    from digiphys_ros.perception.imagefile import decode_file
    encoded = cv2.imencode('.jpg', np.zeros((64, 64, 3), np.uint8),
                           [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert decode_file(np.frombuffer(encoded, np.uint8)).shape == (64, 64, 3)
    start = encoded.index(b'\xff\xda')
    end = encoded.index(b'\xff', start + 2)
    many = encoded[:start] + encoded[start:end] * 5000 + encoded[start:]
    assert 'scans: at most 100' in sentence(decode_file, np.frombuffer(many, np.uint8))


def segment(marker, body):
    return b'\xff' + bytes([marker]) + struct.pack('>H', 2 + len(body)) + body


def header_of(*segments):
    """Return a JPEG of 16x16 pixels with segments put in before its frame header."""
    import cv2
    data = cv2.imencode('.jpg', np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    return data[:2] + b''.join(segments) + data[2:]


def size_and_pixels(content):
    """Return the size in the header, and the size that OpenCV decodes."""
    import cv2
    from digiphys_ros.perception.imagefile import image_size
    data = np.frombuffer(content, np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return image_size(data), None if decoded is None else decoded.shape[:2]


def test_jpeg_segment_of_any_marker_does_not_hide_the_size():
    frame = segment(0xC0, struct.pack('>BHHB', 8, 8, 8, 3) + b'\1\x11\0\2\x11\0\3\x11\0')
    found = []
    for marker in range(256):
        for hidden in (header_of()[2:], frame):
            # what follows the marker is a segment to one reader and markers to another
            for content in (header_of(segment(marker, hidden)),
                            header_of(segment(marker, hidden), frame),
                            header_of(b'\xff' + bytes([marker]), frame)):
                size, decoded = size_and_pixels(content)
                if size is not None and decoded is not None:
                    found.append(decoded)
                    assert size == decoded, f'marker {marker:02x}'
    assert found


def test_bmp_header_of_any_length_gives_the_decoded_size():
    found = []
    for length in (*range(64), 108, 124, *(256 * high + low for high in (1, 255, 65535)
                                           for low in (12, 40, 108))):
        header = struct.pack('<IiiHHIIiiII', length % 2**32, 20, 10, 1, 24, 0, 0, 0, 0, 0, 0)
        content = b'BM' + struct.pack('<IHHI', 0, 0, 0, 400) + header
        size, decoded = size_and_pixels(content.ljust(2000, b'\0'))
        if decoded is not None:
            found.append(decoded)
            assert size == decoded, f'header of {length} bytes'
    assert found


@pytest.mark.parametrize('before', [b' ', b'\n#', b' # a'])
def test_pnm_with_any_byte_before_its_numbers_gives_the_decoded_size(before):
    found = []
    for byte in range(256):
        separator = before + bytes([byte])
        content = b'P5' + separator + b'6 9\n12 14\n255\n' + bytes(200)
        size, decoded = size_and_pixels(content)
        if size is not None and decoded is not None:
            found.append(decoded)
            assert size == decoded, separator
    assert found


def test_opencv_in_a_node_refuses_too_many_pixels_itself():
    script = ('import digiphys_ros.nodes, cv2, numpy, sys\n'
              'try:\n'
              '    cv2.imdecode(numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8), 1)\n'
              'except cv2.error as error:\n'
              '    print(error)\n')
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('OPENCV_IO')}
    found = subprocess.run([sys.executable, '-c', script], input=IMAGES['PNG'], env=environment,
                           capture_output=True, check=True)
    assert b'CV_IO_MAX_IMAGE_PIXELS' in found.stdout


def test_baseline_jpeg_of_many_scans_is_refused():
    import cv2
    from digiphys_ros.perception.imagefile import decode_file
    gray = cv2.imencode('.jpg', np.zeros((64, 64), np.uint8))[1].tobytes()
    frame, scan = gray.index(b'\xff\xc0'), gray.index(b'\xff\xda')
    header = struct.pack('>BHHB', 8, 64, 64, 3) + b'\1\x11\0\2\x11\0\3\x11\0'
    scans = [segment(0xDA, b'\1' + bytes([one]) + b'\0\0\x3f\0') + gray[scan + 10:-2]
             for one in (1, 2, 3)]
    for count in (1, 5000):
        data = np.frombuffer(
            gray[:frame] + segment(0xC0, header) + gray[frame + 13:scan] + scans[0] * count
            + scans[1] + scans[2] + gray[-2:], np.uint8)
        if count == 1:
            assert decode_file(data).shape == (64, 64, 3)
        else:
            assert 'scans: at most 100' in sentence(decode_file, data)


@pytest.mark.parametrize('content', [
    b'v/1\x01' + bytes(100), b'#?RADIANCE\n',
    b'\0\0\0\x0cjP  \r\n\x87\n' + bytes(100), b'P7\nWIDTH 9\n'])
def test_image_of_another_format_is_refused(content):
    from digiphys_ros.perception.imagefile import decode_file
    text = sentence(decode_file, np.frombuffer(content, np.uint8))
    assert 'not a JPEG, PNG, WebP, TIFF, GIF, BMP' in text


# Archives.

def zipped(path, name, size, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', method) as archive, archive.open(name, 'w') as file:
        for _ in range(size >> 24):
            file.write(bytes(1 << 24))
    return path


def with_size(path, size):
    """Write a false size of an archive's only entry into both of its headers."""
    data = bytearray(path.read_bytes())
    struct.pack_into('<I', data, data.index(b'PK\x03\x04') + 22, size)
    struct.pack_into('<I', data, data.rindex(b'PK\x01\x02') + 24, size)
    path.write_bytes(data)
    return path


def test_zip_entry_larger_than_memory_is_not_unpacked(tmp_path):
    zipped(tmp_path / 'd.zip', 'a/x.png', 1 << 29)
    assert 'at most 268.4 MB are read' in sentence(read_all, tmp_path / 'd.zip')
    assert 'no readable image' in sentence(play, tmp_path / 'd.zip')
    zipped(tmp_path / 'log.zip', 'labels.csv', 1 << 29)
    assert 'at most 268.4 MB' in sentence(play, tmp_path / 'log.zip')
    assert 'at most 268.4 MB' in sentence(read_all, tmp_path / 'log.zip')


def test_zip_entry_with_a_false_size_is_not_unpacked(tmp_path):
    with_size(zipped(tmp_path / 'd.zip', 'a/x.png', 1 << 30), 1000)
    assert 'Bad CRC' in sentence(read_all, tmp_path / 'd.zip')
    with_size(zipped(tmp_path / 'e.zip', 'a/x.png', 1 << 24), 1 << 27)
    assert 'a/x.png' in sentence(read_all, tmp_path / 'e.zip')


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_entry_of_a_non_streaming_method_is_refused(tmp_path, method):
    zipped(tmp_path / 'd.zip', 'a/x.png', 1 << 27, method)
    assert 'compressed in an unusual way' in sentence(read_all, tmp_path / 'd.zip')


def test_zip_of_too_many_entries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, 'ENTRIES', 10)
    with zipfile.ZipFile(tmp_path / 'd.zip', 'w') as archive:
        for index in range(11):
            archive.writestr(f'a/{index}.png', b'')
    for act in (play, read_all):
        assert 'has 11 entries, and at most 10' in sentence(act, tmp_path / 'd.zip')


def test_entry_within_its_limit_is_read(tmp_path):
    zipped(tmp_path / 'd.zip', 'a', 1 << 24)
    with open_zip(tmp_path / 'd.zip') as archive:
        assert read_entry(archive, 'a') == bytes(1 << 24)
        with pytest.raises(zipfile.BadZipFile, match='at most'):
            read_entry(archive, 'a', 1000)


def header(shape, dtype='|u1'):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {'descr': dtype, 'fortran_order': False, 'shape': shape})
    return buffer.getvalue()


ARRAYS = {
    'claims': header((10 ** 7, 10 ** 6, 3)), 'overflows': header((2 ** 62, 4, 3)),
    'nested': b'\x93NUMPY\x01\x00' + struct.pack('<H', 9000) + b'(' * 9000,
    'nothing': b'', 'cut': header((10, 4, 4))[:-3]}


@pytest.mark.parametrize('kind', ARRAYS)
def test_array_with_a_false_size_is_refused(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / 'd.npz', 'w') as archive:
        archive.writestr('x.npy', ARRAYS[kind])
        archive.writestr('y.npy', header((0,)))
    for act in (play, read_all):
        assert 'd.npz' in sentence(act, tmp_path / 'd.npz')


def test_arrays_larger_than_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, 'EXPANDED_BYTES', 1 << 26)
    np.savez_compressed(tmp_path / 'd.npz', y=np.zeros(2),
                        x=np.broadcast_to(np.zeros(1, np.uint8), (2, 8192, 8192)))
    for act in (play, read_all):
        assert 'more than images or numbers do' in sentence(act, tmp_path / 'd.npz')
    with pytest.raises(zipfile.BadZipFile, match='its arrays have'), \
            open_npz(tmp_path / 'd.npz', 1 << 20):
        pass


class Evil:

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.field('numpy/numpy #12759', 'an array file runs code when it is loaded')
def test_pickle_in_an_array_is_not_run(tmp_path):
    evil = np.array([Evil(str(tmp_path / 'owned'))], object)
    np.savez(tmp_path / 'd.npz', x=evil, y=evil, frames=evil, logits=evil)
    for act in (play, read_all):
        assert 'allow_pickle' in sentence(act, tmp_path / 'd.npz')
    from digiphys_ros.bundles.bundle import Bundle
    manifest = load_bundle(SIGNS).manifest.model_copy(update={'golden': 'd.npz'})
    assert 'needs arrays `frames`' in sentence(Bundle(tmp_path, manifest).golden)
    assert not (tmp_path / 'owned').exists()


def tar_of(path, *members, mode='w:gz', size=None):
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_tar_larger_than_memory_is_refused(tmp_path, monkeypatch):
    from digiphys_ros.learning.datasets import cifar
    monkeypatch.setattr(cifar, 'UNPACKED_BYTES', 1 << 20)
    tar_of(tmp_path / 'd.tar.gz', ('other', bytes(2 << 20)), ('data_batch_1', b''))
    assert "'other' has 2.1 MB" in sentence(read_all, tmp_path / 'd.tar.gz')
    tar_of(tmp_path / 'e.tar.gz', *[(str(index), bytes(1 << 19)) for index in range(4)])
    assert 'more than 1.0 MB unpacked' in sentence(read_all, tmp_path / 'e.tar.gz')
    # the name of a member may be of any length
    tar_of(tmp_path / 'f.tar.gz', ('x' * (2 << 20), b''))
    assert 'more than 1.0 MB unpacked' in sentence(read_all, tmp_path / 'f.tar.gz')


def test_cifar_batch_with_cyclic_lists_is_refused(tmp_path):
    import pickle
    labels = [0, 1]
    for _ in range(40):
        labels = [labels, labels]
    batch = pickle.dumps({b'data': np.zeros((2, 3072), np.uint8), b'labels': labels})
    tar_of(tmp_path / 'd.tar.gz', ('data_batch_1', batch))
    assert 'labels a list of numbers' in sentence(read_all, tmp_path / 'd.tar.gz')


# Tables.

@pytest.mark.parametrize('name', ['labels.csv', 'd.csv'])
def test_short_rows_of_a_wide_table_are_refused_at_once(tmp_path, name):
    columns = ','.join(['label', *map(str, range(100_000))])
    (tmp_path / name).write_text(columns + '\n' + 'x\n' * 1_000_000)
    assert 'line 2 has 1 values' in sentence(read_all, tmp_path / name)


@given(st.text(alphabet='ab,;"\n\r\0 ', max_size=60))
def test_any_csv_is_read_or_refused(text):
    try:
        for row in csv_rows(text):
            assert None not in row
            assert None not in row.values()
    except csv.Error as error:
        assert str(error)


def test_limits_accept_all_shipped_files():
    for path in (share_dir() / 'config').rglob('*.yaml'):
        assert path.stat().st_size < files.CONFIG_BYTES / 10
    for path in (share_dir() / 'models').rglob('*'):
        assert path.is_dir() or path.stat().st_size < files.DATA_BYTES
    assert Path(SIGNS / 'bundle.json').stat().st_size < files.TEXT_BYTES / 100
