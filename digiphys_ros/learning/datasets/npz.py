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

"""Samples and classes in an .npz file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.arrays import Arrays, Rows
from digiphys_ros.learning.datasets.dataset import (
    Dataset,
    JoinedReader,
    list_names,
    MOST_CLASSES,
    number_labels,
)
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

GROUPS = ('group', 'track', 'session', 'patient', 'groups', 'tracks')
NAMES = ('labels', 'class_names', 'classes')
GRAY, RGBA = 1, 4
BEYOND = 2.0 ** 62
"""Far out of range, and still an int64."""
PARTS = ('train', 'val', 'test')


@dataclass(frozen=True)
class _Names:
    """Names of the arrays of one part."""

    x: str
    y: str
    part: str | None

    @property
    def groups(self) -> list[str]:
        return [name if self.part is None else f'{name}_{self.part}' for name in GROUPS]


def open_npz(path: Path, part: str | None = None) -> Dataset:
    """
    Return the samples of ``x`` with the classes ``y``.

    The arrays may be named ``x_train``, ``y_train``, ``x_val`` and so on, or as MedMNIST does
    ``train_images`` and ``train_labels``; then ``part`` takes one, and without it all are joined.
    Groups are in ``group``, ``track``, ``session`` or ``patient``. Class names may be in
    ``labels``, ``class_names`` or ``classes``, or in ``y`` itself. An array larger than a quarter
    of the free memory is read from the file, or from a temporary file if it is compressed.

    :raises DatasetError: naming the array that is missing or of the wrong shape.
    """
    arrays = Arrays(path)
    names, others = _names(arrays, part)
    rows, given, groups = zip(*(_part(arrays, one) for one in names), strict=True)
    # all parts have the classes of the whole data set
    others = [one for one in others if one.y in arrays]
    labels, numbers = _numbered(
        path, [*names, *others], [*given, *(_classes(arrays, one) for one in others)],
        _class_names(arrays))
    classes = numbers[:len(given)]
    joined = np.concatenate(classes)
    counts = [len(one) for one in classes]
    keys = tuple(f'{one.x}[{index}]' for one, count in zip(names, counts, strict=True)
                 for index in range(count))
    table = len(rows[0].shape) == 2
    read = JoinedReader([_Row(str(path), one.x, some, table)
                         for one, some in zip(names, rows, strict=True)], counts)
    grouping = next((name for one in names for name in one.groups if name in arrays), None)
    data = Dataset(
        str(path), labels, joined,
        np.arange(len(joined)) if any(some is None for some in groups) else np.concatenate(groups),
        keys, read, 'table' if table else 'image',
        None if names[0].part is None else np.repeat([one.part for one in names], counts),
        skipped=_unused(arrays, [*names, *others]))
    return data if grouping is None or any(some is None for some in groups) \
        else replace(data, grouping=f'array `{grouping}`')


def _unused(arrays: Arrays, names: list[_Names]) -> tuple[str, ...]:
    used = {*NAMES, *(name for one in names for name in (one.x, one.y, *one.groups))}
    return tuple(name for name in arrays if name not in used)


@dataclass(frozen=True)
class _Row:
    """Read one sample: float32 of a table; an image without alpha or a single channel axis."""

    uri: str
    name: str
    rows: Rows
    table: bool

    def __call__(self, index: int) -> NDArray[Any]:
        sample = self.rows.read(index)
        if not self.table:
            channels = sample.shape[2] if sample.ndim == 3 else 0
            if channels == GRAY:
                return sample[:, :, 0]
            return np.ascontiguousarray(sample[:, :, :3]) if channels == RGBA else sample
        numbers: NDArray[Any] = sample.astype(np.float32)
        if not np.isfinite(numbers).all():
            column = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise DatasetError(f'{self.uri}: {self.name}[{index}]: column {column} is '
                               f'{sample[column]}, a finite number is needed.')
        return numbers


def _names(arrays: Arrays, part: str | None) -> tuple[list[_Names], list[_Names]]:
    """Return the array names of the requested parts, and of the others."""
    schemes = [[_Names(f'x_{name}', f'y_{name}', name) for name in PARTS],
               [_Names(f'{name}_images', f'{name}_labels', name) for name in PARTS]]
    for scheme in schemes:
        there = [names for names in scheme if names.x in arrays]
        chosen = [names for names in there if part in (None, names.part)]
        if there and not chosen:
            raise DatasetError(f'{arrays.path}: has no part "{part}", only '
                               f'{", ".join(str(names.part) for names in there)}.')
        if chosen:
            return chosen, [names for names in there if names not in chosen]
    if part is not None:
        raise DatasetError(f'{arrays.path}: has no part "{part}": it holds '
                           f'{", ".join(arrays) or "nothing"}.')
    return [_Names('x', 'y', None)], []


def _part(arrays: Arrays, names: _Names
          ) -> tuple[Rows, NDArray[Any], NDArray[Any] | None]:
    """Return samples, classes and groups of one part, checked against each other."""
    for name in (names.x, names.y):
        if name not in arrays:
            raise DatasetError(f'{arrays.path}: needs an array `{name}`, found '
                               f'{", ".join(arrays) or "nothing"}.')
    rows, classes = arrays.rows(names.x), _classes(arrays, names)
    _check(arrays.path, names.x, rows)
    found = next((name for name in names.groups if name in arrays), None)
    groups = None if found is None else _flat(arrays[found])
    if groups is not None and groups.ndim != 1:
        raise DatasetError(f'{arrays.path}: `{found}` must hold one value for each sample, '
                           f'received {groups.shape}.')
    for one, count in ((names.y, len(classes)),
                       (found, len(classes if groups is None else groups))):
        if count != rows.shape[0]:
            raise DatasetError(f'{arrays.path}: `{names.x}` and `{one}` must be equally long, '
                               f'received {rows.shape[0]} and {count}.')
    return rows, classes, groups


def _classes(arrays: Arrays, names: _Names) -> NDArray[Any]:
    """Return (N,) int64, or (N,) texts where the classes are named."""
    given = arrays[names.y]
    classes = _flat(given)
    if classes.ndim != 1 or classes.dtype.kind not in 'biufUS':
        raise DatasetError(f'{arrays.path}: `{names.y}` must be (N,) whole numbers or names, '
                           f'received {given.shape} {given.dtype}.')
    if classes.dtype.kind in 'US':
        return _texts(classes)
    if classes.dtype.kind == 'f':
        odd = np.flatnonzero(~np.isfinite(classes) | (classes != np.floor(classes)))
        if len(odd):
            raise DatasetError(f'{arrays.path}: `{names.y}[{odd[0]}]` is {classes[odd[0]]}, a '
                               'whole number is needed.')
        classes = np.clip(classes, -BEYOND, BEYOND)
    return classes.astype(np.int64)


def _texts(array: NDArray[Any]) -> NDArray[Any]:
    """Return strings; bytes are decoded as UTF-8."""
    return np.char.decode(array, 'utf-8', 'replace') if array.dtype.kind == 'S' \
        else array.astype(str)


def _class_names(arrays: Arrays) -> tuple[str, ...] | None:
    """Return the class names, None if the file has none."""
    for name in NAMES:
        if name not in arrays:
            continue
        names = arrays[name]
        # numbers there are another list of classes
        if name == 'classes' and names.dtype.kind not in 'US':
            continue
        if names.dtype.kind not in 'biufUS' or names.size > MOST_CLASSES:
            raise DatasetError(f'{arrays.path}: `{name}` must be at most {MOST_CLASSES} names, '
                               f'received {names.shape} {names.dtype}.')
        return tuple(_texts(names.ravel()).tolist())
    return None


def _numbered(path: Path, names: list[_Names], classes: list[NDArray[Any]],
              labels: tuple[str, ...] | None) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """Return the names of all classes, and the classes of each part as indices into them."""
    named = any(one.dtype.kind == 'U' for one in classes)
    if named and not all(one.dtype.kind == 'U' for one in classes):
        raise DatasetError(f'{path}: {" and ".join(f"`{one.y}`" for one in names)} must all be '
                           'numbers or all be names.')
    if labels is None:
        labels = tuple(sorted(set(np.concatenate(classes).tolist()), key=natural)) if named \
            else number_labels(max(int(one.max(initial=0)) for one in classes))
    allowed = list_names(labels, 4) if named else f'0 to {len(labels) - 1}'
    index = {label: number for number, label in enumerate(labels)}
    numbers = []
    for name, one in zip(names, classes, strict=True):
        found = np.array([index.get(label, -1) for label in one.tolist()], np.int64) \
            if named else one
        wrong = np.flatnonzero((found < 0) | (found >= len(labels)))
        if len(wrong):
            raise DatasetError(f'{path}: `{name.y}[{wrong[0]}]` is {one[wrong[0]]}: out of range, '
                               f'there are {len(labels)} classes ({allowed}).')
        numbers.append(found)
    return labels, numbers


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    """Flatten (N, 1), as in MedMNIST, to (N,)."""
    return array.reshape(len(array)) if array.ndim == 2 and array.shape[1] == 1 else array


def _check(path: Path, name: str, rows: Rows) -> None:
    image = rows.dtype == np.uint8 and (
        len(rows.shape) == 3 or (len(rows.shape) == 4 and rows.shape[3] in (1, 3, 4)))
    table = len(rows.shape) == 2 and rows.dtype.kind in 'fiu'
    if not (image or table) or 0 in rows.shape[1:]:
        raise DatasetError(f'{path}: `{name}` must be images, (N, H, W, 3) or (N, H, W) uint8, '
                           f'or a table, (N, F) numbers; received {rows.shape} {rows.dtype}.')
