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

"""Real-time priority: a busy processor must not delay a safe command."""

import os

PROCESS_PRIORITY, OUTPUT_PRIORITY, GUARD_PRIORITY = 1, 2, 3
"""The lowest of Linux's 1 to 99: a motor driver's real-time threads have precedence. The guard has
precedence over the gate."""


def prioritize_thread(priority: int) -> bool:
    """
    Run this thread, and those that it starts, before all threads without real-time priority.

    :param priority: 1 to 99, for Linux's round-robin scheduling.
    :return: False if the system does not allow it: see ``ulimit -r``.

    Example::

        if not prioritize_thread(OUTPUT_PRIORITY):
            warn('a busy machine may delay the output')
    """
    return prioritize(0, priority)


def prioritize_process(priority: int) -> bool:
    """Do the same for all threads of this process, including those of the middleware."""
    return all([prioritize(int(thread), priority) for thread in os.listdir('/proc/self/task')])


def prioritize(thread: int, priority: int) -> bool:
    """Do the same for one thread by its id; 0: this thread."""
    try:
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(priority))
    except ProcessLookupError:
        # it has ended meanwhile
        return True
    except OSError:
        # not allowed, or not supported by the system
        return False
    return True
