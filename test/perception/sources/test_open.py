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

import cv2
from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import open_source
import numpy as np
import pytest


def png(value):
    return cv2.imencode('.png', np.full((12, 16, 3), value, np.uint8))[1].tobytes()


def test_folder_in_natural_order_with_labels_from_class_folders(tmp_path):
    for name, value in (('a/f10.png', 30), ('a/f9.png', 20), ('b/f1.png', 40)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(value))
    (tmp_path / 'b' / 'broken.png').write_bytes(b'no image')
    (tmp_path / 'b' / 'notes.txt').write_text('no image either')
    (tmp_path / 'b' / '._f1.png').write_bytes(b'hidden copy of macOS')
    source = open_source(str(tmp_path))
    frames = list(source)
    assert [(frame.pixels[0, 0, 0], frame.label) for frame in frames] == [
        (20, 'a'), (30, 'a'), (40, 'b')]
    assert source.unreadable == [str(tmp_path / 'b' / 'broken.png')]
    assert frames[0].encoding == 'bgr8'


def test_open_source_loops(tmp_path):
    for index in range(2):
        (tmp_path / f'{index}.png').write_bytes(png(50 + index))
    frames = open_source(str(tmp_path), loop=True)
    assert [next(frames).pixels[0, 0, 0] for _ in range(5)] == [50, 51, 50, 51, 50]


@pytest.mark.parametrize(('name', 'content', 'words'), [
    ('gone', None, ['does not exist', 'a video file']),
    ('empty', 'folder', ['no readable image']),
    ('text.mp4', b'no video', ['cannot be opened as a video']),
    ('text.npz', b'no archive', ['.npz']),
    ('text.zip', b'no archive', ['.zip']),
])
def test_open_source_unplayable_is_refused(tmp_path, name, content, words):
    path = tmp_path / name
    if content == 'folder':
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        open_source(str(path))
    for word in [name, *words]:
        assert word in str(refused.value)


def test_open_source_plays_real_data_sets(data_dir):
    signs = open_source(str(data_dir / 'gtsrb_train.npz'))
    assert next(signs).pixels.shape == (32, 32, 3)
    log = open_source(str(data_dir / 'driving_track2a.zip'))
    times = [next(log).time_s for _ in range(5)]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert next(open_source(str(data_dir / 'traffic_light_train.zip'))).label == 'green'
    tile = next(open_source(str(data_dir / 'magnetic_tile_train.zip')))
    assert (tile.encoding, tile.label) == ('mono8', 'blowhole')
    assert next(open_source(str(data_dir / 'pneumonia_mnist_train.npz'))).encoding == 'mono8'


def test_open_source_keeps_gray_images(tmp_path):
    cv2.imwrite(str(tmp_path / '1.png'), np.full((4, 5), 9, np.uint8))
    frame = next(open_source(str(tmp_path)))
    assert (frame.encoding, frame.pixels.shape, frame.label) == ('mono8', (4, 5), None)
