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


"""Find publishers and subscriptions that do not match, so no messages arrive."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.errors import DigiphysError
from digiphys_ros.fixes import change_kind, match_qos, match_type
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.gate.heartbeat import GUARD
from digiphys_ros.ros.qos import endpoint_name
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    qos_check_compatible,
    QoSCompatibility,
    ReliabilityPolicy,
)
from rclpy.topic_endpoint_info import TopicEndpointInfo

HIDDEN = ('/rosout', '/parameter_events', '/clock')
KINDS = {'geometry_msgs/msg/Twist': 'twist', 'geometry_msgs/msg/TwistStamped': 'twist_stamped'}
"""Message types that differ only in the header, with the `kind` of an actuator."""

REFUSED = {'reliability': (ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE),
           'durability': (DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL)}
"""Policy -> offered and requested values that are incompatible."""


@dataclass(frozen=True)
class Commands:
    """
    The commands that a gate sends on a topic.

    :ivar gate: name of the gate.
    :ivar rules: name of its rules file, which has the kind of the actuator.
    """

    gate: str
    actuator: str
    rules: str


def check_pairs(node: Node, topic: str, commands: Commands | None = None) -> list[Finding]:
    """
    Report each publisher and subscription of a topic that do not match.

    :param commands: commands of a gate on the topic, None without any.
    """
    listeners: dict[str, list[TopicEndpointInfo]] = {}
    for subscriber in subscribers_of(node, topic):
        listeners.setdefault(endpoint_name(subscriber), []).append(subscriber)
    findings = []
    for publisher in publishers_of(node, topic):
        for subscribers in listeners.values():
            each = [_pair(topic, publisher, subscriber, commands) for subscriber in subscribers]
            # a gate has one subscription for each QoS that e-stop buttons may offer
            findings += [] if [] in each else each[0]
    return findings


def topics_in_use(node: Node) -> list[str]:
    """Return the topics that other nodes use."""
    return sorted(name for name, _ in node.get_topic_names_and_types() if name not in HIDDEN
                  and publishers_of(node, name) + subscribers_of(node, name))


def publishers_of(node: Node, topic: str) -> list[TopicEndpointInfo]:
    """Return the publishers of other nodes."""
    return _others(node, node.get_publishers_info_by_topic(topic))


def subscribers_of(node: Node, topic: str) -> list[TopicEndpointInfo]:
    """Return the subscriptions of other nodes."""
    return _others(node, node.get_subscriptions_info_by_topic(topic))


def _others(node: Node, endpoints: Sequence[TopicEndpointInfo]) -> list[TopicEndpointInfo]:
    own = node.get_fully_qualified_name()
    return [one for one in endpoints if endpoint_name(one) != own]


def _pair(topic: str, publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo,
          commands: Commands | None) -> list[Finding]:
    names = f'{endpoint_name(publisher)} -> {endpoint_name(subscriber)}'
    if publisher.topic_type != subscriber.topic_type:
        return [Finding(f'type of {topic}', 'fail', f'{names}: {publisher.topic_type} is sent, '
                        f'{subscriber.topic_type} is expected: no messages arrive',
                        _type_fix(topic, publisher, subscriber, commands))]
    compatible, reason = qos_check_compatible(publisher.qos_profile, subscriber.qos_profile)
    if compatible == QoSCompatibility.ERROR:
        return [Finding(f'QoS of {topic}', 'fail', f'{names}: no messages arrive, '
                        f'{reason.strip()}', _qos_fix(topic, publisher, subscriber))]
    return []


def _type_fix(topic: str, publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo,
              commands: Commands | None) -> str:
    name = endpoint_name(publisher)
    sent, wanted = KINDS.get(publisher.topic_type), KINDS.get(subscriber.topic_type)
    if commands and name.removesuffix(GUARD) == commands.gate and sent and wanted:
        # the rules file of the gate may be on another machine
        with suppress(DigiphysError):
            return change_kind(str(find_resource(commands.rules, 'config')), commands.actuator,
                               sent, wanted)
    return match_type(topic, name, subscriber.topic_type)


def _qos_fix(topic: str, publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo) -> str:
    names = endpoint_name(publisher), endpoint_name(subscriber)
    for policy, (offered, wanted) in REFUSED.items():
        if (getattr(publisher.qos_profile, policy), getattr(subscriber.qos_profile, policy)) \
                == (offered, wanted):
            return match_qos(topic, *names, policy, offered.name, wanted.name)
    return match_qos(topic, *names)
