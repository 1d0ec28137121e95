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

import zipfile

import cv2
from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import open_source
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def flat(value):
    return np.full((12, 16, 3), value, np.uint8)


def png(value):
    return cv2.imencode('.png', flat(value))[1].tobytes()


def test_folder_in_natural_order_with_labels_from_class_folders(tmp_path):
    for name, value in (('a/f10.png', 30), ('a/f9.png', 20), ('b/f1.png', 40)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(value))
    (tmp_path / 'b' / 'broken.png').write_bytes(b'no image')
    (tmp_path / 'b' / 'notes.txt').write_text('no image either')
    frames = list(open_source(str(tmp_path)))
    assert [(frame.pixels[0, 0, 0], frame.label) for frame in frames] == [
        (20, 'a'), (30, 'a'), (40, 'b')]
    assert frames[0].encoding == 'bgr8'


def test_loops(tmp_path):
    for index in range(2):
        (tmp_path / f'{index}.png').write_bytes(png(50 + index))
    frames = open_source(str(tmp_path), loop=True)
    assert [next(frames).pixels[0, 0, 0] for _ in range(5)] == [50, 51, 50, 51, 50]


def test_video_with_its_timing(tmp_path):
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 20.0, (16, 12))
    for value in (10, 100, 200):
        writer.write(flat(value))
    writer.release()
    frames = list(open_source(str(path)))
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.05, 0.1])
    assert [abs(int(frame.pixels.mean()) - value) < 6
            for frame, value in zip(frames, (10, 100, 200), strict=True)] == [True] * 3


def test_npz_track_by_track(tmp_path):
    images = RNG.integers(0, 255, (4, 8, 8, 3)).astype(np.uint8)
    np.savez(tmp_path / 'd.npz', x=images, y=np.array([7, 3, 7, 3], np.uint8),
             track=np.array([1, 0, 1, 0]), frame=np.array([1, 1, 0, 0]))
    frames = list(open_source(str(tmp_path / 'd.npz')))
    assert [frame.label for frame in frames] == ['3', '3', '7', '7']
    for frame, index in zip(frames, (3, 1, 2, 0), strict=True):
        np.testing.assert_array_equal(frame.pixels, images[index])
    assert frames[0].encoding == 'rgb8'


def test_grey_npz(tmp_path):
    np.savez(tmp_path / 'd.npz', x_train=np.zeros((2, 8, 8), np.uint8), y_train=np.array([0, 1]))
    frames = list(open_source(str(tmp_path / 'd.npz')))
    assert [(frame.encoding, frame.label) for frame in frames] == [('mono8', '0'), ('mono8', '1')]


def test_zip_of_class_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / 'd.zip', 'w') as archive:
        archive.writestr('set/red/1.png', png(10))
        archive.writestr('set/green/1.png', png(20))
    frames = list(open_source(str(tmp_path / 'd.zip')))
    assert [(frame.label, frame.pixels[0, 0, 0]) for frame in frames] == [
        ('green', 20), ('red', 10)]


def test_driving_log_with_its_timing_session_after_session(tmp_path):
    rows = ['file,timestamp_ms,session', 'b.png,1050,s1', 'a.png,1000,s1', 'c.png,5000,s2']
    with zipfile.ZipFile(tmp_path / 'd.zip', 'w') as archive:
        for name, value in (('a', 10), ('b', 20), ('c', 30)):
            archive.writestr(f'log/images/{name}.png', png(value))
        archive.writestr('log/labels.csv', '\n'.join(rows))
    frames = list(open_source(str(tmp_path / 'd.zip')))
    assert [frame.pixels[0, 0, 0] for frame in frames] == [10, 20, 30]
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.05, 0.1])


@pytest.mark.parametrize(('name', 'content', 'words'), [
    ('gone', None, ['does not exist', 'a video file']),
    ('empty', 'folder', ['no readable image']),
    ('text.mp4', b'no video', ['cannot be opened as a video']),
    ('text.npz', b'no archive', ['.npz']),
    ('text.zip', b'no archive', ['.zip']),
])
def test_what_cannot_be_played_is_told(tmp_path, name, content, words):
    path = tmp_path / name
    if content == 'folder':
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        open_source(str(path))
    for word in [name, *words]:
        assert word in str(refused.value)


def test_npz_without_images_is_told(tmp_path):
    np.savez(tmp_path / 'd.npz', pictures=np.zeros(3))
    with pytest.raises(SourceError, match='found pictures'):
        open_source(str(tmp_path / 'd.npz'))


def test_real_data_sets(data_dir):
    signs = open_source(str(data_dir / 'gtsrb_train.npz'))
    assert next(signs).pixels.shape == (32, 32, 3)
    log = open_source(str(data_dir / 'driving_track2a.zip'))
    times = [next(log).time_s for _ in range(5)]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert next(open_source(str(data_dir / 'traffic_light_train.zip'))).label == 'green'
