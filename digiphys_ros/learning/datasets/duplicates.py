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

"""Images that are the same, or nearly the same."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
import hashlib
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 16
BANDS = 4
MOST_IN_BUCKET = 100
NEAR, ALIKE = 4.0, 0.97
"""Images are nearly the same when their thumbnails differ by no more than this on average, of 255,
and correlate at least so much: two dark pictures differ little, whatever they show."""


class Fingerprints:
    """What is kept of each image: a hash of its pixels, a thumbnail and a hash of its edges."""

    def __init__(self) -> None:
        self._exact: dict[bytes, list[int]] = defaultdict(list)
        self._bands: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._thumbnails: dict[int, NDArray[np.float32]] = {}

    def add(self, index: int, image: NDArray[Any]) -> None:
        """Take in one image, (H, W, 3) or (H, W), uint8."""
        pixels = np.ascontiguousarray(image)
        self._exact[hashlib.sha256(f'{pixels.shape}'.encode() + pixels.tobytes()).digest()
                    ].append(index)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
        self._thumbnails[index] = cv2.resize(
            grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        for band, bits in enumerate(_edges(grey).reshape(BANDS, -1)):
            self._bands[band, int.from_bytes(np.packbits(bits).tobytes(), 'big')].append(index)

    def exact(self) -> list[list[int]]:
        """Return groups of images that are equal, pixel by pixel."""
        return [group for group in self._exact.values() if len(group) > 1]

    def near(self) -> list[list[int]]:
        """
        Return groups of images that look alike but are not equal.

        Two are compared where a quarter of their edge hash agrees; of many with the same quarter
        (flat pictures) only the first hundred.
        """
        same = {pair for group in self.exact() for pair in combinations(group, 2)}
        pairs = {pair for bucket in self._bands.values() if len(bucket) > 1
                 for pair in combinations(bucket[:MOST_IN_BUCKET], 2)} - same
        return joined_groups(pair for pair in pairs if self._alike(*pair))

    def _alike(self, one: int, other: int) -> bool:
        first, second = self._thumbnails[one].ravel(), self._thumbnails[other].ravel()
        if np.abs(first - second).mean() > NEAR:
            return False
        first, second = first - first.mean(), second - second.mean()
        size = float(np.linalg.norm(first) * np.linalg.norm(second))
        return size > 0 and float(first @ second) >= ALIKE * size


def _edges(grey: NDArray[Any]) -> NDArray[np.bool_]:
    """Return 64 bits: whether it gets brighter to the right, on a grid of 8x9 pixels."""
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return small[:, 1:] > small[:, :-1]


def joined_groups(pairs: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return the groups that pairs hang together in."""
    leader: dict[int, int] = {}

    def find(one: int) -> int:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one
    for one, other in pairs:
        leader[find(other)] = find(one)
    groups: dict[int, list[int]] = defaultdict(list)
    for one in sorted(leader):
        groups[find(one)].append(one)
    return sorted(groups.values())
