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

"""Capture stamps compared with the clock of the node that takes the images."""

from collections import deque
from collections.abc import Sequence
from statistics import median

from digiphys_ros import fixes
from digiphys_ros.fixes import FUTURE_TOLERANCE_S, MAX_LEASE_S

DAY_S = 86400.0
EARLIEST_S = 1e9
"""A stamp before September 2001 is not from a clock that counts from 1970."""

REMEMBERED = 10
"""Number of reports, about a second each, for which the largest offset is kept."""


class StampMonitor:
    """
    Collect the ages of images between two reports.

    Example::

        monitor.add(stamp_s, now_s)
        newest_s, age_s, ahead_s = monitor.take()
    """

    def __init__(self) -> None:
        self._ages_s: list[float] = []
        self._newest_s = 0.0
        self._ahead_s: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, stamp_s: float, now_s: float) -> None:
        """
        Count one image.

        :param now_s: its arrival time on the node's clock [s].
        """
        self._newest_s = stamp_s
        self._ages_s.append(now_s - stamp_s)

    def take(self) -> tuple[float, float, float] | None:
        """
        Return the newest stamp and the median age since the last call, or None [s].

        The third value is the largest offset of an image ahead of the clock in the last calls, or
        0.
        """
        ages_s, self._ages_s = self._ages_s, []
        if not ages_s:
            return None
        self._ahead_s.append(max(0.0, -min(ages_s)))
        return self._newest_s, median(ages_s), max(self._ahead_s)


def explain_stamp(stamp_s: float, age_s: float, ahead_s: float, drivers: Sequence[str] = (),
                  behind_s: float = 0.0) -> tuple[str, str]:
    """
    Return the problem of stamps and its fix, or two empty strings.

    :param stamp_s: the newest one [s].
    :param age_s: time from stamp to arrival; negative for stamps ahead of the clock [s].
    :param ahead_s: the largest offset of stamps ahead of the clock [s].
    :param drivers: names of the nodes that send the images.
    :param behind_s: possible lag of the clock, as in a simulation between two ticks [s].
    """
    if stamp_s == 0.0:
        return ('images are stamped 0: their driver sets no time', fixes.restamp(
            drivers, why='write the capture time by the ROS clock into header.stamp'))
    # no lease is longer, so no older image leads to motion
    if age_s > MAX_LEASE_S and stamp_s < EARLIEST_S:
        return (f'images are stamped {stamp_s:.1f} s, an age of {duration(age_s)}: their clock '
                'counts from the start of a machine, a camera or a simulation',
                fixes.restamp(drivers, why='stamp by the ROS clock; where a simulation sends the '
                              'images: digiphys run --set use_sim_time=true'))
    if age_s > MAX_LEASE_S:
        return (f'images are {duration(age_s)} old when they arrive',
                f'{fixes.SYNCHRONIZE}; play a recording with `ros2 bag play --clock` and '
                '`digiphys run --set use_sim_time=true`')
    if age_s < -FUTURE_TOLERANCE_S - behind_s:
        return (f'images are stamped up to {duration(ahead_s)} ahead of the clock',
                fixes.allow_future(ahead_s))
    return '', ''


def duration(seconds: float) -> str:
    """
    Return a time in words.

    Example::

        >>> duration(0.02), duration(172800.0)
        ('0.020 s', '172800 s (2 days)')
    """
    if seconds < 2 * DAY_S:
        return f'{seconds:.3f} s'
    return f'{seconds:.0f} s ({seconds / DAY_S:.0f} days)'
