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

"""Contents and problems of a data set."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import os
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.duplicates import ALIKE, alike, Fingerprint, same
from digiphys_ros.learning.datasets.split import PARTS, Split
from digiphys_ros.learning.datasets.summary import left_out
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

AT_ONCE = 256
Groups = list[list[int]]


@dataclass(frozen=True)
class Inspection:
    """
    Findings in a data set; samples are given by index.

    :ivar sizes: number of samples by size, such as 480x640x3.
    :ivar unreadable: error messages of unreadable samples.
    :ivar exact: groups of identical samples.
    :ivar near: groups of near-duplicates that are neither identical nor of one group.
    :ivar side: (N,) part of each sample, if there are parts.
    """

    data: Dataset
    sizes: dict[str, int]
    unreadable: dict[int, str]
    exact: Groups
    near: Groups
    side: NDArray[Any] | None

    def mislabeled(self) -> Groups:
        """Return the groups of identical samples with different labels."""
        return [group for group in self.exact if len(set(self.data.classes[group].tolist())) > 1]

    def leaks(self) -> dict[str, Groups]:
        """Return duplicates, near-duplicates and groups that lie in several parts."""
        if self.side is None:
            return {}
        numbers = np.unique(self.data.groups, return_inverse=True)[1]
        members = np.split(np.argsort(numbers, kind='stable'),
                           np.cumsum(np.bincount(numbers))[:-1])
        found = {'exact': self.exact, 'near': self.near,
                 'groups': [one.tolist() for one in members]}
        return {name: [group for group in groups if len(set(self.side[group].tolist())) > 1]
                for name, groups in found.items()}

    def problems(self) -> list[str]:
        """Return the problems to fix before training, one sentence each."""
        found = []
        if self.unreadable:
            found.append(f'{len(self.unreadable)} samples cannot be read')
        if self.mislabeled():
            found.append(f'{len(self.mislabeled())} sets of equal samples have different labels')
        leaking = sum(map(len, self.leaks().values()))
        if leaking:
            found.append(f'{leaking} sets of samples that belong together lie in several parts')
        try:
            self.data.check_trainable()
        except DatasetError as error:
            found.append(str(error).removeprefix(f'{self.data.uri}: ').rstrip('.'))
        return found

    def report(self) -> dict[str, Any]:
        """Return the report for JSON; samples are given by name."""
        data, counts = self.data, self.data.counts()
        sides = None if self.side is None else self.side
        return {
            'problems': self.problems(), 'data': data.uri, 'kind': data.kind, 'samples': len(data),
            'groups': len(set(data.groups.tolist())), 'grouping': data.grouping,
            'left_out': list(data.skipped), 'left_out_summary': left_out(data),
            'classes': dict(zip(data.labels, counts.tolist(), strict=True)),
            'imbalance': round(float(counts.max() / max(counts.min(), 1)), 2),
            'sizes': self.sizes,
            'unreadable': [{'sample': data.keys[index], 'reason': reason}
                           for index, reason in self.unreadable.items()],
            'duplicates': {'exact': self._named(self.exact), 'near': self._named(self.near),
                           'of_different_classes': self._named(self.mislabeled())},
            'parts': None if sides is None else dict(Counter(sides.tolist())),
            'leakage': None if sides is None else {
                name: [self._by_side(group) for group in groups]
                for name, groups in self.leaks().items()}}

    def _named(self, groups: Groups) -> list[list[str]]:
        return [[self.data.keys[index] for index in group] for group in groups]

    def _by_side(self, group: list[int]) -> dict[str, list[str]]:
        assert self.side is not None
        found: dict[str, list[str]] = {}
        for index in group:
            found.setdefault(str(self.side[index]), []).append(self.data.keys[index])
        return found


def inspect_dataset(data: Dataset, split: Split | None = None, least: float = ALIKE
                    ) -> Inspection:
    """
    Read all samples and look for problems.

    :param split: check its parts for leakage, instead of those of the data.
    :param least: correlation of thumbnails from which images count as near-duplicates.
    """
    sizes: Counter[str] = Counter()
    unreadable: dict[int, str] = {}
    indices, prints = [], []
    samples = tqdm(_read(data), desc='reading', total=len(data), disable=None)
    for index, (size, found) in enumerate(samples):
        if isinstance(found, str):
            unreadable[index] = found
        else:
            sizes[size] += 1
            indices.append(index)
            prints.append(found)
    read = np.array(indices, np.int64)
    exact, near = ([read[group].tolist() for group in groups]
                   for groups in (same(prints), alike(prints, data.groups[read], least)))
    return Inspection(data, dict(sizes.most_common()), unreadable, exact, near,
                      data.parts if split is None else _sides(split, len(data)))


def _read(data: Dataset) -> Iterator[tuple[str, Fingerprint | str]]:
    """Yield size and fingerprint of each sample, or the reading error."""
    def one(index: int) -> tuple[str, Fingerprint | str]:
        try:
            sample = data.read(index)
        except DatasetError as error:
            return '', str(error)
        return 'x'.join(map(str, sample.shape)), Fingerprint(sample)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # bounds the number of queued tasks
        for start in range(0, len(data), AT_ONCE):
            yield from pool.map(one, range(start, min(start + AT_ONCE, len(data))))


def _sides(split: Split, count: int) -> NDArray[Any]:
    side = np.full(count, '', dtype='U10')
    for name in PARTS:
        side[getattr(split, name)] = name
    return side
