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
A process that is replaced where it dies, by another one that has loaded its modules before.

``python -m digiphys_ros.ros.supervision.respawn PROGRAM ...`` is no command for people:
``respawn`` becomes it.
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
"""Environment variable: ``true`` asks for it; a spare process has the number of the memory."""

LEAST_LIFE_S = 3.0
"""A process that dies sooner is not replaced: whoever started it pauses between starts."""

SHARED_BYTES = 1 << 20


def respawn(work: Callable[[str, mmap.mmap | None], None]) -> None:
    """
    Work; where the process dies and ``RESPAWN`` is set, work on at once in a spare one.

    A new process needs half a second or more for its imports. So this process becomes a small one
    that starts its program twice: one works, and a spare one waits with all modules loaded. The
    spare one goes on with the scheduling of the one that died. The small one writes nothing, so
    nobody can hold it up, and passes signals to end on. It ends as its program ends which was not
    killed, or which died within ``LEAST_LIFE_S``.

    :param work: gets a line about the death before it, empty at first, and memory that all of
        these processes share, None without ``RESPAWN``.

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
    # the end without a line: nobody needs this one any more
    if death:
        work(death.lstrip('\n'), mmap.mmap(int(asked), SHARED_BYTES))


class _Program:
    """One process of the program, which waits for ``go``."""

    def __init__(self, words: Sequence[str], memory: int) -> None:
        # a session of its own: Ctrl-C reaches this process alone, which passes it on
        self.process = subprocess.Popen(
            words, env={**os.environ, RESPAWN: str(memory)}, stdin=subprocess.PIPE,
            pass_fds=[memory], start_new_session=True, preexec_fn=die_with_parent, text=True)

    def go(self, death: str, is_realtime: bool) -> None:
        """Let it work."""
        assert self.process.stdin is not None
        if is_realtime:
            # as was the one before it: a busy machine must not delay its start either
            prioritize(self.process.pid, PROCESS_PRIORITY)
        # one that is dead is noticed when it is waited for
        with contextlib.suppress(OSError):
            self.process.stdin.write(death or '\n')
            self.process.stdin.close()

    def lives(self, seconds: float) -> bool:
        """Return whether it still lives after so long."""
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
        """End it before it worked."""
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
            # not `terminate`, which takes the end away from who waits for it
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
        # SIGKILL has no handler to take back
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    raise SystemExit(code)


if __name__ == '__main__':
    run(sys.argv[1:])
