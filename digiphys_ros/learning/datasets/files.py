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

"""Files in a folder or in a .zip, with one interface."""

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from digiphys_ros.archives import BROKEN, open_zip, read_entry
from digiphys_ros.errors import DatasetError, FrameError
from digiphys_ros.files import read_bytes, reason_of
from digiphys_ros.folders import walk
from digiphys_ros.perception.frame import decode_image_file
from digiphys_ros.perception.sources.folder import is_image, natural
from numpy.typing import NDArray


class Files(Protocol):
    """
    Named files; names use ``/`` and are relative to the folder or archive.

    :ivar uri: path as the user gave it.
    """

    uri: str

    def names(self) -> list[str]:
        """Return all names in natural order."""

    def folders(self) -> list[str]:
        """Return the names of all folders, empty ones too."""

    def read(self, name: str) -> bytes:
        """Return the content of a file. Thread-safe. Raises DatasetError."""


class FolderFiles:
    """The files under a folder; ``read`` also takes an absolute path."""

    def __init__(self, path: Path) -> None:
        self.uri = str(path)
        self._path = path

    def names(self) -> list[str]:
        """Return all names in natural order."""
        return sorted(self._found(Path.is_file), key=natural)

    def folders(self) -> list[str]:
        """Return the names of all folders."""
        return self._found(Path.is_dir)

    def _found(self, belongs: Callable[[Path], bool]) -> list[str]:
        try:
            return [path.relative_to(self._path).as_posix() for path in walk(self._path)
                    if belongs(path)]
        except OSError as error:
            raise DatasetError(f'{self.uri}: {error.filename or ""} cannot be read: '
                               f'{reason_of(error)}.') from error

    def read(self, name: str) -> bytes:
        """Return one file."""
        try:
            return read_bytes(self._path / name)
        except OSError as error:
            raise DatasetError(f'{self.uri}: {name} cannot be read: {reason_of(error)}.'
                               ) from error


class ZipFiles:
    """The files in a .zip; thread-safe, as ZipFile locks."""

    def __init__(self, path: Path) -> None:
        self.uri = str(path)
        try:
            self._archive = open_zip(path)
        except BROKEN as error:
            raise DatasetError(f'{path}: cannot be read as .zip: {reason_of(error)}.') from error

    def names(self) -> list[str]:
        """Return all names in natural order."""
        return sorted((info.filename for info in self._archive.infolist() if not info.is_dir()),
                      key=natural)

    def folders(self) -> list[str]:
        """Return the names of all folders, those too that have no entry of their own."""
        return list({str(folder): None for name in self._archive.namelist()
                     for folder in PurePosixPath(f'{name}_').parents})

    def read(self, name: str) -> bytes:
        """Return one file."""
        try:
            return read_entry(self._archive, name)
        except BROKEN as error:
            raise DatasetError(f'{self.uri}: {name} cannot be read: {reason_of(error)}.'
                               ) from error


def images_in(files: Files) -> list[PurePosixPath]:
    """Return the paths of all images, without the hidden copies of macOS."""
    paths = [PurePosixPath(name) for name in files.names()]
    return [path for path in paths if is_image(path.name) and '__MACOSX' not in path.parts]


def files_beside(files: Files, used: Iterable[str], *, images_only: bool) -> tuple[str, ...]:
    """
    Return the names of all unused files, so that each one is reported.

    :param images_only: leave out what is no image.
    """
    known = set(used)
    there = map(str, images_in(files)) if images_only else files.names()
    return tuple(name for name in there if name not in known)


def read_image(files: Files, name: str) -> NDArray[Any]:
    """
    Return the pixels of an image file.

    :return: (H, W, 3) RGB or (H, W), uint8.
    :raises DatasetError: when it is broken or cut off, naming it.
    """
    try:
        frame = decode_image_file(files.read(name))
    except FrameError as error:
        raise DatasetError(f'{files.uri}: {name}: {error}') from error
    return frame.converted('mono' if frame.color == 'mono' else 'rgb')
