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

"""Rolling figures that a node reports about itself."""

from collections import deque
from collections.abc import Sequence
import math
import threading


def percentile(values: Sequence[float], percent: float) -> float:
    """
    Return the nearest-rank percentile of ``values``.

    :param values: any finite numbers; an empty sequence gives NaN.
    :param percent: 0 to 100.
    """
    if not values:
        return math.nan
    ordered = sorted(values)
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]


class Window:
    """The newest samples of one quantity; thread-safe."""

    def __init__(self, size: int = 4096) -> None:
        self._samples: deque[float] = deque(maxlen=size)
        self._lock = threading.Lock()

    def add(self, value: float) -> None:
        with self._lock:
            self._samples.append(value)

    def summary(self, name: str) -> dict[str, str]:
        """Return ``{name}.p50``, ``.p99`` and ``.p99.9`` as text; empty without a sample."""
        with self._lock:
            samples = list(self._samples)
        if not samples:
            return {}
        samples.sort()
        return {f'{name}.p{percent:g}': f'{percentile(samples, percent):.3f}'
                for percent in (50, 99, 99.9)}


class Rate:
    """Events per second, measured between two reports."""

    def __init__(self) -> None:
        self._count = 0
        self._reported_count = 0
        self._reported_s: float | None = None

    @property
    def count(self) -> int:
        """Return the total number of events."""
        return self._count

    def tick(self) -> None:
        self._count += 1

    def per_second(self, monotonic_s: float) -> float:
        """Return the rate since the previous call, 0 at the first."""
        rate = 0.0
        if self._reported_s is not None and monotonic_s > self._reported_s:
            rate = (self._count - self._reported_count) / (monotonic_s - self._reported_s)
        self._reported_count, self._reported_s = self._count, monotonic_s
        return rate
