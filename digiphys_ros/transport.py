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

from collections.abc import Mapping
from pathlib import Path

from digiphys_ros.distro import ros_distro
from digiphys_ros.resources import find_resource

PROFILES = ('local', 'robot')
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
    environment[FASTDDS_2 if distro in ('humble', 'jazzy') else FASTDDS_3] = str(file)
    if profile == 'local':
        environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        if distro == 'humble':
            # later distros warn about it
            environment['ROS_LOCALHOST_ONLY'] = '1'
    return environment
