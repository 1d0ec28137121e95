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

"""Detect images that were delayed by a network stall."""

PAUSE_S = 0.2
"""A pause of this length may be a network stall with waiting images."""

FIRST_PERIOD_S, FOLLOWS = 0.04, 0.1
FIRST_IMAGES = 50
"""Images that may wait at the start of a stream, which is probed by reading some."""


class Backlog:
    """
    Find images that a network delayed: they arrive faster than they were taken.

    With their arrival time as stamp they would look new and keep a robot in motion.

    :param now_s: steady time.
    """

    def __init__(self, now_s: float) -> None:
        self._last_s = now_s
        self._period_s = FIRST_PERIOD_S
        self._waiting = FIRST_IMAGES

    def is_old(self, now_s: float) -> bool:
        """
        Return whether the image that arrives now was delayed.

        The first one after a pause counts as delayed: only the next one shows whether it was.
        """
        came_after_s, self._last_s = now_s - self._last_s, now_s
        silent = came_after_s > max(PAUSE_S, 4 * self._period_s)
        if silent:
            self._waiting = round(came_after_s / self._period_s)
        elif came_after_s > self._period_s / 2:
            self._waiting = 0
        if self._waiting and not silent:
            self._waiting -= 1
            return True
        self._period_s += FOLLOWS * (min(came_after_s, 4 * self._period_s) - self._period_s)
        return silent
