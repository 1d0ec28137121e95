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
"""Runs of the simulator side by side, each process with one thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

import cv2

Result = TypeVar('Result')


def in_processes(function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int,
                 ) -> Iterator[Result]:
    """
    Call a function of a module with each of some arguments; yield each result as it comes.

    :param jobs: how many at a time.
    """
    # a GL context does not survive a fork
    with ProcessPoolExecutor(jobs, get_context('spawn'), _single_threaded) as pool:
        running = [pool.submit(function, *call) for call in calls]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            for one in running:
                one.cancel()


def _single_threaded() -> None:
    cv2.setNumThreads(1)
