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

from digiphys_ros.errors import SourceError
from digiphys_ros.perception.sources.options import CaptureOptions
from digiphys_ros.perception.sources.player import Player
from digiphys_ros.perception.sources.reader import SourceFrame
from digiphys_ros.perception.sources.settings import CameraSettings
import numpy as np
import pytest

PIXELS = np.zeros((4, 4, 3), np.uint8)


class Played:
    """A player, what it published and what it noted."""

    def __init__(self, settings=CameraSettings(rate_hz=240.0), **source):  # noqa: B008
        self.frames, self.notes, self.changed = [], [], threading.Event()
        self.player = Player(settings, publish=self.frames.append, note=self._note,
                             changed=self.changed.set, **source)
        self.player.start()

    def _note(self, condition, *, about='', warn=False):
        self.notes.append(condition)

    def until_it_changes(self):
        assert self.changed.wait(30.0)
        self.player.stop()
        return self


def frames(*times_s):
    return (SourceFrame(PIXELS, 'rgb8', None, time_s) for time_s in times_s)


def test_player_plays_a_recording_to_its_end():
    played = Played(frames=frames(0.0, 1.0, 2.0)).until_it_changes()
    assert len(played.frames) == 3
    assert played.player.ended
    assert not played.player.problem
    assert played.player.figures()['frames_sent'] == 3
    assert played.notes[-1].endswith('ended after 3 frames')


def test_player_rate_0_plays_at_recorded_times():
    settings = CameraSettings(rate_hz=0.0)
    player = Player(settings, publish=None, note=None, changed=None)
    frame = next(frames(7.5))
    assert player._offset_s(frame, 5.0, played=3) == 2.5
    assert player._offset_s(SourceFrame(PIXELS, 'rgb8', None, None), None, played=3) == \
        pytest.approx(0.1)


def test_player_decoder_failure_is_a_problem_and_ends_it():
    def broken():
        yield from frames(0.0)
        raise SourceError('the file is torn.')
    played = Played(frames=broken()).until_it_changes()
    assert played.player.problem == 'the file is torn.'
    assert played.player.ended
    assert len(played.frames) == 1


class Recording:
    """A source of few images, of which one cannot be read."""

    length, unreadable = 1, ('b.png',)

    def __iter__(self):
        return frames(0.0, 1.0)


def test_player_warns_of_repeats_and_names_unreadable_images():
    played = Played(frames=Recording()).until_it_changes()
    assert 'drop_duplicate_frames to false' in played.player.warning
    assert any('b.png' in note for note in played.notes)
    assert played.player.figures()['unreadable'] == 1


class Camera:
    """A live camera that shows a problem, then images."""

    def __init__(self):
        self.problem, self.images = 'it is unplugged.', 0

    def start(self):
        self.started = True

    def stop(self):
        self.stopped = True

    def status(self):
        return {'camera_failures': 1}

    def newest(self, patience_s):
        self.images += 1
        if self.images > 2:
            self.problem = ''
            return next(frames(None))
        return None


def test_player_live_camera_without_images_is_a_problem():
    settings = CameraSettings(rate_hz=0.0, capture=CaptureOptions(width=640))
    played = Played(settings, camera=Camera(), reader=None)
    while not played.frames:
        assert played.changed.wait(30.0)
    played.player.stop()
    assert played.notes[:2] == ['no images: it is unplugged. The camera is tried again.',
                                'images come again']
    assert not played.player.problem
    assert played.player.figures()['camera_failures'] == 1
