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
from functools import partial
import math
from pathlib import PurePosixPath
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.files import csv_columns, csv_rows
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.files import Files
from digiphys_ros.learning.datasets.folder import image_files, UNLABELLED
from digiphys_ros.learning.datasets.npz import GROUPS
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, str]


def open_csv(files: Files, name: str, labelled: bool = True) -> Dataset:
    """
    Return the samples in a CSV with the column ``label``.

    With a column ``file`` they are images, beside the CSV or in ``images/``; without one they are
    the numbers in all other columns, a table. Groups are in ``group``, ``track``, ``session`` or
    ``patient``.

    :param labelled: False takes a table without labels too, all as one class.
    :raises DatasetError: naming the line and the column.
    """
    rows = _rows(files, name, labelled)
    where = f'{files.uri}: {name}'
    names = [row.get('label', UNLABELLED) for row in rows]
    labels = tuple(sorted(set(names), key=natural))
    index = {label: number for number, label in enumerate(labels)}
    classes = np.array([index[label] for label in names], np.int64)
    column = next((group for group in GROUPS if group in rows[0]), None)
    groups = np.arange(len(rows)) if column is None else np.array([row[column] for row in rows])
    if 'file' in rows[0]:
        return image_files(files, _paths(files, name, rows), labels, classes, groups)
    numbers = _numbers(where, rows)
    return Dataset(files.uri, labels, classes, groups,
                   tuple(f'{name}:{line}' for line in range(2, len(rows) + 2)),
                   partial(_row_of, numbers), 'table')


def _row_of(numbers: NDArray[np.float32], index: int) -> NDArray[Any]:
    row: NDArray[Any] = numbers[index]
    return row


def _rows(files: Files, name: str, labelled: bool) -> list[Row]:
    where = f'{files.uri}: {name}'
    try:
        text = files.read(name).decode('utf-8-sig')
        columns = csv_columns(text)
        rows: list[Row] = list(csv_rows(text))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f'{where} cannot be read as CSV: {error}.') from error
    if 'label' not in columns and (labelled or not columns):
        raise DatasetError(f'{where}: needs a column `label`, found '
                           f'{", ".join(columns) or "nothing"}.')
    if not rows:
        raise DatasetError(f'{where}: holds no row.')
    for line, row in enumerate(rows, 2):
        if row.get('label') == '':
            raise DatasetError(f'{where}:{line}: needs a value for each of {", ".join(columns)}.')
    return rows


def _paths(files: Files, name: str, rows: list[Row]) -> list[str]:
    known, folder = set(files.names()), PurePosixPath(name).parent
    paths = []
    for line, row in enumerate(rows, 2):
        places = [str(folder / row['file']), str(folder / 'images' / row['file'])]
        found = next((place for place in places if place in known), None)
        if found is None:
            raise DatasetError(f'{files.uri}: {name}:{line}: field `file`: there is no '
                               f'{" and no ".join(places)}.')
        paths.append(found)
    return paths


def _numbers(where: str, rows: list[Row]) -> NDArray[np.float32]:
    columns = [column for column in rows[0] if column != 'label' and column not in GROUPS]
    if not columns:
        raise DatasetError(f'{where}: needs a column `file`, or columns of numbers.')
    numbers = np.empty((len(rows), len(columns)), np.float32)
    for line, row in enumerate(rows, 2):
        for index, column in enumerate(columns):
            numbers[line - 2, index] = _number(row[column])
            if not np.isfinite(numbers[line - 2, index]):
                raise DatasetError(f'{where}:{line}: field `{column}`: a number is needed, '
                                   f'received "{row[column]}".')
    return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
