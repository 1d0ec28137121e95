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

"""The environment that lets large images through the transport, and keeps local runs local."""

import atexit
from collections.abc import Iterator, Mapping
import fcntl
from ipaddress import ip_address
import os
from pathlib import Path
import shutil
import socket
import struct
import tempfile
from xml.etree import ElementTree

from digiphys_ros.distro import ros_distro
from digiphys_ros.errors import ConfigError
from digiphys_ros.files import CONFIG_BYTES, read_bytes, reason_of
from digiphys_ros.resources import find_resource

PROFILES = ('local', 'robot')
SIOCGIFADDR = 0x8915
FASTDDS_3, FASTDDS_2 = 'FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'


def transport_environment(profile: str, base: Mapping[str, str], *,
                          images: bool = True) -> dict[str, str]:
    """
    Return ``base`` with a Fast DDS profile set.

    :param profile: local (this machine only), robot (all its interfaces), none, or an XML file.
    :param images: False for a process that sends none and so needs no large memory segment.
    :raises ConfigError: when there is no such profile.
    """
    environment = dict(base)
    if profile == 'none':
        return environment
    shipped = f'{profile}.xml' if images else f'{profile}_commands.xml'
    file: Path = find_resource(shipped if profile in PROFILES else profile, 'config/dds')
    distro = ros_distro(base)
    read_profile(file)
    environment[profile_variable(base)] = str(file)
    if profile == 'local':
        environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        if distro == 'humble':
            # later distros warn about it
            environment['ROS_LOCALHOST_ONLY'] = '1'
    return environment


def private_environment(base: Mapping[str, str]) -> dict[str, str]:
    """
    Return ``base`` with a ROS domain and a ``ROS_HOME`` of its own, removed with this process.

    An e-stop that another run left pressed is remembered in that one's home.
    """
    home = tempfile.mkdtemp(prefix='digiphys_ros_')
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return {**base, 'ROS_DOMAIN_ID': str(1 + os.getpid() % 100), 'ROS_HOME': home}


def profile_variable(environment: Mapping[str, str]) -> str:
    """Return the environment variable that this distro's Fast DDS reads its profile from."""
    return FASTDDS_2 if ros_distro(environment) in ('humble', 'jazzy') else FASTDDS_3


def read_profile(path: Path) -> ElementTree.Element:
    """
    Return the root of a Fast DDS profile.

    :raises ConfigError: when it cannot be read: Fast DDS would go on without it.
    """
    try:
        return ElementTree.fromstring(read_bytes(path, CONFIG_BYTES))
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise ConfigError(f'{path}: cannot be read as a Fast DDS profile: {reason_of(error)}.'
                          ) from error


def network_exposure(profile: str, base: Mapping[str, str]) -> str:
    """
    Return one sentence on who can reach the nodes, empty where only this machine can.

    :param profile: as in ``transport_environment``.
    :raises ConfigError: when the profile cannot be read.
    """
    environment = transport_environment(profile, base)
    file = environment.get(profile_variable(base), '')
    allowed = _whitelist(Path(file)) if file else None
    if allowed is None and not file and (
            environment.get('ROS_LOCALHOST_ONLY') == '1' or environment.get(
                'ROS_AUTOMATIC_DISCOVERY_RANGE') in ('LOCALHOST', 'OFF')):
        return ''
    open_to = [f'{name} {address}' for name, address in interfaces()
               if not ip_address(address).is_loopback
               and (allowed is None or allowed & {name, address})]
    if allowed is not None and not open_to:
        return ''
    who = 'only who has a key of its SROS2 enclave' \
        if environment.get('ROS_SECURITY_ENABLE') == 'true' \
        and environment.get('ROS_SECURITY_STRATEGY') == 'Enforce' \
        else 'everybody on these networks'
    where = ', '.join(open_to) or 'every interface'
    return (f'transport {profile}: listens on {where}; {who} can '
            'read the images and command the robot. To limit it: transport local (this machine '
            'only), an XML profile with an interfaceWhiteList, or SROS2.')


def interfaces() -> Iterator[tuple[str, str]]:
    """Yield name and IPv4 address of the machine's network interfaces that have one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack('256s', name.encode()[:15]))
            except OSError:
                # it has no address
                continue
            yield name, socket.inet_ntoa(answer[20:24])


def _whitelist(profile: Path) -> set[str] | None:
    """Return the addresses and interfaces that a profile allows, None where it allows all."""
    allowed: set[str] = set()
    root = read_profile(profile)
    if not any(_name(one) == 'useBuiltinTransports' and str(one.text).strip() in ('false', '0')
               for one in root.iter()):
        # the built-in transports listen everywhere, whatever else there is
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
