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

"""Reports of a node on /diagnostics."""

from collections.abc import Mapping
from dataclasses import dataclass
import math

OK, WARN, ERROR = range(3)
"""Levels as in diagnostic_msgs/DiagnosticStatus; only STALE is higher."""


@dataclass(frozen=True)
class NodeReport:
    """
    The first and the newest report of a node.

    :ivar values: figures of the newest report, as text.
    :ivar first: figures of the first report.
    :ivar seconds: time between the two; 0 with a single report.
    """

    name: str
    level: int
    message: str
    values: Mapping[str, str]
    first: Mapping[str, str]
    seconds: float = 0.0

    @property
    def phase(self) -> str:
        """Return the lifecycle state, empty if unknown."""
        return self.values.get('phase', '')

    @property
    def fix(self) -> str:
        """Return the fix that the node reports."""
        return self.values.get('fix', '')

    def count(self, *keys: str) -> int:
        """Return the sum of these counters since the node was configured."""
        return sum(_number(self.values, key) for key in keys)

    def number(self, key: str) -> float:
        """Return a figure, NaN if it is missing."""
        try:
            return float(self.values.get(key, 'nan'))
        except ValueError:
            return math.nan

    def rate(self, *keys: str) -> float | None:
        """
        Return the rate of the sum of these counters [1/s].

        :return: None with a single report, unless the sum is 0.
        """
        before, after = (sum(_number(values, key) for key in keys)
                         for values in (self.first, self.values))
        if after == 0:
            return 0.0
        # a restarted node counts from zero
        return (after - before) / self.seconds if self.seconds and after >= before else None


def _number(values: Mapping[str, str], key: str) -> int:
    text = values.get(key, '0')
    return int(text) if text.isdecimal() else 0
