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

"""A CSV of files and labels, or of numbers and labels."""

from collections.abc import Mapping
import csv
from dataclasses import replace
from functools import partial
import math
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.files import csv_columns, csv_dialect, csv_rows
from digiphys_ros.learning.datasets.columns import Columns, columns_of
from digiphys_ros.learning.datasets.dataset import Dataset, list_names
from digiphys_ros.learning.datasets.files import Files
from digiphys_ros.learning.datasets.folder import image_files, UNLABELED
from digiphys_ros.learning.datasets.image_paths import ImagePaths
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, str]


def open_csv(files: Files, name: str, labeled: bool = True) -> Dataset:
    """
    Return the samples in a CSV, separated by commas, semicolons, tabs or bars.

    With a column of files the samples are images. Without one they are the numbers in all columns
    except label and group. See ``columns_of`` for the columns and ``ImagePaths`` for the places of
    images. An image in several rows, as in exports of boxes, is one sample.

    :param labeled: False accepts a table without labels; all rows are one class.
    :raises DatasetError: naming the line and the column.
    """
    where = f'{files.uri}: {name}'
    names, rows, separator = _rows(files, name, where)
    paths = ImagePaths(files, name)
    columns = columns_of(names, rows, paths.is_image)
    label_of = _labels(where, names, rows, columns, labeled)
    grouping = f'column `{columns.group}`' if columns.group else ''
    found = None if columns.file is None else paths.resolve(
        [row[columns.file] for row in rows], columns.file)
    kept = list(range(len(rows))) if found is None else _once(where, found, label_of)
    label_of = [label_of[index] for index in kept]
    labels = tuple(sorted(set(label_of), key=natural))
    classes = np.array([labels.index(label) for label in label_of], np.int64)
    groups = None if columns.group is None else np.array(
        [rows[index][columns.group] for index in kept])
    if found is not None:
        return image_files(files, [found[index] for index in kept], labels, classes, groups,
                           grouping, [name])
    numbers = _numbers(where, rows, columns, separator)
    data = Dataset(files.uri, labels, classes,
                   np.arange(len(rows)) if groups is None else groups,
                   tuple(f'{name}:{line}' for line in range(2, len(rows) + 2)),
                   partial(_row_of, numbers), 'table')
    return replace(data, grouping=grouping) if grouping else data


def _row_of(numbers: NDArray[np.float32], index: int) -> NDArray[Any]:
    row: NDArray[Any] = numbers[index]
    return row


def _rows(files: Files, name: str, where: str) -> tuple[list[str], list[Row], str]:
    try:
        text = files.read(name).decode('utf-8-sig')
        separator = csv_dialect(text)
        columns = csv_columns(text, separator)
        rows: list[Row] = list(csv_rows(text, separator))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f'{where} cannot be read as CSV: {error}.') from error
    return columns, rows, separator


def _labels(where: str, names: list[str], rows: list[Row], columns: Columns, labeled: bool
            ) -> list[str]:
    """Return the label of each row."""
    if columns.label is None and not columns.one_hot and (labeled or not names):
        raise DatasetError(f'{where}: needs a column `label`, found '
                           f'{", ".join(names) or "nothing"}.')
    if not rows:
        raise DatasetError(f'{where}: holds no row.')
    if columns.one_hot:
        return [_hot(f'{where}:{line}', row, columns.one_hot) for line, row in enumerate(rows, 2)]
    if columns.label is None:
        return [UNLABELED] * len(rows)
    for line, row in enumerate(rows, 2):
        if not row[columns.label]:
            raise DatasetError(f'{where}:{line}: needs a value for each of {", ".join(names)}.')
    return [row[columns.label] for row in rows]


def _hot(where: str, row: Row, classes: tuple[str, ...]) -> str:
    found = [name for name in classes if float(row[name])]
    if len(found) != 1:
        raise DatasetError(f'{where}: one class an image is needed, received '
                           f'{list_names(found) or "none"}.')
    return found[0]


def _once(where: str, paths: list[str], labels: list[str]) -> list[int]:
    """Return the first row of each image."""
    first: dict[str, int] = {}
    for index, path in enumerate(paths):
        before = first.setdefault(path, index)
        if labels[before] != labels[index]:
            raise DatasetError(f'{where}:{index + 2}: {path} is {labels[index]}, and '
                               f'{labels[before]} in line {before + 2}: one class an image is '
                               'needed.')
    return list(first.values())


def _numbers(where: str, rows: list[Row], columns: Columns, separator: str
             ) -> NDArray[np.float32]:
    names = [name for name in rows[0] if name not in (columns.label, columns.group)]
    if not names:
        raise DatasetError(f'{where}: needs a column `file`, or columns of numbers.')
    numbers = np.empty((len(rows), len(names)), np.float32)
    for line, row in enumerate(rows, 2):
        for index, name in enumerate(names):
            # semicolons separate numbers with decimal commas
            text = row[name].replace(',', '.') if separator == ';' else row[name]
            numbers[line - 2, index] = _number(text)
            if not np.isfinite(numbers[line - 2, index]):
                raise DatasetError(f'{where}:{line}: field `{name}`: a number is needed, '
                                   f'received "{row[name]}".')
    return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
