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

"""Find the process of an endpoint from the identifier that Fast DDS gives it."""

from collections.abc import Iterator
import os
from pathlib import Path
import pwd
import re

from digiphys_ros.ros.transport.distro import FASTDDS_2, FASTDDS_3

FAST_DDS = b'\x01\x0f'
"""Prefix of the identifiers of Fast DDS; numbers of machine and process follow."""

PROC = Path('/proc')
CHOICES = (FASTDDS_3, FASTDDS_2, 'FASTDDS_BUILTIN_TRANSPORTS')
"""Variables that replace the default transports of Fast DDS."""
FILES = ('DEFAULT_FASTDDS_PROFILES.xml', 'DEFAULT_FASTRTPS_PROFILES.xml')
"""Profiles that Fast DDS reads from the working folder."""


def foreign_process(gid: bytes, own_gid: bytes, proc: Path = PROC) -> str:
    """
    Name the process behind an endpoint of another user or container on this machine.

    Fast DDS uses shared memory for it, which does not work across users or containers.

    :param gid: gid of the endpoint.
    :param own_gid: gid of any endpoint of this process.
    :return: empty for this user's own processes, other machines and other middleware.
    """
    if not _is_near(gid, own_gid):
        return ''
    owners = _owners(gid, proc)
    if os.geteuid() in owners.values():
        return ''
    for number, user in owners.items():
        return f'process {number} of user {_user_name(user)}'
    return 'a process of another container or user'


def process_number(gid: bytes, own_gid: bytes, proc: Path = PROC) -> int | None:
    """Return the id of this user's process behind an endpoint, None if it is not certain."""
    if not _is_near(gid, own_gid):
        return None
    own = [number for number, user in _owners(gid, proc).items() if user == os.geteuid()]
    return own[0] if len(own) == 1 else None


def _owners(gid: bytes, proc: Path) -> dict[int, int]:
    """Return the user of each process of this machine that may have an endpoint."""
    return {int(one.name): one.stat().st_uid for one in _processes(gid, proc)}


def without_profile(gid: bytes, own_gid: bytes, proc: Path = PROC
                    ) -> tuple[int, list[str]] | None:
    """
    Return number and command line of a process that runs Fast DDS with its default transports.

    :param gid: gid of an endpoint.
    :param own_gid: gid of any endpoint of this process.
    :return: None for a process with a profile, of another machine, or without access.
    """
    if not _is_near(gid, own_gid):
        return None
    for process in _processes(gid, proc):
        try:
            # a process of another container may have the same id
            if not re.search('libfast(dds|rtps)', (process / 'maps').read_text(errors='replace')):
                continue
            variables = _words(process / 'environ')
            chosen = [name for name in variables if name.partition('=')[0] in CHOICES]
            if chosen or any((process / 'cwd' / name).exists() for name in FILES):
                return None
            return int(process.name), _words(process / 'cmdline')
        except OSError:
            # it ended, or belongs to another user
            continue
    return None


def _is_near(gid: bytes, own_gid: bytes) -> bool:
    """Return whether Fast DDS made both identifiers on this machine."""
    return gid[:2] == FAST_DDS and gid[:4] == own_gid[:4]


def _processes(gid: bytes, proc: Path) -> Iterator[Path]:
    """Yield the processes that an identifier may mean: it has the lower half of the id."""
    for one in proc.iterdir():
        if one.name.isdecimal() and int(one.name) & 0xFFFF == int.from_bytes(gid[4:6], 'little'):
            yield one


def _words(path: Path) -> list[str]:
    return [word for word in path.read_text(errors='replace').split('\0') if word]


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
