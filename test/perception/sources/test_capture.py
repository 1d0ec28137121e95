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

import itertools
import os
import time

import cv2
from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import open_reader, open_source
from digiphys_ros.perception.sources.capture import is_device
from digiphys_ros.perception.sources.options import CaptureOptions, without_password
import numpy as np
import pytest


def flat(value):
    return np.full((12, 16, 3), value, np.uint8)


class FakeCamera:
    """A device with ``waiting`` images in its driver, each showing when it was taken."""

    def __init__(self, clock, waiting=2, opens=True, images=99):
        self.clock, self.opens, self.images, self.released = clock, opens, images, False
        self.queue, self.waiting = [], waiting
        self.asked, self.given = [], {}

    def isOpened(self):  # noqa: N802
        return self.opens

    def set(self, name, value):
        self.asked.append((name, value))
        return True

    def get(self, name):
        return self.given.get(name, self.waiting)

    def grab(self):
        # the driver fills its buffers and then drops what comes until one is asked for
        self.image = self.queue.pop(0) if self.queue else self.clock[0]
        self.queue += [self.clock[0]] * (self.waiting - len(self.queue))
        return True

    def read(self):
        self.grab()
        self.images -= 1
        return self.images >= 0, flat(int(self.image))

    def release(self):
        self.released = True


def play_device(monkeypatch, clock, **options):
    camera = FakeCamera(clock, **options)
    monkeypatch.setattr('cv2.VideoCapture', lambda *arguments: camera)
    monkeypatch.setattr('time.monotonic', lambda: clock[0])
    return camera, lambda: open_source('/dev/video7')


@pytest.mark.field(
    'opencv/opencv #13145', 'VideoCapture gives images from its buffer that are old')
def test_device_never_returns_an_old_image(monkeypatch):
    clock = [10.0]
    _, opened = play_device(monkeypatch, clock)
    source = opened()
    shown = []
    for clock[0] in (100.0, 100.1, 200.0):
        frame = next(source)
        shown.append((frame.pixels[0, 0, 0], frame.time_s))
    assert shown == [(100, 90.0), (100, pytest.approx(90.1)), (200, 190.0)]


def test_device_that_cannot_be_opened_or_ends_is_reported(monkeypatch):
    camera, opened = play_device(monkeypatch, [0.0], opens=False)
    with pytest.raises(SourceError, match='/dev/video7: the camera cannot be opened'):
        opened()
    assert camera.released
    camera, opened = play_device(monkeypatch, [0.0], images=2)
    source = opened()
    next(source)
    with pytest.raises(SourceError, match='no more images'):
        next(source)
    assert camera.released


MODE = CaptureOptions(width=1280, height=720, fps=30.0, fourcc='MJPG')
GIVEN = {cv2.CAP_PROP_FRAME_WIDTH: 1280.0, cv2.CAP_PROP_FRAME_HEIGHT: 720.0,
         cv2.CAP_PROP_FPS: 29.97, cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*'MJPG'))}


@pytest.mark.field('OTL/cv_camera #17', 'a USB camera is to give MJPG at 1280x720')
def test_device_gets_its_format_first_and_uses_the_options(monkeypatch):
    camera, _ = play_device(monkeypatch, [0.0])
    camera.given = GIVEN
    reader = open_reader('/dev/video7', MODE)
    next(reader.frames([]))
    assert camera.asked[:4] == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*'MJPG')), (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720), (cv2.CAP_PROP_FPS, 30.0)]
    assert reader.refused == ''


@pytest.mark.field(
    'chalmers-revere/opendlv #33', 'a camera gives another size than it was asked for')
def test_device_with_another_mode_is_reported_with_both(monkeypatch):
    camera, _ = play_device(monkeypatch, [0.0])
    camera.given = {**GIVEN, cv2.CAP_PROP_FRAME_WIDTH: 640.0,
                    cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*'YUYV'))}
    reader = open_reader('/dev/video7', MODE)
    next(reader.frames([]))
    for words in ('requested fourcc MJPG, width 1280, height 720, fps 30',
                  'uses fourcc YUYV, width 640, height 720, fps 29.97', 'v4l2-ctl'):
        assert words in reader.refused


def test_device_without_options_keeps_its_defaults(monkeypatch):
    camera, opened = play_device(monkeypatch, [0.0])
    opened()
    assert [name for name, _ in camera.asked] == [cv2.CAP_PROP_BUFFERSIZE]


@pytest.mark.parametrize('fourcc', ['MJPEG', 'mjp', 'MJP\n'])
def test_fourcc_without_four_characters_is_refused(fourcc):
    with pytest.raises(SourceError, match='fourcc: four characters such as MJPG'):
        CaptureOptions(fourcc=fourcc)


@pytest.mark.parametrize('uri', ['rtsp://host/1', 'clip.mp4', 'v4l2src ! appsink'])
def test_options_of_a_device_for_another_source_are_refused(uri, tmp_path, monkeypatch):
    monkeypatch.setattr('cv2.videoio_registry.hasBackend', lambda backend: True)
    with pytest.raises(SourceError, match='only a device can be asked for'):
        open_reader(uri, MODE)


@pytest.mark.parametrize('name', ['2024', '0'])
def test_folder_with_a_number_as_name_is_a_folder(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    cv2.imwrite(str(tmp_path / name / '1.png'), flat(7))
    assert is_device(name)
    monkeypatch.chdir(tmp_path)
    assert not is_device(name)
    assert next(open_source(name)).pixels[0, 0, 0] == 7


@pytest.mark.parametrize(('uri', 'words'), [
    ('videotestsrc ! videoconvert', 'must end in appsink'),
    ('ftp://host/a.avi', 'ftp:// is not read, allowed are rtsp://'),
    ('file:///etc/passwd', 'file:// is not read')])
def test_source_that_can_never_be_read_is_refused_in_one_sentence(uri, words):
    with pytest.raises(SourceError, match=words) as refused:
        open_reader(uri)
    assert str(refused.value).count('\n') == 0


def test_pipeline_without_gstreamer_in_opencv_is_refused_in_one_sentence():
    if cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        pytest.skip('this OpenCV has GStreamer')
    with pytest.raises(SourceError, match='has no GStreamer; install one that has'):
        open_reader('videotestsrc ! videoconvert ! appsink')


def test_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'camera.avi')
    with pytest.raises(SourceError, match='regular file is needed, and this is a named pipe'):
        open_source(str(tmp_path / 'camera.avi'))


@pytest.mark.field(
    'blakeblackshear/frigate #1431', 'the log shows the password of a network camera')
@pytest.mark.parametrize(('uri', 'shown'), [
    ('rtsp://me:p@ss@10.0.0.2:554/1', 'rtsp://***@10.0.0.2:554/1'),
    ('rtspsrc location=rtsp://me:secret@host/1 ! appsink',
     'rtspsrc location=rtsp://***@host/1 ! appsink'),
    ('/data/me@home', '/data/me@home')])
def test_password_of_a_source_is_not_shown(uri, shown):
    assert without_password(uri) == shown


def test_single_image_is_a_source(tmp_path):
    cv2.imwrite(str(tmp_path / 'one.png'), flat(9))
    cv2.imwrite(str(tmp_path / 'two.png'), flat(10))
    source = open_source(str(tmp_path / 'one.png'), loop=True)
    assert [(frame.pixels[0, 0, 0], frame.label) for frame in itertools.islice(source, 3)] == \
        [(9, None)] * 3
    assert source.length == 1


@pytest.mark.field('opencv/opencv #4506', 'an IP camera that is disconnected blocks the read')
def test_stream_that_does_not_answer_ends_after_its_timeout(mjpeg_server):
    mjpeg_server.start()
    mjpeg_server.stall()
    began_s = time.monotonic()
    with pytest.raises(SourceError, match='the stream cannot be opened'):
        open_source(mjpeg_server.url, options=CaptureOptions(timeout_s=0.5))
    # OpenCV alone gives up after 30 s
    assert time.monotonic() - began_s < 30.0


def test_stream_skips_images_that_the_network_delayed(mjpeg_server):
    mjpeg_server.start()
    late_s = []
    for index, frame in enumerate(open_source(mjpeg_server.url)):
        if index == 20:
            mjpeg_server.stall()
            mjpeg_server.resume_in(1.0)
        if index > 20:
            late_s.append(mjpeg_server.age_s(frame.pixels))
        if index == 60:
            break
    assert mjpeg_server.stalls == 1
    # of the second of images that the network held back
    assert sorted(late_s)[-2] < 0.5
