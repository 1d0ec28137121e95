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

"""Free memory, and temporary files for data that does not fit."""

from collections.abc import Iterator
import os
from pathlib import Path
import resource
import tempfile
from typing import IO

from digiphys_ros.errors import DatasetError

DIVISOR = 4
"""Samples may use a quarter of the free memory; tensors and the network need the rest."""
UNKNOWN_BYTES = 4 << 30


def budget_bytes() -> int:
    """Return how many bytes of samples may be held in memory now."""
    return max(_free_bytes() // DIVISOR, 0)


def _free_bytes() -> int:
    """Return the free memory within the limits of machine, container and process."""
    status = _fields('/proc/self/status')
    left = [_fields('/proc/meminfo').get('MemAvailable', UNKNOWN_BYTES)]
    for limit, used in ((resource.RLIMIT_AS, 'VmSize'), (resource.RLIMIT_DATA, 'VmData')):
        soft = resource.getrlimit(limit)[0]
        if soft != resource.RLIM_INFINITY:
            left.append(soft - status.get(used, 0))
    for folder in _groups():
        for most, used in (('memory.max', 'memory.current'),
                           ('memory.limit_in_bytes', 'memory.usage_in_bytes')):
            try:
                left.append(int((folder / most).read_text()) - int((folder / used).read_text()))
            except (OSError, ValueError):
                continue
    return min(left)


def _groups() -> Iterator[Path]:
    """Yield the control-group folders of this process, version 1 and 2."""
    try:
        lines = Path('/proc/self/cgroup').read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(':', 2)
        if controllers in ('', 'memory'):
            top = Path('/sys/fs/cgroup', controllers)
            inner = top / path.lstrip('/')
            # in a container the path may be that of the host, and only the top folder exists
            yield from {top, inner, *(one for one in inner.parents if top in one.parents)}


def _fields(path: str) -> dict[str, int]:
    """Return the sizes in one of Linux's tables, in bytes."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return {}
    words = [line.replace(':', ' ').split() for line in lines]
    return {some[0]: int(some[1]) * 1024 for some in words if some[2:] == ['kB']}


class ScratchFile:
    """A temporary file that disappears with its last reference; reads are thread-safe."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        # the reader owns and closes it
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix='digiphys_')  # noqa: SIM115

    def append(self, data: bytes) -> int:
        """
        Append bytes; return their offset.

        :raises DatasetError: when the disk is full.
        """
        try:
            start = self._file.tell()
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise DatasetError(
                f'{self._uri}: cannot be unpacked in {tempfile.gettempdir()}: {error.strerror} '
                '(TMPDIR names another place).') from error
        return start

    def read(self, start: int, size: int) -> bytes:
        """Return ``size`` bytes from ``start`` on."""
        return os.pread(self._file.fileno(), size, start)
