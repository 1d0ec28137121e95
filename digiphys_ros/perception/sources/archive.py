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

"""A .zip data set: images in class folders, or a driving log with its recorded timing."""

from collections.abc import Iterator
import csv
import math
from pathlib import Path, PurePosixPath
import zipfile

from digiphys_ros.archives import BROKEN, open_zip, read_entry
from digiphys_ros.errors import FrameError, SourceError
from digiphys_ros.files import csv_columns, csv_dialect, csv_rows, reason_of
from digiphys_ros.perception.bit_depth import BitDepth
from digiphys_ros.perception.sources.folder import image_frame, is_image, natural
from digiphys_ros.perception.sources.reader import Reader, SourceFrame


def open_archive(path: Path) -> Reader:
    """
    Return the matching reader: a driving log has a ``labels.csv``.

    :raises SourceError: when the file is not a .zip, or its table is wrong.
    """
    try:
        archive = open_zip(path)
    except BROKEN as error:
        raise SourceError(f'{path}: cannot be read as .zip: {reason_of(error)}.') from error
    table = next((name for name in archive.namelist()
                  if PurePosixPath(name).name == 'labels.csv'), None)
    return ClassFolders(archive) if table is None else DrivingLog(archive, table)


class ClassFolders:
    """Images in an archive; several folders are the classes."""

    live = False

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._depth = BitDepth()
        paths = (PurePosixPath(name) for name in archive.namelist())
        self._images = sorted((path for path in paths if is_image(path.name)),
                              key=lambda path: natural(str(path)))
        self._labeled = len({path.parent for path in self._images}) > 1

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield the images in natural order of their names."""
        for path in self._images:
            label = path.parent.name or None if self._labeled else None
            try:
                yield image_frame(read_entry(self._archive, str(path)), self._depth, label)
            except (FrameError, *BROKEN):
                unreadable.append(str(path))


class DrivingLog:
    """
    Images with recorded timing, one session after another.

    The table has the columns ``file`` and ``timestamp_ms``, and optionally ``session``. Images are
    next to it or in ``images/``. The pause between sessions equals the interval of the last two
    frames.
    """

    live = False

    def __init__(self, archive: zipfile.ZipFile, table: str) -> None:
        self._archive = archive
        self._depth = BitDepth()
        rows = _rows(archive, table)
        folder, names = PurePosixPath(table).parent, set(archive.namelist())
        self._images: list[tuple[str, float]] = []
        time_s = step_s = 0.0
        last: tuple[str, float] | None = None
        for session, recorded_s, file in rows:
            if last is not None:
                step_s = recorded_s - last[1] if session == last[0] else step_s
                time_s += step_s
            last = session, recorded_s
            same_folder, within = str(folder / file), str(folder / 'images' / file)
            self._images.append((same_folder if same_folder in names else within, time_s))

    def frames(self, unreadable: list[str]) -> Iterator[SourceFrame]:
        """Yield the images in recorded order, with their recorded times."""
        for name, time_s in self._images:
            try:
                yield image_frame(read_entry(self._archive, name), self._depth, None, time_s)
            except (FrameError, *BROKEN):
                unreadable.append(name)


def _rows(archive: zipfile.ZipFile, table: str) -> list[tuple[str, float, str]]:
    """Return (session, recorded_s, file), sorted by session and time."""
    where = f'{archive.filename}: {table}'
    rows = []
    try:
        text = read_entry(archive, table).decode('utf-8-sig')
        separator = csv_dialect(text)
        columns = csv_columns(text, separator)
        missing = {'file', 'timestamp_ms'} - set(columns)
        if missing:
            raise SourceError(f'{where} needs the columns {", ".join(sorted(missing))}, found '
                              f'{", ".join(columns) or "nothing"}.')
        for line, row in enumerate(csv_rows(text, separator), 2):
            rows.append((row.get('session', ''),
                         _seconds(row['timestamp_ms'], f'{where}:{line}'), row['file']))
    except (csv.Error, *BROKEN) as error:
        raise SourceError(f'{where} cannot be read: {reason_of(error)}.') from error
    return sorted(rows, key=lambda row: (natural(row[0]), row[1]))


def _seconds(text: str, where: str) -> float:
    try:
        seconds = float(text) * 1e-3
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise SourceError(f'{where}: timestamp_ms must be a number, received "{text}".')
    return seconds
