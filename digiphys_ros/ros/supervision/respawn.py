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

"""
Replace a process that dies with a spare one that has already loaded its modules.

``python -m digiphys_ros.ros.supervision.respawn PROGRAM ...`` is an internal command, which
``respawn`` executes.
"""

from collections.abc import Callable, Sequence
import contextlib
import mmap
import os
import signal
import subprocess
import sys
from typing import NoReturn

from digiphys_ros.ros.supervision.realtime import prioritize, PROCESS_PRIORITY
from digiphys_ros.ros.supervision.supervisor import die_with_parent
from digiphys_ros.shutdown import on_signal_to_end

RESPAWN = 'DIGIPHYS_RESPAWN'
"""Environment variable: ``true`` requests it; a spare process gets the memory's descriptor."""

LEAST_LIFE_S = 3.0
"""A process that dies sooner is not replaced: its supervisor pauses between starts."""

SHARED_BYTES = 1 << 20


def respawn(work: Callable[[str, mmap.mmap | None], None]) -> None:
    """
    Work; if the process dies and ``RESPAWN`` is set, continue at once in a spare process.

    A new process needs half a second or more for its imports. This process therefore becomes a
    small one that starts its program twice: one works, and a spare one waits with all modules
    loaded. The spare one inherits the scheduling of the one that died. The small process writes
    nothing, so nothing can block it, and forwards signals to end. It ends like its program, if
    that was not killed or died within ``LEAST_LIFE_S``.

    :param work: gets a line about the previous death, empty at first, and memory that these
        processes share, None without ``RESPAWN``.

    Example::

        respawn(lambda death, memory: run_node(GateNode, death))
    """
    asked = os.environ.get(RESPAWN, '')
    if asked == 'true':
        words = [sys.executable, *sys.orig_argv[1:]]
        os.execv(sys.executable, [sys.executable, '-m', __name__, *words])
    if not asked.isdigit():
        work('', None)
        return
    death = sys.stdin.readline()
    # the end without a line: this spare process is not needed
    if death:
        work(death.lstrip('\n'), mmap.mmap(int(asked), SHARED_BYTES))


class _Program:
    """One process of the program, which waits for ``go``."""

    def __init__(self, words: Sequence[str], memory: int) -> None:
        # a separate session: Ctrl-C reaches this process alone, which forwards it
        self.process = subprocess.Popen(
            words, env={**os.environ, RESPAWN: str(memory)}, stdin=subprocess.PIPE,
            pass_fds=[memory], start_new_session=True, preexec_fn=die_with_parent, text=True)

    def go(self, death: str, is_realtime: bool) -> None:
        """Start its work."""
        assert self.process.stdin is not None
        if is_realtime:
            # like the previous one: a busy machine must not delay its start either
            prioritize(self.process.pid, PROCESS_PRIORITY)
        # `wait` notices a dead process
        with contextlib.suppress(OSError):
            self.process.stdin.write(death or '\n')
            self.process.stdin.close()

    def lives(self, seconds: float) -> bool:
        """Return whether it is still alive after this time."""
        try:
            self.process.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            return True

    def wait(self) -> bool:
        """Wait for its end; return whether it had real-time priority."""
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        return os.sched_getscheduler(self.process.pid) == os.SCHED_RR

    def cancel(self) -> None:
        """End it before its work starts."""
        self.process.kill()
        self.process.wait()


def run(words: Sequence[str]) -> NoReturn:
    """Keep a program running until it ends by itself or a signal ends it."""
    memory = os.memfd_create('digiphys_respawn')
    os.ftruncate(memory, SHARED_BYTES)
    working: list[subprocess.Popen[str]] = []
    asked_to_end: list[bool] = []

    def end() -> None:
        asked_to_end.append(True)
        for process in working:
            # not `terminate`, which would collect the exit code that `wait` needs
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
    on_signal_to_end(end)
    program, death, is_realtime = _Program(words, memory), '', False
    while True:
        working[:] = [program.process]
        program.go(death, is_realtime)
        if asked_to_end:
            end()
        if not program.lives(LEAST_LIFE_S):
            _end_as(program.process.returncode)
        spare = _Program(words, memory)
        is_realtime = program.wait()
        working.clear()
        code = program.process.wait()
        if code == 0 or asked_to_end:
            spare.cancel()
            _end_as(code)
        death = f'the process before this one ended with code {code}\n'
        program = spare if spare.process.poll() is None else _Program(words, memory)


def _end_as(code: int) -> NoReturn:
    if code < 0:
        # SIGKILL has no handler to restore
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    raise SystemExit(code)


if __name__ == '__main__':
    run(sys.argv[1:])
