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

"""CIFAR-10's Python batches, read without letting a pickle run code."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
import gzip
import io
from pathlib import Path, PurePosixPath
import pickle
import re
import tarfile
from typing import Any, IO
import zlib

from digiphys_ros.errors import DatasetError
from digiphys_ros.files import megabytes, open_regular, reason_of, UNREADABLE
from digiphys_ros.learning.datasets.dataset import Dataset, number_labels
from digiphys_ros.learning.datasets.files import Files
from digiphys_ros.perception.sources.folder import natural
import numpy as np
from numpy.typing import NDArray

BATCH = re.compile(r'^(data_batch_\d+|test_batch)$')
WANTED = re.compile(rf'{BATCH.pattern}|^batches\.meta$')
UNPACKED_BYTES = 1 << 30
"""Limit of a whole archive: CIFAR-10 and CIFAR-100 have 186 MB each."""
_ALLOWED = {
    **{(f'numpy.{core}.multiarray', '_reconstruct'): np.empty(0).__reduce__()[0]
       for core in ('core', '_core')},
    ('numpy', 'ndarray'): np.ndarray, ('numpy', 'dtype'): np.dtype,
}
"""Types in a batch; any other in a pickle is refused."""
_BROKEN = (pickle.UnpicklingError, *UNREADABLE)
"""Exceptions of reading a damaged pickle."""


class _Unpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f'{module}.{name} is not allowed') from None


@dataclass
class _Unpacked:
    """The batches of an archive, in memory."""

    uri: str
    contents: dict[str, bytes]

    def names(self) -> list[str]:
        return sorted(self.contents, key=natural)

    def folders(self) -> list[str]:
        return []

    def read(self, name: str) -> bytes:
        return self.contents[name]


class _Limited(io.RawIOBase):
    """Read at most ``UNPACKED_BYTES``: headers of a tar archive may have any size."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file, self._left = file, UNPACKED_BYTES

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError(f'it has more than {megabytes(UNPACKED_BYTES)} unpacked')
        return data


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a tar archive, decompressed if necessary."""
    with open_regular(path, UNPACKED_BYTES) as file:
        packed = file.read(2) == b'\x1f\x8b'
        file.seek(0)
        with gzip.GzipFile(fileobj=file) if packed else nullcontext(file) as unpacked:
            yield _Limited(unpacked)


def open_cifar_archive(path: Path, part: str | None = None) -> Dataset:
    """
    Return the images of ``cifar-10-python.tar.gz`` as it is published.

    :param part: train or test; None joins them.
    :raises DatasetError: when it is another archive, or incomplete.
    """
    contents: dict[str, bytes] = {}
    try:
        # in order: a step back would decompress the archive again
        with _opened(path) as stream, tarfile.open(fileobj=stream, mode='r|') as archive:
            for member in archive:
                if member.size > UNPACKED_BYTES:
                    raise tarfile.ReadError(f'{member.name!r} has {megabytes(member.size)}')
                file = archive.extractfile(member) \
                    if WANTED.match(PurePosixPath(member.name).name) else None
                if file is not None:
                    contents[member.name] = file.read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise DatasetError(f'{path}: cannot be read as .tar: {reason_of(error)}.') from error
    files = _Unpacked(str(path), contents)
    batches = [name for name in files.names() if BATCH.match(PurePosixPath(name).name)]
    if not batches:
        raise DatasetError(f'{path}: of .tar archives only CIFAR-10 is read, and this holds no '
                           'batch of it: unpack it and name the folder.')
    return open_cifar(files, batches, part)


def open_cifar(files: Files, names: list[str], part: str | None = None) -> Dataset:
    """
    Return the images of CIFAR-10's batches.

    :param names: the batches.
    :param part: train or test; None joins them.
    :raises DatasetError: when a batch is not what CIFAR-10's are.
    """
    chosen = [name for name in names if part is None
              or part == ('test' if _is_test(name) else 'train')]
    if not chosen:
        raise DatasetError(f'{files.uri}: has no part "{part}", only {", ".join(names)}.')
    batches = [_batch(files, name) for name in chosen]
    images = np.concatenate([pixels for pixels, _ in batches])
    classes = np.concatenate([labels for _, labels in batches])
    keys = tuple(f'{name}[{index}]' for name, (pixels, _) in zip(chosen, batches, strict=True)
                 for index in range(len(pixels)))
    return Dataset(files.uri, _labels(files, chosen[0], int(classes.max())), classes,
                   np.arange(len(images)), keys, partial(_read, images), 'image',
                   np.repeat(['test' if _is_test(name) else 'train' for name in chosen],
                             [len(pixels) for pixels, _ in batches]),
                   tuple(name for name in files.names() if name not in names
                         and not WANTED.match(PurePosixPath(name).name)))


def _read(images: NDArray[np.uint8], index: int) -> NDArray[Any]:
    image: NDArray[Any] = images[index]
    return image


def _is_test(name: str) -> bool:
    return PurePosixPath(name).name == 'test_batch'


def _batch(files: Files, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    content = _load(files, name)
    try:
        # 1024 values of red, then green, then blue, row by row
        data, numbers = content[b'data'], content[b'labels']
        # nested lists would fill the memory as arrays
        if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or \
                not all(isinstance(number, int) for number in numbers):
            raise TypeError('data must be an array of bytes, labels a list of numbers')
        planes = data.reshape(-1, 3, 32, 32)
        labels = np.array(numbers, np.int64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DatasetError(f'{files.uri}: {name}: is not a CIFAR-10 batch: {error}.') from error
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


def _labels(files: Files, batch: str, highest: int) -> tuple[str, ...]:
    meta = str(PurePosixPath(batch).with_name('batches.meta'))
    if meta in files.names():
        try:
            return tuple(name.decode() for name in _load(files, meta)[b'label_names'])
        except _BROKEN as error:
            raise DatasetError(f'{files.uri}: {meta}: holds no label_names: {error}.') from error
    return number_labels(highest)


def _load(files: Files, name: str) -> Any:
    try:
        return _Unpickler(io.BytesIO(files.read(name)), encoding='bytes').load()
    except _BROKEN as error:
        raise DatasetError(f'{files.uri}: {name}: is not a CIFAR-10 batch: {error}.') from error
