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

"""A live camera that may be absent, stall or disappear, without blocking its users."""

from collections.abc import Generator
from contextlib import closing
import math
import threading
import time
from typing import Protocol

from digiphys_ros.duration import duration_text
from digiphys_ros.errors import DigiphysError
from digiphys_ros.perception.sources.reader import SourceFrame

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
"""Pauses between two attempts double up to the longest."""

STUCK_S = 20.0
"""Timeout of a driver call; that of OpenCV for devices is 10 s."""

MOST_THREADS = 4
"""Limit of threads that hang in a driver, as they cannot be ended."""


class LiveReader(Protocol):
    """
    The interface of live cameras.

    :ivar uri: its name for messages.
    """

    uri: str

    def frames(self, unreadable: list[str]) -> Generator[SourceFrame, None, None]:
        """Open the camera and yield its images until it fails."""


class LiveCamera:
    """
    The newest image of a live camera, which is reopened after each failure.

    A separate thread opens and reads. The pause between attempts is reset after images have
    arrived for longer than ``LONGEST_PAUSE_S``.

    :param reader: ``frames`` opens the camera, and ends or raises on a failure.
    :param timeout_s: time without an image after which the camera counts as stalled.
    :ivar failures: number of failures since the start.

    Example::

        with LiveCamera(reader, timeout_s=3.0) as camera:
            frame = camera.newest(0.2)
    """

    def __init__(self, reader: LiveReader, timeout_s: float) -> None:
        self._reader, self._timeout_s = reader, timeout_s
        self._changed = threading.Condition()
        self._frame: SourceFrame | None = None
        self._problem = ''
        self._turn = self._threads = self.failures = 0
        self._first_s = self._seen_s = self._called_s = self._next_s = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to open the camera."""
        with self._changed:
            self._problem, self._frame = '', None
            self._seen_s = time.monotonic()
            self._begin()

    def _begin(self) -> None:
        self._turn += 1
        self._threads += 1
        self._called_s = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, args=(self._turn,), name='camera', daemon=True)
        self._thread.start()

    def stop(self, patience_s: float = 0.5) -> None:
        """Release the camera, without waiting for a hanging driver call."""
        with self._changed:
            self._turn += 1
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(patience_s)

    def __enter__(self) -> 'LiveCamera':
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def newest(self, patience_s: float) -> SourceFrame | None:
        """Return a new image, None if none arrives in that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None, patience_s)
            frame, self._frame = self._frame, None
            if frame is None and self._is_stuck():
                self._begin()
            return frame

    def _is_stuck(self) -> bool:
        return 0.0 < self._called_s < time.monotonic() - STUCK_S and self._threads < MOST_THREADS

    @property
    def problem(self) -> str:
        """Return why no images arrive, as a constant sentence, else ''."""
        with self._changed:
            if time.monotonic() - self._seen_s <= self._timeout_s and not self._problem:
                return ''
            return self._problem or (f'{self._reader.uri}: no image for more than '
                                     f'{duration_text(self._timeout_s)}.')

    def status(self) -> dict[str, str | int]:
        """Return figures for diagnostics."""
        with self._changed:
            now_s = time.monotonic()
            return {'silence_s': f'{now_s - self._seen_s:.1f}', 'failures': self.failures,
                    'next_try_s': f'{max(self._next_s - now_s, 0.0):.1f}',
                    'stuck': max(self._threads - 1, 0)}

    def _run(self, turn: int) -> None:
        pause_s = FIRST_PAUSE_S
        while self._turn == turn:
            self._first_s = math.inf
            problem = self._play(turn)
            with self._changed:
                if self._turn != turn:
                    break
                if self._seen_s - self._first_s > LONGEST_PAUSE_S:
                    pause_s = FIRST_PAUSE_S
                self._problem, self._called_s = problem, 0.0
                self.failures += 1
                self._next_s = time.monotonic() + pause_s
                self._changed.wait_for(lambda: self._turn != turn, pause_s)
                self._called_s = time.monotonic()
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        with self._changed:
            self._threads -= 1

    def _play(self, turn: int) -> str:
        """Read until the camera fails; return the reason."""
        try:
            with closing(self._reader.frames([])) as frames:
                for frame in frames:
                    if not self._take(frame, turn):
                        return ''
        except DigiphysError as error:
            return str(error)
        except Exception as error:  # after any exception of a driver comes the next attempt
            return f'{self._reader.uri}: {type(error).__name__}: {error}'
        return f'{self._reader.uri}: the camera ended.'

    def _take(self, frame: SourceFrame, turn: int) -> bool:
        """Store the newest frame; return whether to continue."""
        with self._changed:
            if self._turn != turn:
                return False
            self._frame, self._problem = frame, ''
            self._seen_s = self._called_s = time.monotonic()
            self._first_s = min(self._first_s, self._seen_s)
            self._changed.notify_all()
            return True
