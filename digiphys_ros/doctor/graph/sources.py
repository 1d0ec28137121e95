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


"""Check topics that must have only one publisher."""

from collections.abc import Iterable, Sequence
import re

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.doctor.graph.processes import process_of
from digiphys_ros.fixes import keep_one
from digiphys_ros.ros.gate.heartbeat import GUARD
from digiphys_ros.ros.qos import endpoint_name
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

# the first part is the name of a camera, if one classifier has several
INPUTS = r'([^/]+/)?(image(/compressed)?|classification|vision_info|desired/[^/]+)'
IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')


def own_publishers(publishers: Iterable[TopicEndpointInfo]) -> list[TopicEndpointInfo]:
    """Return publishers sorted by name; a guard with its gate counts once."""
    every = sorted(publishers, key=endpoint_name)
    names = {endpoint_name(one) for one in every}
    return [one for one in every if not (
        endpoint_name(one).endswith(GUARD)
        and endpoint_name(one).removesuffix(GUARD) in names)]


def check_inputs(node: Node, topics: Sequence[str], prefix: str) -> list[Finding]:
    """
    Report each input of the pipeline with more than one publisher.

    :param topics: topics in use.
    :param prefix: prefix of the robot's names: empty or ``/robot``.
    """
    pattern = re.compile(rf'{re.escape(prefix)}/{INPUTS}')
    return [finding for topic in topics
            if pattern.fullmatch(topic) or is_classified(node, topic, prefix)
            for finding in _input(node, topic, prefix)]


def is_classified(node: Node, topic: str, prefix: str) -> bool:
    """Return whether the classifier subscribes to images on the topic, which may be remapped."""
    return any(endpoint_name(one) == f'{prefix}/classifier' and one.topic_type in IMAGES
               for one in node.get_subscriptions_info_by_topic(topic))


def _input(node: Node, topic: str, prefix: str) -> list[Finding]:
    publishers = own_publishers(node.get_publishers_info_by_topic(topic))
    if len(publishers) < 2:
        return []
    names = ', '.join(map(endpoint_name, publishers))
    return [Finding(
        f'publishers on {topic}', 'fail', f'{len(publishers)} publishers: {names}; the robot '
        'follows both in turn', f'{keep_one_fix(node, topic, prefix)}; several cameras '
        'need `cameras` of the classifier')]


def keep_one_fix(node: Node, topic: str, prefix: str) -> str:
    """Return how to stop all publishers of a topic except one, by local process numbers."""
    return keep_one(topic, [
        (endpoint_name(one), process_of(node, one))
        for one in own_publishers(node.get_publishers_info_by_topic(topic))], f'{prefix}/camera')
