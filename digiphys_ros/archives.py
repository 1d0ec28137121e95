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

"""Read untrusted .zip and .npz archives, with limits on their content."""

from collections.abc import Iterator
from contextlib import contextmanager
import math
import os
from pathlib import Path
from typing import Any, BinaryIO
import zipfile
import zlib

from digiphys_ros.files import (
    check_regular_file,
    DATA_BYTES,
    megabytes,
    reason_of,
    UNREADABLE,
)
import numpy as np
from numpy.lib import format as npy

ENTRIES = 2_000_000
"""Files in an archive: ImageNet has 1.3 million."""
ARRAY_BYTES = 4 << 30
"""Largest size of arrays that are read together; recordings of cameras are smaller."""
EXPANSION, EXPANDED_BYTES = 200, 1 << 30
"""Largest expansion of an entry of at least that size; images and numbers have 1 to 20."""

METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Only these can be unpacked in pieces; others need the whole entry in memory."""

NAME_LENGTH, NAME_PARTS = 1024, 64
"""Longest name of an entry, in characters, and its most nested folders."""

BROKEN = (*UNREADABLE, zipfile.BadZipFile, zlib.error)
"""Exceptions of a damaged, encrypted or hostile archive."""


def open_zip(path: str | Path) -> zipfile.ZipFile:
    """
    Open an archive.

    :raises OSError: when it is not a regular file.
    :raises zipfile.BadZipFile: when it is not an archive, or has too many entries.
    """
    check_regular_file(path)
    archive = zipfile.ZipFile(path)
    try:
        _check_entries(archive.infolist())
    except zipfile.BadZipFile:
        archive.close()
        raise
    return archive


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > ENTRIES:
        raise zipfile.BadZipFile(f'it has {len(entries)} entries, and at most {ENTRIES} are read')
    for info in entries:
        name = info.filename
        if not name:
            raise zipfile.BadZipFile('an entry has no name')
        if len(name) > NAME_LENGTH or name.count('/') > NAME_PARTS:
            raise zipfile.BadZipFile(
                f'the name {name[:40]!r}... has {len(name)} characters in {name.count("/") + 1} '
                f'parts, and at most {NAME_LENGTH} in {NAME_PARTS + 1} are read')


def read_entry(archive: zipfile.ZipFile, name: str, limit: int = DATA_BYTES) -> bytes:
    """
    Return one file of an archive.

    :param limit: maximum size in bytes.
    :raises zipfile.BadZipFile: when it is larger, damaged or compressed in an unusual way.
    """
    info = archive.getinfo(name)
    check_entry(info, limit)
    with archive.open(info) as file:
        # never more than its stated size: the rest would be unpacked before it is cut off
        return file.read(info.file_size)


def check_entry(info: zipfile.ZipInfo, limit: int) -> None:
    """
    Check an entry before it is unpacked.

    :raises zipfile.BadZipFile: when it would be too large.
    """
    if info.compress_type not in METHODS:
        raise zipfile.BadZipFile(f'{info.filename!r} is compressed in an unusual way: only stored '
                                 'and deflated entries are read')
    if info.file_size > limit:
        raise zipfile.BadZipFile(f'{info.filename!r} has {megabytes(info.file_size)} unpacked, '
                                 f'and at most {megabytes(limit)} are read')
    if info.file_size > max(EXPANDED_BYTES, EXPANSION * info.compress_size):
        raise zipfile.BadZipFile(
            f'{info.filename!r} expands from {megabytes(info.compress_size)} to '
            f'{megabytes(info.file_size)}, more than images or numbers do')


def check_array(archive: zipfile.ZipFile, name: str, limit: int) -> None:
    """
    Check an array of an .npz before memory is allocated for it.

    :param name: of the entry.
    :raises zipfile.BadZipFile: when it is too large.
    :raises ValueError: when its header claims more than the entry holds.
    """
    info = archive.getinfo(name)
    check_entry(info, limit)
    with archive.open(info) as file:
        shape, _, dtype = array_header(file)
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f'{name}: the header states the invalid shape {shape}')
    # an empty array has a length too, and readers loop over it
    size = math.prod((max(dtype.itemsize, 1), *(side or 1 for side in shape)))
    if size > (info.file_size if all(shape) else limit) and not dtype.hasobject:
        raise ValueError(f'{name}: the header states {shape} {dtype}, which needs '
                         f'{megabytes(size)}, and the entry has {megabytes(info.file_size)}')


def array_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """
    Return shape, order and type in the header of an array.

    :raises ValueError: when it has no valid header.
    """
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except Exception as error:  # NumPy parses it as Python, which raises many types
        raise ValueError(f'its header cannot be read: {reason_of(error)[:200]}') from error
    return shape, fortran, dtype


@contextmanager
def open_npz(file: str | Path | BinaryIO, limit: int = ARRAY_BYTES) -> Iterator[Any]:
    """
    Open an archive of arrays; Python objects in it are refused, because they could run code.

    :param limit: maximum size of all arrays together in bytes.
    :raises Exception: one of ``BROKEN``.
    """
    if isinstance(file, (str, os.PathLike)):
        check_regular_file(file)
    if not zipfile.is_zipfile(file):
        raise ValueError('it is not an archive of arrays')
    with zipfile.ZipFile(file) as archive:
        total = sum(info.file_size for info in archive.infolist())
        if total > limit:
            raise zipfile.BadZipFile(f'its arrays have {megabytes(total)} unpacked, and at most '
                                     f'{megabytes(limit)} are read')
        for info in archive.infolist():
            check_array(archive, info.filename, limit)
    if not isinstance(file, (str, os.PathLike)):
        file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        yield arrays
