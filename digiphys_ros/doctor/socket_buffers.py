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

"""Check that UDP sockets get the buffers that images from another machine need."""

from collections.abc import Mapping
from pathlib import Path
import socket

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.transport.distro import profile_variable
from digiphys_ros.ros.transport.segment import largest_bytes

WANTED_RMEM_BYTES = 4 * 1024 * 1024
"""Buffer size in the shipped profiles, and the minimum of ``net.core.rmem_max``."""

BUFFERS = (('receiveBufferSize', socket.SO_RCVBUF, 'net.core.rmem_max'),
           ('sendBufferSize', socket.SO_SNDBUF, 'net.core.wmem_max'))
"""Element of a profile, socket option, and its kernel limit."""


def check_socket_buffers(environment: Mapping[str, str]) -> Finding:
    """Compare the buffers of the active profile with those that the kernel grants."""
    name = environment.get(profile_variable(environment), '')
    wanted = dict.fromkeys((one for one, _, _ in BUFFERS), WANTED_RMEM_BYTES)
    if name:
        try:
            wanted = {element: largest_bytes(Path(name), element) for element in wanted}
        except (ConfigError, ValueError) as error:
            # the transport check has the fix
            return Finding('socket buffers', 'skip', f'{name} cannot be read: {error}')
    unset = [f'<{element}>{WANTED_RMEM_BYTES}</{element}>'
             for element, size in wanted.items() if not size]
    if unset:
        return Finding('socket buffers', 'warn', f'{name} sets no socket buffers, so the '
                       'kernel defaults apply: images from another machine may be lost',
                       f'digiphys doctor  # after adding {" ".join(unset)} to its UDPv4 transport')
    lacking = [(limit, wanted[element], size) for element, option, limit in BUFFERS
               if (size := granted_bytes(option, wanted[element])) < wanted[element]]
    if lacking:
        found = ', '.join(f'{size} of {asked} bytes ({limit})' for limit, asked, size in lacking)
        settings = ' '.join(f'{limit}={asked}' for limit, asked, _ in lacking)
        return Finding('socket buffers', 'warn', f'a UDP socket gets {found}: images from another '
                       'machine may be lost', f'sudo sysctl -w {settings}')
    return Finding('socket buffers', 'ok', 'UDP sockets get the '
                   f'{max(wanted.values())} bytes that images from another machine need')


def granted_bytes(option: int, wanted: int) -> int:
    """Request a buffer of a UDP socket; return the size that the kernel grants [bytes]."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, option, wanted)
        # Linux limits the value, then doubles it for its own bookkeeping
        return asking.getsockopt(socket.SOL_SOCKET, option) // 2
