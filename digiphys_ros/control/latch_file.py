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

"""An e-stop that outlasts the process: a restarted gate must not forget it."""

from contextlib import suppress
import math
import os
from pathlib import Path
import threading
import time

HELD, RELEASED = b'held    \n', b'released\n'


class LatchFile:
    """
    A small file that stores whether an e-stop is latched.

    It is created, written and read back before it is needed, and changed in place: a disk that
    fills up later cannot refuse the change. Each change reaches the disk before it counts.

    :param path: its folder is created when needed.
    :raises OSError: from each method, when the system refuses or reads back something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """Write the current state again, and read it back."""
        self._write(HELD if self.is_held() else RELEASED)

    def is_held(self) -> bool:
        """
        Return whether an e-stop was latched and never reset.

        Anything at the path that does not state a release counts as latched: a folder, a
        dangling or circular link, a truncated file.
        """
        try:
            return self._read() != RELEASED
        except FileNotFoundError:
            return os.path.lexists(self.path)
        except OSError:
            if os.path.lexists(self.path):
                return True
            raise

    def hold(self) -> None:
        """Store a latched e-stop."""
        self._write(HELD)

    def release(self) -> None:
        """Store a released e-stop."""
        self._write(RELEASED)

    def _read(self) -> bytes:
        # without blocking: the path may be a pipe instead of a file
        file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(file, len(RELEASED) + 1)
        finally:
            os.close(file)

    def _write(self, state: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(file, state, 0)
            os.ftruncate(file, len(state))
            os.fsync(file)
            if os.pread(file, len(state) + 1, 0) != state:
                raise OSError(f'{self.path} does not keep what is written to it')
        finally:
            os.close(file)
        self._sync_folder()

    def _sync_folder(self) -> None:
        # some file systems cannot sync folders; the file itself is synced
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class LatchKeeper:
    """
    Write a latch file on its own thread: a slow disk does not delay the gate.

    A change that fails is tried again until it succeeds; ``problem`` reports why meanwhile.

    :param retry_s: pause between two attempts.
    :param patience_s: how long the disk may take.
    """

    def __init__(self, file: LatchFile, retry_s: float = 1.0, patience_s: float = 1.0) -> None:
        self._problem, self._patience_s = '', patience_s
        # start of the attempt that is under way
        self._since_s = math.inf
        self._file, self._retry_s = file, retry_s
        self._changed = threading.Condition()
        self._wanted: bool | None = None
        self._kept: bool | None = None
        self._running = True
        self._thread = threading.Thread(target=self._run, name='latch', daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Return why the last change is not stored; empty if it is stored or still in time."""
        if time.monotonic() - self._since_s > self._patience_s:
            return f'the e-stop cannot be remembered: {self._file.path} gives no answer'
        return self._problem

    def keep(self, held: bool) -> None:
        """Store ``held`` for the next start; return at once."""
        with self._changed:
            if held != self._kept:
                self._wanted = self._kept = held
                self._changed.notify_all()

    def close(self, timeout_s: float = 0.5) -> None:
        """Wait until the last change is stored or has failed, then end the thread."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (held := self._next()) is not None:
            self._since_s = time.monotonic()
            try:
                (self._file.hold if held else self._file.release)()
            except OSError as error:
                self._since_s = math.inf
                self._problem = f'the e-stop cannot be remembered: {error}'
                with self._changed:
                    if self._wanted is None and self._running:
                        self._wanted = held
                        self._changed.wait(self._retry_s)
                continue
            self._since_s, self._problem = math.inf, ''

    def _next(self) -> bool | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted is not None or not self._running)
            held, self._wanted = self._wanted, None
            return held


def recall(file: LatchFile, *, without_memory: bool) -> tuple[bool, str]:
    """
    Return whether to start e-stopped, and why the e-stop cannot be remembered, else ''.

    :param without_memory: whether to start e-stopped if the stored state is unknown.
    """
    try:
        file.check()
        return file.is_held(), ''
    except OSError as error:
        problem = f'the e-stop cannot be remembered: {error}'
    with suppress(OSError):
        if file.is_held():
            return True, problem
    return without_memory, problem
