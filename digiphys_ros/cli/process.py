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

"""The ``digiphys`` process: streams, signals and exit code."""

from collections.abc import Callable
from contextlib import suppress
import io
import os
import select
import signal
import sys
from typing import Any

from digiphys_ros.ros.supervision.output_relay import hidden_lines, OutputRelay
from digiphys_ros.streams import escape_unprintable, open_closed_streams

CLOSED_PIPE = 128 + signal.SIGPIPE
"""Exit code when the output pipe is closed, as for other programs."""


class Ended(KeyboardInterrupt):
    """
    Raise in the main thread on a signal to end, so that each ``finally`` runs.

    :ivar number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def run_process(action: Callable[[], int], *, relayed: bool = False) -> int:
    """
    Run the action of a command line as this process.

    :param action: runs the command and returns the exit code.
    :param relayed: whether the action itself relays standard error.
    :return: the exit code, after all output is flushed.
    """
    open_closed_streams()
    escape_unprintable()
    _raise_on_signals()
    end_relay: Callable[[], None] = (lambda: None) if relayed else _hide_library_lines()
    try:
        code = action()
    except SystemExit as ended:
        # --help, by argparse
        code = int(ended.code or 0)
    code = _flush(code)
    end_relay()
    return code


def is_unread(error: OSError) -> bool:
    """Return whether an error means that standard output is a closed pipe."""
    poll = select.poll()
    poll.register(1, 0)
    return isinstance(error, BrokenPipeError) and bool(poll.poll(0))


def say(sentence: str) -> None:
    """Write to standard error, which may be closed."""
    with suppress(OSError):
        sys.stderr.write(f'digiphys: {sentence}\n')


def _raise_on_signals() -> None:
    def end(number: int, frame: Any) -> None:
        raise Ended(number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup ignores SIGHUP, which must stay so
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)


def _hide_library_lines() -> Callable[[], None]:
    """Hide output of TensorFlow and LiteRT; Python still writes directly."""
    hidden = hidden_lines()
    if hidden is None:
        return lambda: None
    direct = open(os.dup(2), 'wb')  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(direct, encoding=sys.stderr.encoding,
                                  errors='backslashreplace', line_buffering=True)
    return OutputRelay(2, hidden=hidden).close


def _flush(code: int) -> int:
    try:
        sys.stdout.flush()
        return code
    except OSError as error:
        code = CLOSED_PIPE if is_unread(error) else 2
        if code == 2:
            say(f'standard output: {error.strerror}.')
        # the interpreter would flush again at its end, and fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return code
