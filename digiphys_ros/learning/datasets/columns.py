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

"""Find the columns of file, label and group in a table by their usual names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import re

from digiphys_ros.learning.datasets.npz import GROUPS

FILES = ('file', 'filename', 'filepath', 'path', 'image', 'imagename', 'imagefile', 'imagepath',
         'img', 'imgname', 'imgpath', 'files', 'images', 'imageid', 'imgid', 'idcode', 'id',
         'name')
"""
Names of the column of image files, the most specific first; as in Roboflow and Kaggle exports.
"""
SURE_FILES = FILES[:12]
LABELS = ('label', 'class', 'classname', 'category', 'target', 'labels', 'classid', 'labelid',
          'labelname', 'categoryname', 'diagnosis')
Row = Mapping[str, str]


@dataclass(frozen=True)
class Columns:
    """
    The names of the columns of a table.

    :ivar file: None for a table of numbers.
    :ivar label: None without a label column, or with ``one_hot``.
    :ivar one_hot: one column a class: 1 in the rows of that class, else 0.
    """

    file: str | None
    label: str | None
    group: str | None
    one_hot: tuple[str, ...] = ()


def columns_of(names: Sequence[str], rows: Sequence[Row], is_image: Callable[[str], bool]
               ) -> Columns:
    """
    Find the columns; case, blanks, ``_`` and ``-`` in names are ignored.

    A column such as ``id`` may hold numbers, so its values must be image names. In a table of two
    columns the other one holds the label, under any name.

    :param is_image: returns whether a value names an image.
    """
    plain = {_plain(name): name for name in reversed(names)}
    file = next((plain[one] for one in FILES if one in plain and (
        one in SURE_FILES or (rows and is_image(rows[0][plain[one]])))), None)
    group = next((plain[one] for column in GROUPS for one in (column, f'{column}id')
                  if one in plain and plain[one] != file), None)
    label = next((plain[one] for one in LABELS if one in plain and plain[one] != file), None)
    others = [name for name in names if name not in (file, group)]
    if file is None or label is not None:
        return Columns(file, label, group)
    if len(names) == 2:
        return Columns(file, next(name for name in names if name != file), None)
    one_hot = len(others) > 1 and rows and all(
        row[name] in ('0', '1', '0.0', '1.0') for row in rows for name in others)
    return Columns(file, None, group, tuple(others) if one_hot else ())


def _plain(name: str) -> str:
    return re.sub(r'[\s_-]', '', name).lower()
