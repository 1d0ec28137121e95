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

"""The arrays of an .npz file, in memory where they fit, else on disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import struct
import tempfile
from typing import Any
import zipfile

from digiphys_ros.archives import array_header, BROKEN, check_array, open_zip
from digiphys_ros.errors import DatasetError
from digiphys_ros.files import DATA_BYTES, megabytes, reason_of
from digiphys_ros.learning.datasets.memory import budget_bytes, ScratchFile
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from tqdm import tqdm

PIECE = 1 << 20
LOCAL_HEADER = 30
"""Bytes before the name in a local header of a .zip; the last four are two lengths."""


@dataclass(frozen=True)
class Rows:
    """
    One array, row by row.

    :ivar shape: of the whole array.
    :ivar read: returns the row of an index; thread-safe.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int], NDArray[Any]]


class Arrays:
    """Arrays by name; each is read on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._archive = open_zip(path)
        except BROKEN as error:
            raise self._broken(error) from error

    def __iter__(self) -> Iterator[str]:
        return (name[:-4] for name in self._archive.namelist() if name.endswith('.npy'))

    def __contains__(self, name: str) -> bool:
        return f'{name}.npy' in self._archive.namelist()

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a whole array. Python objects are refused: they could run code."""
        try:
            check_array(self._archive, f'{name}.npy', max(budget_bytes(), DATA_BYTES))
            with self._archive.open(f'{name}.npy') as file:
                array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
                return array
        except BROKEN as error:
            raise self._broken(error, name) from error

    def rows(self, name: str) -> Rows:
        """Return an array row by row. One that is too large for memory stays on disk."""
        member = f'{name}.npy'
        try:
            check_array(self._archive, member, self._archive.getinfo(member).file_size)
            with self._archive.open(member) as file:
                shape, fortran, dtype = array_header(file)
                start = file.tell()
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            if size <= budget_bytes() or fortran or dtype.hasobject or not shape:
                array = self[name]
                return Rows(array.shape, array.dtype, _InMemory(array))
            stored = self._archive.getinfo(member).compress_type == zipfile.ZIP_STORED
            read = self._stored(member) if stored else self._unpacked(member)
        except BROKEN as error:
            raise self._broken(error, name) from error
        return Rows(shape, dtype, _OnDisk(read, start, shape[1:], dtype))

    def _stored(self, member: str) -> Callable[[int, int], bytes]:
        """Return a reader of the bytes of an uncompressed file in the archive."""
        header = self._archive.getinfo(member).header_offset
        # the reader owns and closes it
        file = open(self.path, 'rb')  # noqa: SIM115
        lengths = os.pread(file.fileno(), LOCAL_HEADER, header)[-4:]
        first = header + LOCAL_HEADER + sum(struct.unpack('<HH', lengths))
        return lambda start, size: os.pread(file.fileno(), size, first + start)

    def _unpacked(self, member: str) -> Callable[[int, int], bytes]:
        scratch = ScratchFile(str(self.path))
        total = self._archive.getinfo(member).file_size
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if total > free:
            raise DatasetError(f'{self.path}: {member} has {megabytes(total)} unpacked, and '
                               f'{tempfile.gettempdir()} has {megabytes(free)} free (TMPDIR names '
                               'another place).')
        with self._archive.open(member) as file, tqdm(
                total=total, desc=f'unpacking {member}', unit='B', unit_scale=True,
                disable=None) as bar:
            while piece := file.read(PIECE):
                scratch.append(piece)
                bar.update(len(piece))
        return scratch.read

    def _broken(self, error: Exception, name: str | None = None) -> DatasetError:
        what = self.path if name is None else f'{self.path}: `{name}`'
        return DatasetError(f'{what} cannot be read as .npz: {reason_of(error)}.')


@dataclass(frozen=True)
class _InMemory:

    array: NDArray[Any]

    def __call__(self, index: int) -> NDArray[Any]:
        row: NDArray[Any] = self.array[index]
        return row


@dataclass(frozen=True)
class _OnDisk:

    bytes_at: Callable[[int, int], bytes]
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __call__(self, index: int) -> NDArray[Any]:
        size = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize
        data = self.bytes_at(self.start + index * size, size)
        return np.frombuffer(data, self.dtype).reshape(self.shape)
