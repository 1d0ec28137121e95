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

"""GTSRB as its authors publish it: a folder a class, with a CSV beside the images."""

import csv
import io
from pathlib import PurePosixPath
import re

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.files import Files
from digiphys_ros.learning.datasets.folder import image_files
import numpy as np

TABLE = re.compile(r'(?:^|/)(\d{5})/GT-\1\.csv$')


def open_gtsrb(files: Files, names: list[str]) -> Dataset:
    """
    Return the official training set; tracks are the groups.

    A file ``00012_00007.ppm`` is picture 7 of track 12 of its class.

    :param names: its tables, one a class.
    :raises DatasetError: naming the table and the line.
    """
    paths: list[str] = []
    classes: list[int] = []
    tracks: list[str] = []
    for name in names:
        text = files.read(name).decode('utf-8-sig')
        folder = PurePosixPath(name).parent
        for row in csv.DictReader(io.StringIO(text), delimiter=';'):
            try:
                file, number = row['Filename'], int(row['ClassId'])
            except (KeyError, TypeError, ValueError) as error:
                raise DatasetError(f'{files.uri}: {name}: needs the columns Filename and ClassId, '
                                   f'received {dict(row)}.') from error
            paths.append(str(folder / file))
            classes.append(number)
            tracks.append(f'{number}/{file.split("_")[0]}')
    labels = tuple(map(str, range(max(classes, default=-1) + 1)))
    return image_files(files, paths, labels, np.array(classes, np.int64), np.array(tracks))
