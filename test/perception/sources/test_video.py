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


def flat(value):
    return np.full((12, 16, 3), value, np.uint8)


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


class FakeCamera:
    """A device with ``waiting`` pictures in its driver, each showing when it was taken."""

    def __init__(self, clock, waiting=2, opens=True, pictures=99):
        self.clock, self.opens, self.pictures, self.released = clock, opens, pictures, False
        self.queue, self.waiting = [], waiting

    def isOpened(self):  # noqa: N802
        return self.opens

    def set(self, name, value):
        return True

    def get(self, name):
        return self.waiting

    def grab(self):
        # the driver fills its buffers and then drops what comes until one is asked for
        self.picture = self.queue.pop(0) if self.queue else self.clock[0]
        self.queue += [self.clock[0]] * (self.waiting - len(self.queue))
        return True

    def read(self):
        self.grab()
        self.pictures -= 1
        return self.pictures >= 0, flat(int(self.picture))

    def release(self):
        self.released = True


def play_device(monkeypatch, clock, **options):
    camera = FakeCamera(clock, **options)
    monkeypatch.setattr('cv2.VideoCapture', lambda *arguments: camera)
    monkeypatch.setattr('time.monotonic', lambda: clock[0])
    return camera, lambda: open_source('/dev/video7')


def test_a_device_never_shows_an_old_picture(monkeypatch):
    clock = [10.0]
    _, opened = play_device(monkeypatch, clock)
    source = opened()
    shown = []
    for clock[0] in (100.0, 100.1, 200.0):
        frame = next(source)
        shown.append((frame.pixels[0, 0, 0], frame.time_s))
    assert shown == [(100, 90.0), (100, pytest.approx(90.1)), (200, 190.0)]


def test_a_device_that_cannot_be_opened_or_ends_is_told(monkeypatch):
    camera, opened = play_device(monkeypatch, [0.0], opens=False)
    with pytest.raises(SourceError, match='/dev/video7: the camera cannot be opened'):
        opened()
    assert camera.released
    camera, opened = play_device(monkeypatch, [0.0], pictures=2)
    source = opened()
    next(source)
    with pytest.raises(SourceError, match='no more pictures'):
        next(source)
    assert camera.released
