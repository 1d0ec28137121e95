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

"""Find the publishers of images, and explain why a node gets no images."""

from collections.abc import Sequence

from digiphys_ros.ros.qos import endpoint_name
from digiphys_ros.ros.transport.endpoint_process import foreign_process
from digiphys_ros.ros.viewer_topics import DEBUG_IMAGE, SUFFIX
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
SHOWN = 6
"""Most image topics in a sentence."""
FOREIGN_FIX = 'digiphys run --without camera --transport local_udp  # launch file: ' \
    'camera:=false transport:=local_udp; or run both as one user, containers with --ipc=host'


def explain_silence(node: Node, topic: str, name: str, *, compressed: bool, heard: bool = False
                    ) -> tuple[str, str]:
    """
    Return why no images arrive on a topic, and the fix.

    :param topic: its full name.
    :param name: its name before remapping, for a remap rule.
    :param compressed: whether the node waits for CompressedImage.
    :param heard: whether images have arrived there before.
    """
    wanted = COMPRESSED if compressed else RAW
    senders = node.get_publishers_info_by_topic(topic)
    names = _names(senders)
    if wanted in {one.topic_type for one in senders}:
        if not heard and (foreign := _foreign(node, topic, senders)):
            return f'{foreign} publishes there and is not heard: shared memory does not reach ' \
                'from one user or container to another', FOREIGN_FIX
        return f'{names} publishes there and sends nothing', \
            f'{"; ".join(f"ros2 node info {one}" for one in names.split(" and "))}  # look at ' \
            'its output: the camera may be unplugged, busy or not active'
    if senders:
        return f'{names} publishes {senders[0].topic_type} there, {wanted} is needed', \
            f'ros2 topic info --verbose {topic}  # make {names} publish {wanted}, or remap it'
    found = image_topics(node)
    if not found:
        return 'nobody publishes images', \
            'digiphys run --set camera.source=/dev/video0  # or start the driver of the camera; ' \
            f'it must publish {wanted} on {topic}'
    return _on_other_topics(found, topic, name, wanted)


def _foreign(node: Node, topic: str, senders: Sequence[TopicEndpointInfo]) -> str:
    """Return the process of a publisher whose shared memory is not accessible, else ''."""
    own = [bytes(one.endpoint_gid) for one in node.get_subscriptions_info_by_topic(topic)
           if endpoint_name(one) == node.get_fully_qualified_name()]
    found = [foreign_process(bytes(one.endpoint_gid), gid) for one in senders for gid in own[:1]]
    return ' and '.join(found) if all(found) else ''


def image_topics(node: Node) -> dict[str, TopicEndpointInfo]:
    """Return one publisher per topic on which other nodes publish images."""
    own = node.get_fully_qualified_name()
    return {topic: others[0]
            for topic, types in sorted(node.get_topic_names_and_types())
            if {RAW, COMPRESSED} & set(types)
            and not topic.removesuffix(SUFFIX).endswith(f'/{DEBUG_IMAGE}')
            and (others := [one for one in node.get_publishers_info_by_topic(topic)
                            if endpoint_name(one) != own])}


def _on_other_topics(found: dict[str, TopicEndpointInfo], topic: str, name: str, wanted: str
                     ) -> tuple[str, str]:
    shown = ', '.join(f'{other} ({one.topic_type.rsplit("/", 1)[-1]} of {endpoint_name(one)})'
                      for other, one in list(found.items())[:SHOWN])
    more = f' and {len(found) - SHOWN} more' if len(found) > SHOWN else ''
    best = min(found, key=lambda other: (
        found[other].topic_type != wanted,
        other.removesuffix(SUFFIX) != topic.removesuffix(SUFFIX)))
    return (f'nobody publishes there; images are on {shown}{more}',
            _fix(best, found[best].topic_type, topic, name, wanted))


def _fix(best: str, sent: str, topic: str, name: str, wanted: str) -> str:
    """Return the options that subscribe the node to the topic ``best``."""
    if sent == wanted:
        return (f'digiphys run --without camera --remap {name}:={best}  # launch file: '
                f'camera:=false image:={best.removesuffix(SUFFIX)}')
    transport = 'compressed' if sent == COMPRESSED else 'raw'
    base = name.removesuffix(SUFFIX)
    heard_name = base + SUFFIX if sent == COMPRESSED else base
    heard = topic.removesuffix(SUFFIX) + (SUFFIX if sent == COMPRESSED else '')
    remap = '' if best == heard else f' --remap {heard_name}:={best}'
    return ('digiphys run --without camera --set '
            f'classifier.image_transport={transport}{remap}  # or `image_transport: '
            f'{transport}` of the classifier in the parameters file')


def _names(senders: Sequence[TopicEndpointInfo]) -> str:
    return ' and '.join(sorted({endpoint_name(one) for one in senders}))
