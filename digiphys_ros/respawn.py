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

"""A process that is replaced by a copy of itself, made before its work began, where it dies."""

from collections.abc import Callable
import contextlib
import gc
import os
import signal
import time
from typing import NoReturn

from digiphys_ros.ending import on_signal_to_end, SIGNALS_TO_END
from digiphys_ros.realtime import PROCESS_PRIORITY, prioritize_thread
from digiphys_ros.supervisor import die_with_parent

RESPAWN = 'DIGIPHYS_RESPAWN'
"""Environment variable that asks for it, with the value ``true``."""

LEAST_LIFE_S = 3.0
"""A copy that dies sooner is not replaced: whoever started this process pauses between starts."""


def respawn(work: Callable[[str], None]) -> None:
    """
    Work in a copy of this process; where that dies, in another copy at once.

    A new process needs half a second or more for its imports, and a copy needs none. It has the
    scheduling of the one before it. This process itself only waits. It writes nothing, so nobody
    can hold it up, and it passes signals to end on. It ends as a copy ends that was not killed,
    or that died within ``LEAST_LIFE_S``. Without ``RESPAWN`` the work is done in this process.

    :param work: gets a line about the death before it, empty at first. It must not have begun
        anything, such as a thread, before.

    Example::

        respawn(lambda death: run_node(GateNode, death))
    """
    if os.environ.get(RESPAWN) != 'true':
        work('')
        return
    # what is never collected is never written to: copies share it
    gc.freeze()
    own, death, is_realtime = os.getpid(), '', False
    copies: list[int] = []
    asked_to_end: list[bool] = []

    def end() -> None:
        asked_to_end.append(True)
        for one in copies:
            os.kill(one, signal.SIGTERM)
    on_signal_to_end(end)
    while True:
        born_s = time.monotonic()
        # none may reach a copy that would still pass it on
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS_TO_END)
        copy = os.fork()
        if copy == 0:
            _begin(own, is_realtime)
            work(death)
            return
        copies.append(copy)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS_TO_END)
        if asked_to_end:
            end()
        os.waitid(os.P_PID, copy, os.WEXITED | os.WNOWAIT)
        is_realtime = os.sched_getscheduler(copy) == os.SCHED_RR
        copies.clear()
        code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
        if code == 0 or asked_to_end or time.monotonic() < born_s + LEAST_LIFE_S:
            _end_as(code)
        death = f'the process before this one ended with code {code}\n'


def _begin(parent: int, is_realtime: bool) -> None:
    """Become a process that a signal to end ends, as does the end of its parent."""
    for number in SIGNALS_TO_END:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS_TO_END)
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    if is_realtime:
        # as was the one before it: a busy machine must not delay the start either
        prioritize_thread(PROCESS_PRIORITY)


def _end_as(code: int) -> NoReturn:
    if code < 0:
        # SIGKILL has no handler to take back
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    raise SystemExit(code)
