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

"""Duplicates and near-duplicates among samples."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
import hashlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

ALIKE = 0.985
"""Thumbnail correlation from which images count as near-duplicates."""
SIDE, FLAT, DIMENSIONS, BLOCK, ROUNDING = 12, 4.0, 16, 2048, 1e-5
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


class Fingerprint:
    """
    Fingerprint of a sample, to find duplicates.

    :ivar digest: SHA-256 of its values.
    :ivar thumbnail: (12, 12, 3) uint8 of an image, None of a row of a table.
    """

    def __init__(self, sample: NDArray[Any]) -> None:
        values = np.ascontiguousarray(sample)
        self.digest = hashlib.sha256(f'{values.shape}'.encode() + values.data).digest()
        self.thumbnail = None
        if values.dtype == np.uint8:
            color = values if values.ndim == 3 else cv2.cvtColor(values, cv2.COLOR_GRAY2RGB)
            self.thumbnail = cv2.resize(color, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def same(prints: Sequence[Fingerprint]) -> list[list[int]]:
    """Return groups of identical samples."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for index, one in enumerate(prints):
        found[one.digest].append(index)
    return [group for group in found.values() if len(group) > 1]


def alike(prints: Sequence[Fingerprint], groups: NDArray[Any], least: float = ALIKE
          ) -> list[list[int]]:
    """
    Return groups of near-duplicate images, independent of brightness and contrast.

    :param groups: (N,) images of one group, such as the frames of a track, are not compared.
    :param least: correlation of their thumbnails, 0 to 1.
    """
    if not prints or any(one.thumbnail is None for one in prints):
        return []
    numbers = np.unique(groups, return_inverse=True)[1]
    digests = np.unique([one.digest.hex() for one in prints], return_inverse=True)[1]

    def found() -> Iterator[Sequence[int]]:
        for first, second in _pairs(_units(prints), least):
            apart = (numbers[first] != numbers[second]) & (digests[first] != digests[second])
            yield from zip(first[apart].tolist(), second[apart].tolist(), strict=True)
    return connected(found())


def connected(pairs: Iterable[Sequence[int]]) -> list[list[int]]:
    """Return the connected components of pairs."""
    leader: dict[int, int] = {}

    def find(one: int) -> int:
        while leader.setdefault(one, one) != one:
            leader[one] = one = leader[leader[one]]
        return one
    for one, other in pairs:
        leader[find(other)] = find(one)
    groups: dict[int, list[int]] = defaultdict(list)
    for one in sorted(leader):
        groups[find(one)].append(one)
    return sorted(groups.values())


def _units(prints: Sequence[Fingerprint]) -> NDArray[np.float32]:
    """Return thumbnails as vectors without their mean, of length 1; shorter for flat images."""
    values = np.stack([one.thumbnail for one in prints if one.thumbnail is not None])
    vectors = values.reshape(len(values), -1).astype(np.float32)
    vectors -= vectors.mean(1, keepdims=True)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(length, FLAT * np.sqrt(vectors.shape[1]))
    return vectors


def _pairs(units: NDArray[np.float32], least: float) -> Iterator[Pairs]:
    """
    Yield all pairs with a correlation above ``least``, a block at a time.

    The distance along principal components is a lower bound, so few pairs need the full
    comparison, and pairs far apart along the first one need none.
    """
    nearest = 2 * (1 - least)
    short = units @ np.linalg.eigh(units.T @ units)[1][:, -DIMENSIONS:]
    order = np.argsort(short[:, -1], kind='stable')
    short, line = short[order], short[order, -1]
    half = (short * short).sum(1, keepdims=True) / 2
    one = np.ones_like(half)
    # left . right = -(squared distance) / 2
    left, right = np.hstack([short, -half, one]), np.hstack([short, one, -half]).T.copy()
    for start in tqdm(range(0, len(units), BLOCK), desc='comparing', unit='block', disable=None):
        end = np.searchsorted(line, line[start:start + BLOCK][-1] + np.sqrt(nearest), 'right')
        for other in range(start, int(end), BLOCK):
            score = left[start:start + BLOCK] @ right[:, other:other + BLOCK]
            rows, columns = np.nonzero(score >= -nearest / 2 - ROUNDING)
            rows, columns = order[rows + start], order[columns + other]
            wanted = rows < columns if start == other else rows != columns
            yield _nearer(units, rows[wanted], columns[wanted], nearest)


def _nearer(units: NDArray[np.float32], rows: NDArray[Any], columns: NDArray[Any],
            nearest: float) -> Pairs:
    kept = [np.flatnonzero(((units[rows[at:at + BLOCK]] - units[columns[at:at + BLOCK]]) ** 2
                            ).sum(1) <= nearest + ROUNDING) + at
            for at in range(0, len(rows), BLOCK)]
    chosen = np.concatenate(kept) if kept else np.empty(0, np.int64)
    return rows[chosen], columns[chosen]
