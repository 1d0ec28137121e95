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

"""How long no class was recognised, and whether that was too long."""

LONGEST_PAYBACK_S = 10.0
"""Recognised time that makes up for the longest unsure time, where a shorter one does not."""


class UnsureTime:
    """
    Add up the time without a recognised class; time with a recognised class pays it back.

    An upside-down camera, for example, shows a known class now and then. Once the allowed time is
    used up, all of it must be paid back. The time in which a rule is held neither counts nor
    pays: its class was recognised before.

    :param longest_s: ``votes.max_unsure_s``.
    :ivar is_over: whether the allowed time is used up, and nothing may move.

    Example::

        unsure.count(0.1)
        if unsure.is_over:
            return safe_command
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._payback = max(1.0, longest_s / LONGEST_PAYBACK_S)
        self._unsure_s, self.is_over = 0.0, False

    def count(self, unsure_s: float, recognised_s: float = 0.0) -> None:
        """Add the time since the previous image, without or with a recognised class."""
        self._unsure_s += unsure_s - self._payback * recognised_s
        self.is_over = self._unsure_s > (0.0 if self.is_over else self._longest_s)
        self._unsure_s = min(max(self._unsure_s, 0.0), self._longest_s)
