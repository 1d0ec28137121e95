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

import threading
import time

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources import live, open_reader, SourceFrame
from digiphys_ros.perception.sources.backlog import Backlog
from digiphys_ros.perception.sources.live import LiveCamera
from digiphys_ros.perception.sources.options import CaptureOptions
import numpy as np
import pytest

TIMEOUT_S = 90.0


def until(condition, camera=None):
    """Wait for a condition; the camera is asked for images meanwhile, as its node does."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s
        if camera is None:
            threading.Event().wait(0.005)
        else:
            camera.newest(0.005)


def until_image(camera):
    """Wait for an image."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while camera.newest(0.01) is None:
        assert time.monotonic() < deadline_s, camera.problem


class Scripted:
    """A camera each of whose openings goes as a function says."""

    uri = 'scripted'

    def __init__(self, *openings):
        self.openings, self.opened_s, self.ended = list(openings), [], threading.Event()

    def frames(self, unreadable):
        self.opened_s.append(time.monotonic())
        opening = self.openings.pop(0) if len(self.openings) > 1 else self.openings[0]
        yield from opening(self)


def fails(camera):
    raise SourceError('scripted: not there.')
    yield


def raises(camera):
    raise ZeroDivisionError('of a driver')
    yield


def hangs(camera):
    camera.ended.wait()
    yield from ()


def shows_one(camera):
    yield SourceFrame(np.zeros((2, 2, 3), np.uint8), 'bgr8')


def shows(camera):
    while not camera.ended.wait(0.005):
        yield from shows_one(camera)


@pytest.fixture
def play():
    cameras, readers = [], []

    def make(*openings, timeout_s=0.3):
        readers.append(Scripted(*openings))
        cameras.append(LiveCamera(readers[-1], timeout_s))
        cameras[-1].start()
        return cameras[-1], readers[-1]
    yield make
    for reader in readers:
        reader.ended.set()
    for camera in cameras:
        camera.stop()


def test_live_camera_absent_is_retried_with_growing_bounded_pauses(play, monkeypatch):
    monkeypatch.setattr(live, 'FIRST_PAUSE_S', 0.05)
    monkeypatch.setattr(live, 'LONGEST_PAUSE_S', 0.2)
    camera, reader = play(fails)
    until(lambda: len(reader.opened_s) >= 7)
    pauses = np.diff(reader.opened_s)
    assert all(pauses >= [0.05, 0.1, 0.2, 0.2, 0.2, 0.2][:len(pauses)])
    assert camera.problem == 'scripted: not there.'
    assert camera.status()['failures'] >= 6


def test_live_camera_that_comes_later_is_played(play):
    camera, _ = play(fails, raises, shows)
    until(lambda: 'ZeroDivisionError: of a driver' in camera.problem)
    until_image(camera)
    assert camera.problem == ''


def test_live_camera_failing_after_each_first_image_keeps_growing_pauses(
        play, monkeypatch):
    monkeypatch.setattr(live, 'FIRST_PAUSE_S', 0.05)
    _, reader = play(shows_one)
    until(lambda: len(reader.opened_s) >= 5)
    assert all(np.diff(reader.opened_s)[:4] >= [0.05, 0.1, 0.2, 0.4])


@pytest.mark.field('opencv/opencv #24393', 'reading a network camera hangs for ever')
def test_live_camera_hanging_driver_does_not_block_and_is_reopened(play, monkeypatch):
    monkeypatch.setattr(live, 'STUCK_S', 0.5)
    camera, _ = play(hangs, shows)
    # the driver hangs until the test ends, and so would a call that waited for it
    assert camera.newest(0.05) is None
    until(lambda: camera.problem)
    assert camera.problem == 'scripted: no image for more than 300 ms.'
    until_image(camera)
    assert camera.problem == ''
    assert camera.status()['stuck'] == 1


def test_live_camera_driver_that_always_hangs_uses_few_threads(play, monkeypatch):
    monkeypatch.setattr(live, 'STUCK_S', 0.02)
    camera, reader = play(hangs)
    until(lambda: len(reader.opened_s) >= live.MOST_THREADS, camera)
    for _ in range(20):
        camera.newest(0.01)
    assert len(reader.opened_s) == live.MOST_THREADS
    # those that come back are not counted for ever
    reader.ended.set()
    until(lambda: camera.status()['stuck'] == 0)


def test_live_camera_stops_and_restarts(play):
    camera, _ = play(shows)
    until_image(camera)
    camera.stop()
    camera.newest(0.0)
    assert camera.newest(0.1) is None
    camera.start()
    until_image(camera)


@pytest.mark.field('ros-drivers/pointgrey_camera_driver #209',
                   'a camera is plugged in after its node started, and again later')
def test_network_camera_absent_at_first_then_stalled_then_switched_off_comes_back(mjpeg_server):
    reader = open_reader(mjpeg_server.url, CaptureOptions(timeout_s=0.5))
    with LiveCamera(reader, 0.5) as camera:
        until(lambda: 'the stream cannot be opened' in camera.problem)
        mjpeg_server.start()
        until_image(camera)
        mjpeg_server.stall()
        until(lambda: camera.problem, camera)
        mjpeg_server.resume()
        until(lambda: not camera.problem, camera)
        mjpeg_server.stop()
        until(lambda: camera.problem, camera)
        mjpeg_server.start()
        until(lambda: not camera.problem, camera)
        assert camera.newest(TIMEOUT_S) is not None


def test_backlog_burst_after_a_pause_is_old():
    backlog = Backlog(0.0)
    assert not any(backlog.is_old(one / 30) for one in range(1, 31))
    # 0.5 s of silence, then the images of it within 45 ms, then those of now
    assert all(backlog.is_old(1.5 + one * 0.003) for one in range(15))
    assert not any(backlog.is_old(1.6 + one / 30) for one in range(9))


def test_backlog_after_a_pause_of_the_camera_is_its_first_image_only():
    backlog = Backlog(0.0)
    for one in range(1, 31):
        backlog.is_old(one / 30)
    assert [backlog.is_old(2.0 + one / 30) for one in range(4)] == [True, False, False, False]


@pytest.mark.parametrize('rate_hz', [0.5, 2.0, 15.0, 240.0])
def test_backlog_learns_the_rate_of_a_camera(rate_hz):
    backlog = Backlog(0.0)
    assert not any([backlog.is_old(one / rate_hz) for one in range(1, 200)][60:])


def test_backlog_images_waiting_at_the_start_are_old():
    backlog = Backlog(0.0)
    assert all(backlog.is_old(0.001 + one * 0.002) for one in range(24))
    assert not any(backlog.is_old(0.08 + one / 30) for one in range(9))
