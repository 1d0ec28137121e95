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

"""Play a recording at its times, or the newest image of a live camera, in a thread."""

from collections.abc import Callable, Iterator
import threading
import time
from typing import Any, Protocol

from digiphys_ros.errors import DigiphysError
from digiphys_ros.metrics import Rate
from digiphys_ros.perception.camera_checks.repeats import MEMORY_FRAMES as FROZEN_FRAMES
from digiphys_ros.perception.sources.live import LiveCamera
from digiphys_ros.perception.sources.reader import SourceFrame
from digiphys_ros.perception.sources.settings import CameraSettings, UNTIMED_HZ

UNREADABLE_NAMED = 5
"""Limit of unreadable parts in the log; /diagnostics counts all."""
PATIENCE_S = 0.2
"""Longest wait for an image between two checks."""


class Note(Protocol):
    """Logs a condition when it changes."""

    def __call__(self, condition: str, *, about: str = '', warn: bool = False) -> None:
        """Log it."""


class Player:
    """
    Publish the frames of a source.

    :param frames: frames of a recording; None for a live camera.
    :param camera: a live camera; None for a recording.
    :param publish: called with each frame, in the thread of the player.
    :param changed: called when ``problem`` or ``ended`` has changed.
    :param reader: reader of the source; its ``refused`` is a sentence on ignored options.
    :ivar problem: why no frames arrive, else ''.
    :ivar ended: whether a recording has ended.
    :ivar late: number of late frames.
    """

    def __init__(self, settings: CameraSettings, *, frames: Iterator[SourceFrame] | None = None,
                 camera: LiveCamera | None = None, reader: Any = None,
                 publish: Callable[[SourceFrame], None], note: Note,
                 changed: Callable[[], None]) -> None:
        self.problem, self.ended = '', False
        self.late, self.sent = 0, Rate()
        self._settings, self._frames, self._camera, self._reader = \
            settings, frames, camera, reader
        self._publish, self._note, self._changed = publish, note, changed
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to play, or continue after ``stop``."""
        self._stopped.clear()
        if self._camera is not None:
            self._camera.start()
        self._thread = threading.Thread(target=self._play, name='player', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop playing."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(1.0)
        if self._camera is not None:
            self._camera.stop()

    @property
    def warning(self) -> str:
        """Return a warning, else ''."""
        return self._still() or self.refused

    @property
    def refused(self) -> str:
        """Return the ignored options of the device, else ''."""
        return getattr(self._reader, 'refused', '')

    def figures(self) -> dict[str, Any]:
        """Return rates, counts and the state of a live camera."""
        return {**(self._camera.status() if self._camera is not None else {}),
                'frames_sent': self.sent.count,
                'rate_hz': f'{self.sent.per_second(time.monotonic()):.2f}',
                'late': self.late, 'unreadable': len(self._unreadable)}

    @property
    def _unreadable(self) -> list[str]:
        return getattr(self._frames, 'unreadable', [])

    def _play(self) -> None:
        try:
            if self._camera is None:
                self._play_frames()
            else:
                self._play_camera(self._camera)
        except Exception as error:  # decoders raise many types; report it
            self.ended = True
            self.problem = str(error) if isinstance(error, DigiphysError) \
                else f'{type(error).__name__}: {error}'
            self._note(self.problem, warn=True)
        if not self._stopped.is_set():
            self._changed()

    def _send(self, frame: SourceFrame) -> None:
        self._publish(frame)
        self.sent.tick()

    def _play_camera(self, camera: LiveCamera) -> None:
        """Publish images of a live camera, at most ``rate_hz``."""
        rate_hz = self._settings.rate_hz
        period_s, due_s = 1.0 / rate_hz if rate_hz > 0 else 0.0, 0.0
        while not self._stopped.is_set():
            frame = camera.newest(PATIENCE_S)
            self._note_camera(camera.problem)
            now_s = time.monotonic()
            # half a period: the rate of the camera varies, and no image may be lost
            if frame is None or now_s < due_s - period_s / 2:
                continue
            due_s = max(due_s + period_s, now_s)
            self._send(frame)

    def _note_camera(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._note(f'no images: {problem} The camera is tried again.' if problem
                       else 'images come again', about='camera', warn=bool(problem))
            self._changed()
        if self.refused:
            self._note(self.refused, about='format', warn=True)

    def _still(self) -> str:
        """Return the fix if so few images repeat that they look like a frozen camera."""
        length = getattr(self._frames, 'length', 0)
        if not 0 < length <= FROZEN_FRAMES or not self._settings.loop:
            return ''
        return (f'{self._settings.source} repeats {length} image{"s" * (length > 1)}, which the '
                'classifier takes for a frozen camera: set its parameter drop_duplicate_frames '
                'to false, as by `digiphys run --set classifier.drop_duplicate_frames=false`')

    def _note_unreadable(self) -> None:
        """Log the first unreadable parts of a recording."""
        names = self._unreadable[:UNREADABLE_NAMED]
        if names:
            self._note(f'{self._settings.source}: skipped, as it cannot be read: '
                       f'{"; ".join(names)}', about='unreadable', warn=True)

    def _play_frames(self) -> None:
        assert self._frames is not None
        started_s, first_s = time.monotonic(), None
        for played, frame in enumerate(self._frames):
            if frame.time_s is not None and first_s is None:
                first_s = frame.time_s
            wait_s = started_s + self._offset_s(frame, first_s, played) - time.monotonic()
            if wait_s < 0:
                # like a sensor: a late frame delays the next ones, without a burst
                started_s -= wait_s
                self.late += 1
            if self._stopped.wait(max(wait_s, 0.0)):
                return
            self._send(frame)
            if warning := self._still():
                self._note(warning, about='still', warn=True)
            self._note_unreadable()
        self._note_unreadable()
        self.ended = True
        self._note(f'{self._settings.source}: ended after {self.sent.count} frames')

    def _offset_s(self, frame: SourceFrame, first_s: float | None, played: int) -> float:
        """Return the time of a frame, in seconds after the start."""
        if self._settings.rate_hz > 0:
            return played / self._settings.rate_hz
        if frame.time_s is None or first_s is None:
            return played / UNTIMED_HZ
        return frame.time_s - first_s
