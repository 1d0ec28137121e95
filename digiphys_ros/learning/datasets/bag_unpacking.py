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

"""
Limit what the chunks and messages of a ROS 2 bag unpack to.

rosbags unpacks each whole, whatever it holds: 100 kB in a bag took 6 GB of memory.
"""

from types import SimpleNamespace
from typing import Any

from digiphys_ros.archives import EXPANDED_BYTES
from digiphys_ros.files import DATA_BYTES, megabytes

LARGEST_FILE = 16 * EXPANDED_BYTES
"""Of a bag that is packed as a whole."""


def limit_unpacking() -> None:
    """Let rosbags refuse what unpacks to more; the second call changes nothing."""
    from rosbags.rosbag2 import reader, storage_mcap
    packed = getattr(reader, 'zstd', None)
    if packed is None or isinstance(packed, SimpleNamespace):
        return
    reader.zstd = SimpleNamespace(  # type: ignore[assignment]
        decompress=lambda data: _unzstd(packed, data), open=_LimitedFile.opener(packed))
    storage_mcap.DECOMPRESSORS |= {
        'lz4': lambda data, _: _unlz4(data), 'zstd': lambda data, _: _unzstd(packed, data)}


def _unzstd(zstd: Any, data: bytes) -> bytes:
    content = b''
    while data:
        # each frame has a decompressor of its own
        frame = zstd.ZstdDecompressor()
        content += frame.decompress(data, DATA_BYTES + 1 - len(content))
        _check(len(content), DATA_BYTES)
        if not frame.eof:
            raise EOFError('a packed chunk or message ends too early')
        data = frame.unused_data
    return content


def _unlz4(data: bytes) -> bytes:
    from lz4.frame import LZ4FrameDecompressor
    frame = LZ4FrameDecompressor()
    content: bytes = frame.decompress(data, max_length=DATA_BYTES + 1)
    _check(len(content), DATA_BYTES)
    if not frame.eof:
        raise EOFError('a packed chunk ends too early')
    return content


class _LimitedFile:
    """A packed file that is read from its beginning; it is unpacked to the disk."""

    def __init__(self, file: Any) -> None:
        self._file, self._size = file, 0

    @classmethod
    def opener(cls, zstd: Any) -> Any:
        """Return what opens such files."""
        return lambda file, mode: cls(zstd.open(file, mode))

    def __enter__(self) -> '_LimitedFile':
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data: bytes = self._file.read(size)
        self._size += len(data)
        _check(self._size, LARGEST_FILE)
        return data


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise ValueError(f'it unpacks to more than {megabytes(limit)}')
