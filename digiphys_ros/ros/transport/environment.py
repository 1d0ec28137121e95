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

"""Environment for the transport of large images, and for runs on this machine only."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
import fcntl
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
import shutil
import socket
import struct
import tempfile
from xml.etree import ElementTree

from digiphys_ros.resources import find_resource, share_dir
from digiphys_ros.ros.transport.distro import profile_variable, ros_distro
from digiphys_ros.ros.transport.domain import free_domain
from digiphys_ros.ros.transport.segment import (
    describe_room,
    fitting_bytes,
    read_profile,
    room_bytes,
    segment_bytes,
    with_segment,
)

PROFILES = ('local', 'robot', 'local_udp', 'robot_udp')
WITHOUT_MEMORY = {'local': 'local_udp', 'robot': 'robot_udp'}
"""Profile with shared memory -> the same without it."""

SIOCGIFADDR = 0x8915


def transport_environment(profile: str, base: Mapping[str, str], *,
                          images: bool = True) -> dict[str, str]:
    """
    Return ``base`` with a Fast DDS profile set.

    Shared memory does not work across users or containers, although DDS tries it. A process that
    sends no images therefore uses none: it receives the e-stop and the commands of all users. For
    a process that sends images, the segment is limited to the room in /dev/shm.

    :param profile: local (this machine only), robot (all its interfaces), local_udp and robot_udp
        (the same without shared memory), none, or an XML file.
    :param images: False for a process that sends none.
    :raises ConfigError: when the profile does not exist.
    """
    environment = dict(base)
    if profile == 'none':
        return environment
    wanted, segment = _segments(profile) if images else (0, 0)
    shipped = profile if segment else WITHOUT_MEMORY.get(profile, profile)
    file: Path = find_resource(f'{shipped}.xml' if shipped in PROFILES else shipped, 'config/dds')
    read_profile(file)
    if segment < wanted and segment:
        file = with_segment(file, segment)
    environment[profile_variable(base)] = str(file)
    if profile in ('local', 'local_udp'):
        # LOCALHOST would add a shared-memory transport to those of the profile, which are bound
        # to 127.0.0.1 anyway
        keeps_memory = shipped in WITHOUT_MEMORY
        environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST' if keeps_memory else 'SUBNET'
        if ros_distro(base) == 'humble':
            # later distros warn about it
            environment['ROS_LOCALHOST_ONLY'] = '1' if keeps_memory else '0'
    return environment


def listening_environment(base: Mapping[str, str]) -> dict[str, str]:
    """
    Return ``base`` without shared memory, to receive from all users and containers.

    A custom profile and another middleware stay unchanged.
    """
    chosen = Path(base.get(profile_variable(base), '')).stem
    if 'fastrtps' not in base.get('RMW_IMPLEMENTATION', 'fastrtps') or chosen not in (
            '', *WITHOUT_MEMORY):
        return dict(base)
    is_local = chosen == 'local' if chosen else _stays_local(base)
    return transport_environment('local_udp' if is_local else 'robot_udp', base)


def _segments(profile: str) -> tuple[int, int]:
    """Return the wanted and the available shared-memory segment of a shipped profile [bytes]."""
    if profile not in WITHOUT_MEMORY:
        return 0, 0
    wanted = segment_bytes(find_resource(f'{profile}.xml', 'config/dds'))
    return wanted, fitting_bytes(wanted, room_bytes())


def memory_note(profile: str) -> str:
    """Return one sentence if /dev/shm has too little room for a profile, else ''."""
    wanted, size = _segments(profile)
    if size == wanted:
        return ''
    instead = f'image nodes get {size / 1e6:.0f} MB each; larger images may be lost' if size else \
        f'images go by UDP (transport {WITHOUT_MEMORY[profile]}), large ones may be lost'
    return (f'transport {profile}: {describe_room(room_bytes())}: {instead}. For more: '
            '`docker run --shm-size=512m` or `--ipc=host`, or `digiphys doctor --fix` '
            'to remove files of killed processes.')


def private_environment(base: Mapping[str, str]) -> dict[str, str]:
    """
    Return ``base`` with its own ROS domain and ``ROS_HOME``, until this process ends.

    An e-stop that another run left pressed is stored in the home of that run.
    """
    home = tempfile.mkdtemp(prefix='digiphys_ros_')
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    kept = ExitStack()
    domain = kept.enter_context(free_domain(but=base.get('ROS_DOMAIN_ID', '')))
    atexit.register(kept.close)
    return {**base, 'ROS_DOMAIN_ID': str(domain), 'ROS_HOME': home}


def profile_setting(environment: Mapping[str, str]) -> str:
    """Return ``VARIABLE=FILE`` for a shell, which selects the profile for this machine."""
    file = share_dir() / 'config' / 'dds' / 'local.xml'
    return f'{profile_variable(environment)}={quote(str(file))}'


def network_exposure(profile: str, base: Mapping[str, str]) -> str:
    """
    Return one sentence about the hosts that can reach the nodes, empty for this machine only.

    :param profile: as in ``transport_environment``.
    :raises ConfigError: when the profile cannot be read.
    """
    environment = transport_environment(profile, base)
    file = environment.get(profile_variable(base), '')
    allowed = _whitelist(Path(file)) if file else None
    if allowed is None and not file and _stays_local(environment):
        return ''
    open_to = [f'{name} {address}' for name, address in interfaces()
               if not ip_address(address).is_loopback
               and (allowed is None or allowed & {name, address})]
    if allowed is not None and not open_to:
        return ''
    who = 'only holders of a key of its SROS2 enclave' \
        if environment.get('ROS_SECURITY_ENABLE') == 'true' \
        and environment.get('ROS_SECURITY_STRATEGY') == 'Enforce' \
        else 'everybody on these networks'
    where = ', '.join(open_to) or 'every interface'
    return (f'transport {profile}: listens on {where}; {who} can '
            'read the images and command the robot. To limit it: transport local (this machine '
            'only), an XML profile with an interfaceWhiteList, or SROS2.')


def _stays_local(environment: Mapping[str, str]) -> bool:
    return environment.get('ROS_LOCALHOST_ONLY') == '1' or environment.get(
        'ROS_AUTOMATIC_DISCOVERY_RANGE') in ('LOCALHOST', 'OFF')


def interfaces() -> Iterator[tuple[str, str]]:
    """Yield name and address of the machine's network interfaces with an IPv4 address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack('256s', name.encode()[:15]))
            except OSError:
                # it has no address
                continue
            yield name, socket.inet_ntoa(answer[20:24])


def _whitelist(profile: Path) -> set[str] | None:
    """Return the addresses and interfaces that a profile allows, None if it allows all."""
    allowed: set[str] = set()
    root = read_profile(profile)
    if not any(_name(one) == 'useBuiltinTransports' and str(one.text).strip() in ('false', '0')
               for one in root.iter()):
        # the built-in transports always listen everywhere
        return None
    for transport in root.iter():
        if _name(transport) != 'transport_descriptor' or any(
                _name(one) == 'type' and one.text == 'SHM' for one in transport):
            continue
        names = {str(one.text).strip() for one in transport.iter()
                 if _name(one) in ('address', 'interface')}
        if not names:
            return None
        allowed |= names
    return allowed or None


def _name(element: ElementTree.Element) -> str:
    return element.tag.rsplit('}', 1)[-1]
