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

"""Which process is behind an endpoint, by the identifier that Fast DDS gives it."""

import os
from pathlib import Path
import pwd

FAST_DDS = b'\x01\x0f'
"""How the identifiers of Fast DDS begin; a number of the machine and one of the process follow."""

PROC = Path('/proc')


def foreign_process(gid: bytes, own_gid: bytes, proc: Path = PROC) -> str:
    """
    Name the process of another user or container on this machine behind an endpoint.

    Fast DDS offers it shared memory, which reaches neither.

    :param gid: of the endpoint.
    :param own_gid: of any endpoint of this process.
    :return: empty for this user's own processes, other machines and other middleware.
    """
    owners = _owners(gid, own_gid, proc)
    if owners is None or os.geteuid() in owners.values():
        return ''
    for number, user in owners.items():
        return f'process {number} of user {_user_name(user)}'
    return 'a process of another container or user'


def process_number(gid: bytes, own_gid: bytes, proc: Path = PROC) -> int | None:
    """Return the number of this user's process behind an endpoint, None where it is not sure."""
    own = [number for number, user in (_owners(gid, own_gid, proc) or {}).items()
           if user == os.geteuid()]
    return own[0] if len(own) == 1 else None


def _owners(gid: bytes, own_gid: bytes, proc: Path) -> dict[int, int] | None:
    """Return the user of each process that may have an endpoint; None for another machine."""
    if gid[:2] != FAST_DDS or gid[:4] != own_gid[:4]:
        return None
    # the identifier has the lower half of the process number
    return {int(one.name): one.stat().st_uid for one in proc.iterdir() if one.name.isdecimal()
            and int(one.name) & 0xFFFF == int.from_bytes(gid[4:6], 'little')}


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
