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

"""Find camera drivers without a transport profile, whose images are mostly lost."""

from collections.abc import Sequence
import os
import shlex

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.doctor.graph.processes import own_gid
from digiphys_ros.doctor.graph.sources import is_classified
from digiphys_ros.ros.image_topics import RAW
from digiphys_ros.ros.qos import endpoint_name
from digiphys_ros.ros.transport.endpoint_process import without_profile
from digiphys_ros.ros.transport.environment import profile_setting
from rclpy.node import Node

LONGEST = 300
"""Maximum length of a command line that the fix repeats."""


def check_drivers(node: Node, topics: Sequence[str], prefix: str) -> list[Finding]:
    """
    Report each local process that sends images to the classifier without a profile.

    :param topics: topics in use.
    :param prefix: prefix of the robot's names: empty or ``/robot``.
    """
    own = own_gid(node)
    found: dict[int, Finding] = {}
    for topic in topics:
        if not own or not is_classified(node, topic, prefix):
            continue
        for one in node.get_publishers_info_by_topic(topic):
            # JPEGs fit into the default segment of Fast DDS
            process = without_profile(bytes(one.endpoint_gid), own) \
                if one.topic_type == RAW else None
            if process is not None:
                found[process[0]] = _finding(endpoint_name(one), topic, *process)
    return list(found.values())


def _finding(name: str, topic: str, number: int, words: list[str]) -> Finding:
    command = shlex.join(words)
    if len(command) > LONGEST:
        command = f'{shlex.quote(words[0])} ...'
    return Finding(
        f'driver {name}', 'warn', f'process {number}, which publishes {topic}, was started '
        'without a transport profile: its shared memory is smaller than an image, and most images '
        'may be lost', f'env {profile_setting(os.environ)} {command}  # starts it with a profile')
