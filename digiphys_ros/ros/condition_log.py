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

"""Log a condition once, even if it is noted often or alternates with others."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
import re
import threading
import time
from typing import Any

LASTING_S = 2.0
"""How long a recurring condition must last until it is logged again."""
FORGOTTEN_S = 10.0
"""Time after which a condition counts as new."""

_NUMBER = re.compile(r'0x[0-9a-fA-F]+|\d+(?:\.\d+)?')


@dataclass
class _Subject:
    """One subject: the last logged state, the current one, and those seen recently."""

    last_logged: str = ''
    state: str = ''
    since_s: float = 0.0
    line: Callable[[], None] = lambda: None
    seen_s: dict[str, float] = field(default_factory=dict)


class ConditionLog:
    """
    Log a condition when it changes.

    A condition that was present in the last ten seconds is logged again only after it has lasted
    for two: a condition that alternates with another from frame to frame is logged once.

    :param clock: returns steady time in seconds.

    Example::

        log = ConditionLog()
        log.note('frames', 'fresh', lambda: print('frames: fresh'))
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._subjects: defaultdict[str, _Subject] = defaultdict(_Subject)

    def note(self, about: str, state: str, line: Callable[[], None]) -> None:
        """
        Note the state of a subject.

        :param state: conditions with equal states are the same; empty: nothing to log.
        :param line: logs the condition.
        """
        with self._lock:
            subject = self._subjects[about]
            now_s = self._clock()
            recent = now_s - subject.seen_s.get(state, -FORGOTTEN_S) < FORGOTTEN_S
            if state != subject.state:
                subject.state, subject.since_s, subject.line = state, now_s, line
                subject.seen_s = {one: seen_s for one, seen_s in subject.seen_s.items()
                                  if now_s - seen_s < FORGOTTEN_S}
            subject.seen_s[state] = now_s
            self._log(subject, now_s if recent else subject.since_s + LASTING_S)

    def settle(self) -> None:
        """Log conditions that have lasted; call it about once a second."""
        with self._lock:
            for subject in self._subjects.values():
                self._log(subject, self._clock())

    @staticmethod
    def _log(subject: _Subject, now_s: float) -> None:
        if subject.state != subject.last_logged and now_s - subject.since_s >= LASTING_S:
            subject.last_logged = subject.state
            if subject.state:
                subject.line()


def log_line(logger: Any, text: str, *, warn: bool = False) -> None:
    """Log a line to a ROS logger."""
    # rclpy allows one severity per call site
    if warn:
        logger.warning(text)
    else:
        logger.info(text)


def without_numbers(text: str) -> str:
    """
    Return a condition with a placeholder for each number, which may differ between messages.

    Example::

        >>> without_numbers('compressed image of 7042 bytes ends too early')
        'compressed image of # bytes ends too early'
    """
    return _NUMBER.sub('#', text)
