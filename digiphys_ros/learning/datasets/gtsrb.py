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

"""The official GTSRB layout: one folder a class, with a CSV and images."""

from collections.abc import Iterator
import csv
from dataclasses import replace
from pathlib import PurePosixPath
import re

from digiphys_ros.errors import DatasetError
from digiphys_ros.files import csv_rows
from digiphys_ros.learning.datasets.dataset import Dataset, MOST_CLASSES, number_labels
from digiphys_ros.learning.datasets.files import Files
from digiphys_ros.learning.datasets.folder import image_files
import numpy as np

TABLE = re.compile(r'(?:^|/)(?:(\d{5})/GT-\1|(?P<test>GT-final_test))\.csv$')


def open_gtsrb(files: Files, names: list[str], part: str | None = None) -> Dataset:
    """
    Return the official images; the groups of the training part are tracks.

    A file ``00012_00007.ppm`` is image 7 of track 12 of its class. Test images have no tracks.

    :param names: the tables: one a class, and one of the test images.
    :param part: train or test; None joins them.
    :raises DatasetError: naming the table and the line.
    """
    paths: list[str] = []
    classes: list[int] = []
    tracks: list[str] = []
    parts: list[str] = []
    for name in names:
        side = 'test' if name.endswith('GT-final_test.csv') else 'train'
        rows = list(_rows(files, name))
        folder = PurePosixPath(name).parent if side == 'train' else \
            _test_folder(files, name, rows)
        for file, number in rows:
            paths.append(str(folder / file))
            classes.append(number)
            tracks.append(f'{number}/{file.split("_")[0]}' if side == 'train' else file)
            parts.append(side)
    if not paths or part not in (None, *parts):
        raise DatasetError(f'{files.uri}: its tables name no image'
                           + (f' of the part "{part}".' if part else '.'))
    data = image_files(files, paths, number_labels(max(classes)), np.array(classes, np.int64),
                       np.array(tracks), 'tracks of signs', names)
    if len(set(parts)) > 1:
        data = replace(data, parts=np.array(parts))
    return data if part is None else data.take(np.flatnonzero(np.array(parts) == part))


def _test_folder(files: Files, table: str, rows: list[tuple[str, int]]) -> PurePosixPath:
    """Return the folder of the test images: that of their table, or ``Images`` in it."""
    folder = PurePosixPath(table).parent
    there = set(files.names())
    first = rows[0][0] if rows else ''
    if not first or str(folder / first) in there:
        return folder
    # the published archive has the table two folders above the images
    below = [PurePosixPath(name).parent for name in there
             if name.endswith(f'Images/{first}') and folder in PurePosixPath(name).parents]
    if not below:
        raise DatasetError(f'{files.uri}: {table} names {first}, which is neither in its '
                           'folder nor in Images there: put both into one folder.')
    return min(below)


def _rows(files: Files, name: str) -> Iterator[tuple[str, int]]:
    """Yield file and class of each image in a table."""
    try:
        rows = list(csv_rows(files.read(name).decode('utf-8-sig'), ';'))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f'{files.uri}: {name} cannot be read as CSV: {error}.') from error
    for line, row in enumerate(rows, 2):
        try:
            file, number = row['Filename'].strip(), int(row['ClassId'])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(f'{files.uri}: {name}:{line}: needs the columns Filename and '
                               f'ClassId, received {dict(row)}.') from error
        if not 0 <= number < MOST_CLASSES:
            raise DatasetError(f'{files.uri}: {name}:{line}: ClassId must be from 0 to '
                               f'{MOST_CLASSES - 1}, received {number}.')
        yield file, number
