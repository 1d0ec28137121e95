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
"""Parallel runs of the simulator, each in a process with one thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed, Future, ProcessPoolExecutor
import ctypes
from multiprocessing import active_children, get_context
import signal
from typing import Any, TypeVar

import cv2

Result = TypeVar('Result')

PR_SET_PDEATHSIG = 1


def in_processes(function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int,
                 ) -> Iterator[Result]:
    """
    Call a module-level function for each tuple of arguments; yield each result as it completes.

    If the caller is interrupted or stops iterating, the processes end at once.

    :param jobs: number of parallel processes.
    """
    others = active_children()
    # a GL context does not survive a fork
    with ProcessPoolExecutor(jobs, get_context('spawn'), _prepare) as pool:
        try:
            running = _submit(pool, function, calls)
            for done in as_completed(running):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(active_children()) - set(others):
                process.terminate()
            raise


def _submit(pool: ProcessPoolExecutor, function: Callable[..., Result],
            calls: Sequence[tuple[Any, ...]]) -> 'list[Future[Result]]':
    # child processes inherit the signal mask: only the parent handles Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return [pool.submit(function, *call) for call in calls]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare() -> None:
    """Set up a process: it uses one core, and ends with its parent."""
    cv2.setNumThreads(1)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
