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


"""Check the e-stop of a running robot: its publishers, and the requirement of its gate."""

from dataclasses import dataclass
import time
from typing import Any

from digiphys_ros.doctor.finding import Finding
from digiphys_ros.doctor.graph.parameters import ANSWER_S, read_parameters
from digiphys_ros.doctor.graph.processes import revive_node
from digiphys_ros.fixes import find_estop, hear_estop, match_type
from digiphys_ros.ros.gate.estop_listener import GID_BYTES, LISTENER, take_message, TYPE
from digiphys_ros.ros.gate.heartbeat import GUARD
from digiphys_ros.ros.qos import endpoint_name, suited_to
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo
from std_msgs.msg import Bool

PAUSE_S = 0.005


@dataclass(frozen=True)
class Requirement:
    """E-stop requirement of a gate: a message every ``timeout_s`` if it is required."""

    required: bool = False
    timeout_s: float = 0.0


def check_estop(node: Node, prefix: str, seconds: float) -> list[Finding]:
    """
    Report an e-stop that is missing, silent or of another type.

    :param prefix: prefix of the robot's names: empty or ``/robot``.
    :param seconds: minimum time to listen, if the gate requires an e-stop.
    """
    gate = f'{prefix}/gate'
    topic = _topic(node, gate) or f'{prefix}/estop'
    publishers = node.get_publishers_info_by_topic(topic)
    findings = [_wrong_type(topic, one) for one in publishers if one.topic_type != TYPE]
    publishers = [one for one in publishers if one.topic_type == TYPE]
    if not _runs(node, gate):
        return findings
    requirement = _requirement(node, gate)
    if requirement is None:
        return [*findings, Finding('e-stop', 'warn', f'{gate} does not answer for its parameters '
                                   f'within {ANSWER_S:g} s', revive_node(node, gate))]
    if not publishers:
        fix = find_estop(topic, _other_topics(node, gate))
        return [*findings, _missing(topic, gate, requirement, fix)]
    if requirement.required:
        findings += _silent(node, topic, publishers, max(seconds, requirement.timeout_s))
    return findings


def _runs(node: Node, gate: str) -> bool:
    return f'{gate}/get_parameters' in dict(node.get_service_names_and_types())


def _requirement(node: Node, gate: str) -> Requirement | None:
    """Return the requirement in the gate's parameters, None if it does not answer."""
    values = read_parameters(node, gate, ('estop_required', 'estop_timeout_s'))
    return None if values is None else Requirement(
        values.get('estop_required', False), values.get('estop_timeout_s', 0.0))


def _missing(topic: str, gate: str, requirement: Requirement, fix: str) -> Finding:
    if requirement.required:
        return Finding('e-stop', 'fail', f'no publisher on {topic}, and {gate} does not move '
                       'without one (`estop_required`)', fix)
    return Finding('e-stop', 'warn', f'no e-stop publisher on {topic}, and {gate} does not '
                   'require one', f'{fix}; then set `estop_required: true` of {gate}')


def _topic(node: Node, gate: str) -> str:
    """Return the e-stop topic of a gate, which may be remapped; empty if it has none."""
    return next((topic for topic, types in node.get_topic_names_and_types() if TYPE in types
                 and any(endpoint_name(one) == f'{gate}{LISTENER}'
                         for one in node.get_subscriptions_info_by_topic(topic))), '')


def _other_topics(node: Node, gate: str) -> list[str]:
    """Return the topics of the e-stop type that other nodes publish."""
    return [topic for topic, types in sorted(node.get_topic_names_and_types()) if TYPE in types
            and any(endpoint_name(one).removesuffix(GUARD) != gate
                    for one in node.get_publishers_info_by_topic(topic))]


def _wrong_type(topic: str, publisher: TopicEndpointInfo) -> Finding:
    name = endpoint_name(publisher)
    return Finding('e-stop', 'fail', f'{name} publishes {publisher.topic_type} on {topic}, so '
                   'pressing it stops nothing', match_type(topic, name, TYPE))


def _silent(node: Node, topic: str, publishers: list[TopicEndpointInfo], seconds: float
            ) -> list[Finding]:
    heard = _heard(node, topic, seconds, {_gid(one.endpoint_gid) for one in publishers})
    return [Finding('e-stop', 'fail', f'{name} is silent: it sent nothing on {topic} for '
                    f'{seconds:g} s, and the gate takes silence for a press',
                    hear_estop(topic, name))
            for one in publishers if _gid(one.endpoint_gid) not in heard
            for name in [endpoint_name(one)]]


def _heard(node: Node, topic: str, seconds: float, wanted: set[bytes]) -> set[bytes]:
    """Return the publishers that sent a message."""
    heard: set[bytes] = set()
    subscription = node.create_subscription(Bool, topic, lambda _: None, suited_to((), 10))
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s and not wanted <= heard:
        # not by an executor, which does not report the publisher on every distribution
        while (message := take_message(subscription)) is not None:
            heard.add(message[0])
        time.sleep(PAUSE_S)
    node.destroy_subscription(subscription)
    return heard


def _gid(data: Any) -> bytes:
    return bytes(data[:GID_BYTES])
