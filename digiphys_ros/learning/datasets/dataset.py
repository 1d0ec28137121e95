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

"""Labeled samples, independent of their source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from digiphys_ros.errors import DatasetError
import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 1 << 16
"""Higher labels are taken for an error; numeric labels get names up to here."""


@dataclass(frozen=True)
class Dataset:
    """
    Samples with classes and groups; images are read on access.

    :ivar uri: path or URI as the user gave it, for errors.
    :ivar labels: class names; a class is an index into them.
    :ivar classes: (N,) int64.
    :ivar groups: (N,) samples of one group (a track, a patient) stay on one side of a split.
    :ivar keys: name of each sample, for manifests and errors.
    :ivar read: sample of an index: (H, W, 3) RGB or (H, W), uint8; (F,) float32 for a table.
        Thread-safe. Raises DatasetError with the name of an unreadable sample.
    :ivar parts: (N,) train, val or test, if the data has such parts.
    :ivar skipped: names of files without a sample.
    :ivar grouping: origin of the groups, as text.
    """

    uri: str
    labels: tuple[str, ...]
    classes: NDArray[np.int64]
    groups: NDArray[Any]
    keys: tuple[str, ...]
    read: Callable[[int], NDArray[Any]]
    kind: Literal['image', 'table'] = 'image'
    parts: NDArray[Any] | None = None
    skipped: tuple[str, ...] = ()
    grouping: str = 'each sample is a group of its own'

    def __post_init__(self) -> None:
        count = len(self.classes)
        if not count:
            raise DatasetError(f'{self.uri}: has no samples.')
        if not len(self.groups) == len(self.keys) == count:
            raise DatasetError(f'{self.uri}: {count} labels, {len(self.groups)} groups and '
                               f'{len(self.keys)} names: their numbers must be equal.')
        if len(set(self.labels)) != len(self.labels) or '' in self.labels:
            raise DatasetError(f'{self.uri}: class names must be unique and not '
                               f'empty, received {list_names(self.labels)}.')
        highest, lowest = int(self.classes.max()), int(self.classes.min())
        if lowest < 0 or highest >= len(self.labels):
            wrong = lowest if lowest < 0 else highest
            where = self.keys[int(np.argmax(self.classes == wrong))]
            raise DatasetError(f'{self.uri}: {where}: label {wrong} is out of range, there are '
                               f'{len(self.labels)} classes (0 to {len(self.labels) - 1}).')

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, indices: Sequence[int] | NDArray[Any]) -> 'Dataset':
        """Return the samples at ``indices``; images are still read on access."""
        chosen = np.asarray(indices, np.int64)
        return replace(self, classes=self.classes[chosen], groups=self.groups[chosen],
                       keys=tuple(self.keys[index] for index in chosen),
                       read=_Taken(self.read, chosen),
                       parts=None if self.parts is None else self.parts[chosen])

    def counts(self) -> NDArray[np.int64]:
        """Return how many samples each class has."""
        return np.bincount(self.classes, minlength=len(self.labels))

    def check_trainable(self) -> None:
        """
        Check that the data can be trained on.

        :raises DatasetError: when there is only one class, or a class without a sample.
        """
        empty = [label for label, count in zip(self.labels, self.counts(), strict=True)
                 if not count]
        if len(self.labels) < 2 or len(self.labels) - len(empty) < 2:
            there = [label for label in self.labels if label not in empty]
            raise DatasetError(f'{self.uri}: at least two classes are needed, received '
                               f'{list_names(there) or "none"}.')
        if empty:
            raise DatasetError(f'{self.uri}: no sample of the class {list_names(empty)}: add some '
                               'or remove the class.')

    def arrays(self) -> NDArray[Any]:
        """
        Return all samples as one array, (N, ...).

        :raises DatasetError: naming the first sample of another size or channel count.
        """
        first = self.read(0)
        stacked = np.empty((len(self), *first.shape), first.dtype)
        for index in range(len(self)):
            sample = self.read(index)
            if sample.shape != first.shape:
                raise DatasetError(
                    f'{self.uri}: {self.keys[index]} is {sample.shape}, {self.keys[0]} is '
                    f'{first.shape}: samples of one array must have equal shapes.')
            stacked[index] = sample
        return stacked


def list_names(names: Sequence[str], most: int = 12) -> str:
    """Return names in one line; of many, the first ones and the number of the rest."""
    rest = len(names) - most
    return ', '.join(names[:most]) + (f' and {rest} more' if rest > 0 else '')


def number_labels(highest: int) -> tuple[str, ...]:
    """Return names for numeric labels, up to ``MOST_CLASSES``."""
    return tuple(map(str, range(min(highest, MOST_CLASSES - 1) + 1)))


def join_parts(uri: str, labels: tuple[str, ...], parts: Sequence[Dataset]) -> Dataset:
    """Join data sets with equal labels; groups of different parts stay different."""
    groups, first = [], 0
    for part in parts:
        numbers = np.unique(part.groups, return_inverse=True)[1]
        groups.append(numbers + first)
        first += int(numbers.max()) + 1
    return Dataset(uri, labels, np.concatenate([part.classes for part in parts]),
                   np.concatenate(groups), tuple(key for part in parts for key in part.keys),
                   JoinedReader([part.read for part in parts], [len(part) for part in parts]),
                   parts[0].kind, skipped=tuple(dict.fromkeys(
                       name for part in parts for name in part.skipped)),
                   grouping=' / '.join(dict.fromkeys(part.grouping for part in parts)))


def concat(sets: Sequence[Dataset]) -> Dataset:
    """
    Join data sets as the parts of one; classes are matched by name.

    :raises DatasetError: when images and tables are mixed.
    """
    if len({data.kind for data in sets}) > 1:
        raise DatasetError(f'{" and ".join(data.uri for data in sets)}: some are images, some '
                           'tables.')
    labels = tuple(dict.fromkeys(label for data in sets for label in data.labels))
    renamed = [replace(data, labels=labels, keys=tuple(f'{data.uri}: {key}' for key in data.keys),
                       skipped=tuple(f'{data.uri}: {name}' for name in data.skipped),
                       classes=np.array([labels.index(label) for label in data.labels]
                                        )[data.classes]) for data in sets]
    whole = join_parts(' + '.join(data.uri for data in sets), labels, renamed)
    return replace(whole, parts=np.repeat([data.uri for data in sets], [len(x) for x in sets]))


class JoinedReader:
    """Read a sample from several readers in sequence."""

    def __init__(self, reads: Sequence[Callable[[int], NDArray[Any]]],
                 counts: Sequence[int]) -> None:
        self._reads, self._ends = reads, np.cumsum(counts)

    def __call__(self, index: int) -> NDArray[Any]:
        part = int(np.searchsorted(self._ends, index, side='right'))
        return self._reads[part](index - (int(self._ends[part - 1]) if part else 0))


def in_memory(uri: str, labels: tuple[str, ...], samples: NDArray[Any],
              classes: NDArray[np.int64]) -> Dataset:
    """Return samples of an array, (N, ...), as a data set, each a group of its own."""
    return Dataset(uri, labels, classes, np.arange(len(samples)),
                   tuple(f'{uri}[{index}]' for index in range(len(samples))),
                   lambda index: samples[index])


@dataclass(frozen=True)
class _Taken:
    """Read a sample of a subset."""

    read: Callable[[int], NDArray[Any]]
    indices: NDArray[np.int64]

    def __call__(self, index: int) -> NDArray[Any]:
        return self.read(int(self.indices[index]))
