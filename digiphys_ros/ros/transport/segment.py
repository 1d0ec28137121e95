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

"""The shared-memory segment of a Fast DDS profile, and whether this machine has room for it."""

import atexit
from functools import cache
import os
from pathlib import Path
import re
import shutil
import tempfile
from xml.etree import ElementTree

from digiphys_ros.errors import ConfigError
from digiphys_ros.files import CONFIG_BYTES, read_bytes, reason_of

FOLDER = Path('/dev/shm')
SEGMENT = 'segment_size'

PROCESSES = 4
"""Number of image-sending processes to leave room for: each takes a segment at its start."""

LEAST_BYTES = 4 << 20
"""A smaller segment fits too few images of 640x480; then none is used."""


def read_profile(path: Path) -> ElementTree.Element:
    """
    Return the root of a Fast DDS profile.

    :raises ConfigError: when it cannot be read: Fast DDS would continue without it.
    """
    try:
        text = read_bytes(path, CONFIG_BYTES)
        root = ElementTree.fromstring(text)
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise ConfigError(f'{path}: cannot be read as a Fast DDS profile: {reason_of(error)}.'
                          ) from error
    if not re.search(rb'<(dds|profiles)[\s/>]', text):
        raise ConfigError(f'{path}: cannot be read as a Fast DDS profile: Fast DDS looks for the '
                          f'element <dds> without a prefix, received <{_written_name(text)}>.')
    return root


def room_bytes(folder: Path = FOLDER, *, whole: bool = False) -> int:
    """
    Return the free room for shared memory, 0 if this user may not write there.

    :param whole: return the total room instead.
    """
    try:
        about = os.statvfs(folder)
    except OSError:
        return 0
    blocks = about.f_blocks if whole else about.f_bavail
    return blocks * about.f_frsize if os.access(folder, os.W_OK | os.X_OK) else 0


def describe_room(room: int) -> str:
    """
    Return the result of ``room_bytes`` in words.

    >>> describe_room(64_000_000)
    '/dev/shm has room for 64 MB'
    """
    return f'/dev/shm has room for {room / 1e6:.0f} MB' if room else \
        '/dev/shm cannot be written by this user'


def segment_bytes(profile: Path) -> int:
    """Return the largest shared-memory segment in a Fast DDS profile, 0 without one."""
    return largest_bytes(profile, SEGMENT)


def largest_bytes(profile: Path, setting: str) -> int:
    """Return the largest value of a setting in a Fast DDS profile, 0 without one."""
    return max((int(one.text or 0) for one in _settings(read_profile(profile), setting)),
               default=0)


def fitting_bytes(wanted: int, room: int) -> int:
    """
    Return the segment to use, in bytes; 0 to use none.

    >>> fitting_bytes(64 << 20, 1 << 30) == 64 << 20
    True
    >>> fitting_bytes(64 << 20, 64 << 20) == 16 << 20
    True
    >>> fitting_bytes(64 << 20, 10 << 20)
    0
    """
    size = min(wanted, room // PROCESSES)
    return size if size >= LEAST_BYTES else 0


@cache
def with_segment(profile: Path, size: int) -> Path:
    """
    Return a copy of a profile with a segment of this size, removed with this process.

    The rest of the text stays unchanged: ElementTree would write a prefix before each name, which
    Fast DDS does not accept.
    """
    text = re.sub(r'(<segment_size>)\s*\d+\s*(?=</segment_size>)', rf'\g<1>{size}',
                  profile.read_text(encoding='utf-8'))
    folder = tempfile.mkdtemp(prefix='digiphys_ros_dds_')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # nodes of another user may read it too
    os.chmod(folder, 0o755)
    path = Path(folder) / profile.name
    path.write_text(text, encoding='utf-8')
    return path


def _written_name(text: bytes) -> str:
    """Return the name of the first element, with its prefix."""
    found = re.search(rb'<([^\s?!/>]+)', text)
    return found[1].decode(errors='replace') if found else ''


def _settings(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.tag.rsplit('}', 1)[-1] == name]
