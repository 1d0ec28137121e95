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

"""Find the images of a table, which was often written on another machine."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
import posixpath
from typing import TypeAlias

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.files import Files, FolderFiles, images_in

Way: TypeAlias = tuple[PurePosixPath, Callable[[str], str | None]]
"""A folder, and the function that returns the image name there for a value of the table."""


class ImagePaths:
    """
    Resolve the images of one table.

    A path is tried from the folder of the table, in ``images/`` there, from the top folder, as an
    absolute path, and then in each folder without its first folders. All images of a table must be
    found in the same way, so that another image of the same name is not used. The ending, such as
    ``.jpg``, may be missing.

    :param table: name of the table.
    """

    def __init__(self, files: Files, table: str) -> None:
        self._files, self._table = files, PurePosixPath(table)
        self._known: dict[str, str] = {}
        for path in images_in(files):
            self._known.setdefault(str(path.with_suffix('')), str(path))
        self._known.update((str(path), str(path)) for path in images_in(files))

    def is_image(self, value: str) -> bool:
        """Return whether a value of the table names an image."""
        return bool(value) and any(self._ways(value))

    def resolve(self, values: Sequence[str], column: str) -> list[str]:
        """
        Return the name of each image in the files.

        :param values: of the table, row by row.
        :raises DatasetError: naming the line and the places tried.
        """
        line = 0
        for alike in self._ways(values[0]):
            whole = []
            for folder, find in alike:
                found = [find(value) for value in values]
                if None not in found:
                    whole.append((folder, [str(name) for name in found]))
                else:
                    line = max(line, found.index(None))
            if len(whole) > 1:
                whole = [one for one in whole if self._is_named_as_table(one[0])] or whole
            if len(whole) > 1:
                raise DatasetError(f'{self._files.uri}: {self._table}: its images are in '
                                   f'{whole[0][0]} and in {whole[1][0]}: put the table into the '
                                   'right folder.')
            if whole:
                return whole[0][1]
        folder = self._table.parent
        raise DatasetError(
            f'{self._files.uri}: {self._table}:{line + 2}: field `{column}`: there is no '
            f'{folder / values[line]} and no {folder / "images" / values[line]}.')

    def _ways(self, first: str) -> list[list[Way]]:
        """Return the ways that find the first image; those in one list are equal."""
        ways = [[self._in(folder, 0)] for folder in dict.fromkeys((
            self._table.parent, self._table.parent / 'images', PurePosixPath()))]
        if isinstance(self._files, FolderFiles):
            ways.append([(PurePosixPath(), self._on_this_machine)])
        for drop in range(len(_parts(first))):
            tail = '/'.join(_parts(first)[drop:])
            folders = {PurePosixPath(name[:-len(tail)]) for name in self._known
                       if name == tail or name.endswith(f'/{tail}')}
            ways.append([self._in(folder, drop) for folder in sorted(folders)])
        return [[way for way in alike if way[1](first)] for alike in ways]

    def _is_named_as_table(self, folder: PurePosixPath) -> bool:
        """Return whether folder and table have one name, such as train/ and train_labels.csv."""
        return bool(folder.name) and self._table.stem.lower().startswith(folder.name.lower())

    def _in(self, folder: PurePosixPath, drop: int) -> Way:
        return folder, lambda value: self._known.get(
            posixpath.normpath(str(folder.joinpath(*_parts(value)[drop:]))))

    def _on_this_machine(self, value: str) -> str | None:
        path, root = Path(value).expanduser(), Path(self._files.uri).resolve()
        if not path.is_absolute() or not path.is_file():
            return None
        inside = path.resolve().is_relative_to(root)
        return path.resolve().relative_to(root).as_posix() if inside else str(path)


def _parts(value: str) -> tuple[str, ...]:
    """Return the parts of a Windows or POSIX path, without its root."""
    path = PureWindowsPath(value)
    return tuple(part for part in path.parts if part not in (path.anchor, '.'))
