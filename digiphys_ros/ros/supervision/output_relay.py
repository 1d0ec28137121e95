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

"""Keep a blocked terminal, pipe or disk from blocking the process that writes to it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
import fcntl
import os
import re
from select import PIPE_BUF
import threading
import time

PIPE_BYTES = 1 << 20
"""Size of the pipe, for output while the reading thread waits for the interpreter."""

CHUNK_BYTES = 65536
WAITING_BYTES = 1 << 22
"""Most output that waits for a stopped terminal."""

HOLD_S = 0.05
"""Longest time that an unfinished line waits for its end."""

FLUSH_S = 0.5
"""Longest wait at the end of the process for output that nobody reads."""

FLUSH_LIMIT_S = 3.0
"""Longest wait for output that is read slowly."""

F_SETPIPE_SZ = 1031

SHOW_ALL = 'DIGIPHYS_DEBUG'
"""Environment variable that shows the lines below; ``digiphys --debug`` sets it."""

LIBRARY_LINES = re.compile(
    rb'[IWE]\d{4} \d\d:\d\d:\d+\.\d+ +\d+ \S+:\d+\] '
    rb'|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] \S+:\d+\] '
    rb'|WARNING: All log messages before absl::InitializeLog\(\)'
    rb'|To enable the following instructions: .* rebuild TensorFlow'
    rb'|(?:INFO|WARNING|VERBOSE): .*(?:TensorFlow|LiteRT|XNNPACK|delegate)'
    rb'|Corrupt JPEG data: |Premature end of JPEG file|libpng (?:warning|error): ')
"""
Log lines of TensorFlow, LiteRT and the image decoders, except fatal errors.

The image decoders write a line for each image.
"""


class _Sink:
    """A destination of output, with its own queue and thread."""

    def __init__(self, descriptor: int, name: str, hidden: re.Pattern[bytes] | None) -> None:
        self.dropped_bytes = 0
        self.written_bytes = 0
        self._hidden = hidden
        self._line = b''
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._waiting = bytearray()
        self._ended = False
        self.thread = _start(self._write, f'write-{name}')

    def put(self, chunk: bytes) -> None:
        """Queue output, or drop it if too much waits."""
        with self._changed:
            if len(self._waiting) + len(chunk) > WAITING_BYTES:
                self.dropped_bytes += len(chunk)
            else:
                self._waiting += chunk
                self._changed.notify()

    def end(self) -> None:
        """End the thread after the waiting output."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _write(self) -> None:
        reported_bytes = 0
        while (chunk := self._next()) is not None:
            dropped_bytes = self.dropped_bytes
            if dropped_bytes > reported_bytes:
                chunk += (f'[{dropped_bytes - reported_bytes} bytes of output were dropped: '
                          'nobody read them]\n').encode()
                reported_bytes = dropped_bytes
            self._send(chunk)

    def _next(self) -> bytes | None:
        """Return output in whole lines, without hidden lines; None at its end."""
        chunk, ended = self._take(HOLD_S if self._line else None)
        if not chunk and not ended:
            # not a line of a library, which would be complete by now
            line, self._line = self._line, b''
            return line
        *lines, rest = (self._line + chunk).splitlines(keepends=True) or [b'']
        self._line = b''
        if not ended and not rest.endswith(b'\n') and len(rest) < PIPE_BUF:
            self._line, rest = rest, b''
        shown = b''.join(line for line in (*lines, rest)
                         if self._hidden is None or not self._hidden.match(line))
        return shown if shown or not ended else None

    def _take(self, timeout_s: float | None) -> tuple[bytes, bool]:
        """Wait for output, its end or the timeout; return the output and whether it ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            chunk = bytes(self._waiting)
            self._waiting.clear()
            return chunk, self._ended

    def _send(self, chunk: bytes) -> None:
        for piece in _pieces(chunk):
            rest = memoryview(piece)
            try:
                while rest:
                    count = os.write(self._descriptor, rest)
                    self.written_bytes += count
                    rest = rest[count:]
            except OSError:
                # a full disk, a closed pipe, a lost terminal: there is no place to report it
                self.dropped_bytes += len(rest)


def _pieces(chunk: bytes) -> Iterator[bytes]:
    """Yield pieces that a pipe takes atomically, in whole lines: others write to it too."""
    start = 0
    while start < len(chunk):
        end = chunk.rfind(b'\n', start, start + PIPE_BUF) + 1 or start + PIPE_BUF
        yield chunk[start:end]
        start = end


class OutputRelay:
    """
    Relay everything that this process writes to a file descriptor.

    A terminal after Ctrl-S, a stalled ssh session or a pipe that nobody reads blocks its writer.
    rclpy writes its log lines in C and holds Python's interpreter lock meanwhile, so one line
    would stop every thread. Here the descriptor becomes a pipe of this process that never blocks.
    One thread empties it, others write to the real destinations. Output that does not fit is
    dropped and counted.

    Example::

        relay = OutputRelay(2)
        print('never blocks', file=sys.stderr)
        relay.close()

    :param descriptor: 1 for standard output, 2 for standard error.
    :param log: descriptor of a file that gets a copy; None: no copy.
    :param hidden: lines that match from their start are dropped.
    """

    def __init__(self, descriptor: int, log: int | None = None,
                 hidden: re.Pattern[bytes] | None = None) -> None:
        self._descriptor = descriptor
        self._target = os.dup(descriptor)
        self._source, pipe = os.pipe()
        with suppress(OSError):
            fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
        # a writer in C that holds the interpreter lock must not wait for the reading thread
        os.set_blocking(pipe, False)
        os.dup2(pipe, descriptor)
        os.close(pipe)
        self._sinks = [_Sink(self._target, str(descriptor), hidden)]
        if log is not None:
            self._sinks.append(_Sink(log, f'{descriptor}-log', hidden))
        self._reader = _start(self._read, f'read-{descriptor}')

    def close(self) -> None:
        """Restore the descriptor; wait for pending output while somebody reads it."""
        os.dup2(self._target, self._descriptor)
        written_bytes, limit_s = -1, time.monotonic() + FLUSH_LIMIT_S
        while written_bytes != self._written_bytes() and time.monotonic() < limit_s:
            written_bytes = self._written_bytes()
            end_s = time.monotonic() + FLUSH_S
            for thread in (self._reader, *(sink.thread for sink in self._sinks)):
                thread.join(max(end_s - time.monotonic(), 0.0))

    def _written_bytes(self) -> int:
        return sum(sink.written_bytes for sink in self._sinks)

    def _read(self) -> None:
        # ends when the last copy of the pipe's other end is closed
        while chunk := os.read(self._source, CHUNK_BYTES):
            for sink in self._sinks:
                sink.put(chunk)
        for sink in self._sinks:
            sink.end()


def relay_output(log: int | None = None) -> Callable[[], None]:
    """
    Relay standard output and standard error of this process.

    :param log: descriptor of a file that gets a copy of both; None: no copy.
    :return: a function that ends it.
    """
    if os.isatty(2):
        # the logger in C would see a pipe and write no colors
        os.environ.setdefault('RCUTILS_COLORIZED_OUTPUT', '1')
    relays = [OutputRelay(descriptor, log, None if descriptor == 1 else hidden_lines())
              for descriptor in (1, 2) if _is_open(descriptor)]

    def end() -> None:
        for relay in relays:
            relay.close()
    return end


def hidden_lines() -> re.Pattern[bytes] | None:
    """Return the pattern of library lines to hide, None to show them."""
    return None if os.environ.get(SHOW_ALL) else LIBRARY_LINES


def _is_open(descriptor: int) -> bool:
    with suppress(OSError):
        os.fstat(descriptor)
        return True
    return False


def _start(target: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
