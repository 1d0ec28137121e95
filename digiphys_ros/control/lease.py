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
"""The lease: how long a command may be obeyed, by the capture time of the image behind it."""

import math
from numbers import Real

from digiphys_ros.control.command import Refusal
from digiphys_ros.duration import duration_text
from digiphys_ros.errors import DurationError
from digiphys_ros.fixes import FUTURE_TOLERANCE_S

SETTLE_S = 10.0
"""
How long no image is obeyed after an image that was stamped ahead of the clock.

If a camera's clock is ahead by about the transport latency, only some images come from the future.
Obeying the others would make the robot stop and go.
"""


def _is_duration(value: object) -> bool:
    return isinstance(value, Real) and 0.0 <= float(value) < math.inf


class Lease:
    """
    Judge capture stamps by two clocks that are passed in.

    ``now_s`` is the clock that stamps images; it may be stepped. ``steady_s`` never stops or
    jumps. A command stays valid for the lease minus its age on arrival, by both clocks.

    :param lease_s: oldest image that a command may come from, seconds.
    :param future_tolerance_s: how far ahead of the clock a stamp may be, seconds.
    :param settle_s: how long no image is obeyed after one further ahead, seconds.
    :raises DurationError: when ``lease_s`` is not positive or one of them is not finite.

    Example::

        lease = Lease(0.5)
        if lease.refusal(stamp_s, now_s, steady_s) is None:
            lease.grant(stamp_s, now_s, steady_s)
    """

    def __init__(self, lease_s: float, future_tolerance_s: float = FUTURE_TOLERANCE_S,
                 settle_s: float = SETTLE_S) -> None:
        if not _is_duration(lease_s) or lease_s == 0:
            raise DurationError(
                f'lease_s must be a positive number of seconds, received {lease_s!r}.')
        for name, value in (('future_tolerance_s', future_tolerance_s), ('settle_s', settle_s)):
            if not _is_duration(value):
                raise DurationError(
                    f'{name} must be a number of seconds, 0 or more, received {value!r}.')
        self.lease_s = lease_s
        self._future_tolerance_s, self._settle_s = future_tolerance_s, settle_s
        self._behind_s = 0.0
        self._after_s = -math.inf
        self._forget()

    def _forget(self) -> None:
        self._newest_stamp_s = self._from_s = self._steady_from_s = -math.inf
        self._ahead_s, self._ahead_until_s, self._settled_s = 0.0, -math.inf, -math.inf

    def tolerate(self, behind_s: float) -> None:
        """Allow stamps to be further ahead: the clock may be behind by this much [s]."""
        self._behind_s = behind_s

    @property
    def _tolerance_s(self) -> float:
        return self._future_tolerance_s + self._behind_s

    def refusal(self, stamp_s: float, now_s: float, steady_s: float) -> Refusal | None:
        """Return why an image may not be obeyed, None when it may."""
        age_s = now_s - stamp_s
        # `not >=` also refuses when a clock is not a number
        if not age_s >= -self._tolerance_s or not steady_s >= self._settled_s:
            return Refusal.FUTURE
        if not age_s <= self.lease_s or stamp_s <= self._after_s:
            return Refusal.STALE
        if stamp_s == self._newest_stamp_s:
            return Refusal.REPEATED
        return Refusal.OUT_OF_ORDER if stamp_s < self._newest_stamp_s else None

    def refuse(self, stamp_s: float, now_s: float, steady_s: float) -> None:
        """
        Record the stamp of a refused image.

        A stamp too far ahead, after stamps that were not, proves that a clock is set wrong.
        Right after the clock jumped back, it is only an image from before the jump.
        """
        if not math.isfinite(now_s + steady_s):
            return
        self._measure(stamp_s - now_s, steady_s)
        if stamp_s - now_s > self._tolerance_s and math.isfinite(self._newest_stamp_s):
            self._settled_s = steady_s + self._settle_s

    def ahead_s(self, steady_s: float) -> float:
        """Return how far images were recently stamped ahead of the clock at most, else 0."""
        return self._ahead_s if steady_s < self._ahead_until_s else 0.0

    def _measure(self, ahead_s: float, steady_s: float) -> None:
        self._ahead_s = max(self.ahead_s(steady_s), ahead_s)
        if ahead_s > 0.0:
            self._ahead_until_s = steady_s + self._settle_s

    def explain(self, refusal: Refusal, stamp_s: float, now_s: float, steady_s: float) -> str:
        """Return the age or the offset that caused a refusal as a sentence, or an empty one."""
        if refusal is Refusal.FUTURE:
            ahead = duration_text(self.ahead_s(steady_s))
            return (f'images are up to {ahead} ahead of the clock; future_tolerance_s is '
                    f'{duration_text(self._future_tolerance_s)}'
                    + (f', and the clock may be {duration_text(self._behind_s)} behind'
                       if self._behind_s else ''))
        if refusal is Refusal.OUT_OF_ORDER:
            return f'its image is {duration_text(self._newest_stamp_s - stamp_s)} older than ' \
                   'the one before'
        if refusal is not Refusal.STALE:
            return ''
        if now_s - stamp_s > self.lease_s:
            return (f'its image is {duration_text(now_s - stamp_s)} old; lease_s is '
                    f'{duration_text(self.lease_s)}')
        return 'its image is from before a reset or a jump of the clock'

    def grant(self, stamp_s: float, now_s: float, steady_s: float) -> None:
        """Start the lease at the capture time, or now for a stamp that is slightly ahead."""
        self._measure(stamp_s - now_s, steady_s)
        self._newest_stamp_s = stamp_s
        self._from_s = min(stamp_s, now_s)
        self._steady_from_s = steady_s - (now_s - self._from_s)

    def is_valid(self, now_s: float, steady_s: float) -> bool:
        """Return whether the last granted command may still be obeyed."""
        return 0.0 <= now_s - self._from_s <= self.lease_s and \
            0.0 <= steady_s - self._steady_from_s <= self.lease_s

    def left_s(self, now_s: float, steady_s: float) -> float:
        """Return the time until the lease of the last granted command ends."""
        age_s = max(now_s - self._from_s, steady_s - self._steady_from_s)
        return max(0.0, self.lease_s - age_s)

    def restart(self, now_s: float) -> None:
        """Forget all stamps; only images taken after ``now_s`` count."""
        self._forget()
        self._after_s = now_s
