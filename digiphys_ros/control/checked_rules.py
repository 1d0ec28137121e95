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

"""The result of checking a rules file, kept for a process that replaces another."""

from hashlib import sha256
import mmap
import os
from pathlib import Path

KEPT_BYTES = 1 << 20
VERSION_BYTES = sha256().digest_size


def file_version(path: str | Path) -> bytes:
    """Return a value that changes whenever the file changes; empty if it cannot be read."""
    try:
        about = os.stat(path)
    except OSError:
        return b''
    return sha256(repr((os.path.abspath(path), about.st_dev, about.st_ino, about.st_size,
                        about.st_mtime_ns, about.st_ctime_ns)).encode()).digest()


class CheckedRules:
    """
    The result of the last check, in memory that processes may share.

    The check is half of a gate's start time. A gate that replaces another does not repeat it
    for the same file.

    :param memory: shared memory; None uses memory of this process.

    Example::

        version = file_version(path)
        if not (text := checked.recall(version)):
            checked.keep(version, text := check(path))
    """

    def __init__(self, memory: mmap.mmap | None = None) -> None:
        self._memory = memory or mmap.mmap(-1, KEPT_BYTES)

    def recall(self, version: bytes) -> bytes:
        """Return the result for this version of a file; empty if another version was checked."""
        if not version or self._memory[:VERSION_BYTES] != version:
            return b''
        return self._memory[VERSION_BYTES:].partition(b'\0')[0]

    def keep(self, version: bytes, text: bytes) -> None:
        """Keep a result, unless it is too long or its file has no version."""
        if not version or len(text) >= len(self._memory) - VERSION_BYTES:
            return
        # a process that is killed in the middle leaves no version
        self._memory[:VERSION_BYTES] = bytes(VERSION_BYTES)
        self._memory[VERSION_BYTES:VERSION_BYTES + len(text) + 1] = text + b'\0'
        self._memory[:VERSION_BYTES] = version
