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

"""Look at the running ROS graph: who publishes, who listens, and whether they match."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
import json
import os
import sys
from typing import Any

from digiphys_ros.control import load_actuators
from digiphys_ros.doctor.chain import Chain
from digiphys_ros.doctor.chain_check import check_chain, check_reports
from digiphys_ros.doctor.finding import attempt, Finding
from digiphys_ros.doctor.graph.drivers import check_drivers
from digiphys_ros.doctor.graph.estop import check_estop
from digiphys_ros.doctor.graph.parameters import read_parameters
from digiphys_ros.doctor.graph.reports import NODES, PATIENCE_S, ReportListener
from digiphys_ros.doctor.graph.sources import check_inputs, IMAGES, keep_one_fix, own_publishers
from digiphys_ros.doctor.graph.transport import image_bytes, sender_profiles
from digiphys_ros.errors import DigiphysError
from digiphys_ros.fixes import find_listener
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.qos import endpoint_name
import rclpy
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility
from rclpy.topic_endpoint_info import TopicEndpointInfo

HIDDEN = ('/rosout', '/parameter_events', '/clock')
RULES = 'traffic_rules.yaml'


def check_graph(seconds: float, rules: str, prefix: str = '', patience_s: float = PATIENCE_S
                ) -> dict[str, Any]:
    """
    Watch the graph and report all that keeps commands from their actuators.

    :param seconds: how long to wait for discovery, and to listen.
    :param rules: rules file that names the topics of the actuators; empty: that of the gate.
    :param prefix: of the robot's names: empty or ``/robot``.
    :param patience_s: how much longer to listen at most, as ``ReportListener.listen``.
    :return: ``findings``, the ``chain`` from image to actuator, the names of ``rules`` and
        ``bundle`` that are ``running``, and ``profiles`` and ``image_bytes`` as
        ``graph_transport`` has them, all as objects for JSON.
    """
    rclpy.init(args=[])
    node = Node('doctor', enable_rosout=False, start_parameter_services=False)
    try:
        listener = ReportListener(node)
        reports = listener.listen(seconds, prefix, patience_s)
        running = _running(node, prefix)
        commands = _command_topics(rules or running.get('rules', RULES), prefix)
        chain = Chain(reports, prefix, _image_source(node, prefix), {
            name: (topic, sorted({*map(endpoint_name, _subscribers(node, topic))}))
            for name, topic in commands.items()})
        findings = [
            *attempt('graph', partial(_findings, node, list(commands.values()), prefix)),
            *map(_hangs, listener.silent(prefix)),
            *attempt('chain', partial(check_chain, chain)),
            *attempt('e-stop', partial(check_estop, node, prefix, seconds)),
            *attempt('namespace', partial(_other_robots, reports, prefix))]
        findings += check_reports(reports, prefix, findings)
        return {'findings': [asdict(one) for one in _summary(node, findings)],
                'chain': [{**asdict(link), 'status': link.status} for link in chain.links()],
                'running': running, 'profiles': sender_profiles(chain),
                'image_bytes': image_bytes(chain)}
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _running(node: Node, prefix: str) -> dict[str, str]:
    """Return which rules and which model are at work."""
    found: dict[str, str] = {}
    for role, parameter in (('policy', 'rules'), ('gate', 'rules'), ('classifier', 'bundle')):
        found.update(read_parameters(node, f'{prefix}/{role}', [parameter]) or {})
    return found


def _command_topics(rules: str, prefix: str) -> dict[str, str]:
    """Return the topic of each actuator; none where the rules, which are checked, are wrong."""
    try:
        found = load_actuators(find_resource(rules, 'config'))
    except DigiphysError:
        return {}
    return {name: one.topic if one.topic.startswith('/') else f'{prefix}/{one.topic}'
            for name, one in found.items()}


def _image_source(node: Node, prefix: str) -> tuple[str, list[str]]:
    """Return the topic of the classifier's images, and who publishes there."""
    for topic, types in node.get_topic_names_and_types():
        if set(IMAGES) & set(types) and any(
                endpoint_name(one) == f'{prefix}/classifier'
                for one in node.get_subscriptions_info_by_topic(topic)):
            return topic, sorted({*map(endpoint_name, _publishers(node, topic))})
    return f'{prefix}/image', []


def _other_robots(reports: Mapping[str, Any], prefix: str) -> list[Finding]:
    """Name the robots in other namespaces where there is none in this one."""
    robots = {name.rpartition('/')[0] for name in reports if name.rpartition('/')[2] in NODES}
    if not robots or prefix in robots:
        return []
    names = ', '.join(sorted(one or '/' for one in robots))
    return [Finding('namespace', 'warn', f'no node of this package reports in namespace '
                    f'{prefix or "/"}, but some do in {names}',
                    f'digiphys doctor --namespace {min(robots) or "/"}')]


def _hangs(name: str) -> Finding:
    return Finding('reports', 'fail', f'{name} is there and reports nothing on /diagnostics: it '
                   'hangs, was stopped, or is not heard', f'look at the output of {name}, and '
                   'start it again')


def _topics(node: Node) -> list[str]:
    """Return the topics that others than this node use."""
    return sorted(name for name, _ in node.get_topic_names_and_types() if name not in HIDDEN
                  and _publishers(node, name) + _subscribers(node, name))


def _publishers(node: Node, topic: str) -> list[TopicEndpointInfo]:
    return _others(node, node.get_publishers_info_by_topic(topic))


def _subscribers(node: Node, topic: str) -> list[TopicEndpointInfo]:
    return _others(node, node.get_subscriptions_info_by_topic(topic))


def _others(node: Node, endpoints: Sequence[TopicEndpointInfo]) -> list[TopicEndpointInfo]:
    own = node.get_fully_qualified_name()
    return [one for one in endpoints if endpoint_name(one) != own]


def _summary(node: Node, findings: list[Finding]) -> list[Finding]:
    topics = _topics(node)
    if not topics:
        return [Finding('graph', 'warn', 'no topic is in use: nothing runs in this ROS_DOMAIN_ID '
                        'and discovery range', 'start the pipeline, or set ROS_DOMAIN_ID and '
                        'ROS_AUTOMATIC_DISCOVERY_RANGE as it has them')]
    broken = any(finding.status == 'fail' for finding in findings)
    return findings if broken else [
        Finding('graph', 'ok', f'{len(topics)} topics, every pair matches'), *findings]


def _findings(node: Node, command_topics: Sequence[str], prefix: str) -> list[Finding]:
    topics = _topics(node)
    findings = [finding for topic in topics for finding in _topic(node, topic)]
    for topic in command_topics:
        findings += _command_topic(node, topic, prefix)
    inputs = [topic for topic in topics if topic not in command_topics]
    return [*findings, *check_inputs(node, inputs, prefix), *check_drivers(node, inputs, prefix)]


def _topic(node: Node, topic: str) -> list[Finding]:
    listeners: dict[str, list[TopicEndpointInfo]] = {}
    for subscriber in _subscribers(node, topic):
        listeners.setdefault(endpoint_name(subscriber), []).append(subscriber)
    findings = []
    for publisher in _publishers(node, topic):
        for subscribers in listeners.values():
            each = [_pair(topic, publisher, subscriber) for subscriber in subscribers]
            # a gate has a subscription for each quality of service that e-stop buttons offer
            findings += [] if [] in each else each[0]
    return findings


def _pair(topic: str, publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo
          ) -> list[Finding]:
    names = f'{endpoint_name(publisher)} -> {endpoint_name(subscriber)}'
    if publisher.topic_type != subscriber.topic_type:
        return [Finding(f'type of {topic}', 'fail', f'{names}: {publisher.topic_type} is sent, '
                        f'{subscriber.topic_type} is awaited, so nothing arrives',
                        _type_fix(publisher, subscriber))]
    compatible, reason = qos_check_compatible(publisher.qos_profile, subscriber.qos_profile)
    if compatible == QoSCompatibility.ERROR:
        return [Finding(f'QoS of {topic}', 'fail', f'{names}: nothing arrives, {reason.strip()}',
                        _qos_fix(publisher, subscriber))]
    return []


def _type_fix(publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo) -> str:
    kinds = {'geometry_msgs/msg/Twist': 'twist', 'geometry_msgs/msg/TwistStamped': 'twist_stamped'}
    wanted = kinds.get(subscriber.topic_type)
    if wanted and publisher.topic_type in kinds:
        return f'set `kind: {wanted}` for this actuator in the rules file'
    return f'make {endpoint_name(publisher)} send {subscriber.topic_type}'


def _qos_fix(publisher: TopicEndpointInfo, subscriber: TopicEndpointInfo) -> str:
    offered, wanted = publisher.qos_profile, subscriber.qos_profile
    for policy in ('reliability', 'durability'):
        if getattr(offered, policy) != getattr(wanted, policy):
            return (f'let {endpoint_name(subscriber)} ask for {getattr(offered, policy).name} '
                    f'{policy}, or let {endpoint_name(publisher)} offer '
                    f'{getattr(wanted, policy).name}')
    return 'give both the same deadline and liveliness'


def _command_topic(node: Node, topic: str, prefix: str) -> list[Finding]:
    publishers = own_publishers(_publishers(node, topic))
    listeners = node.count_subscribers(topic)
    findings = []
    if len(publishers) > 1:
        findings.append(Finding(
            f'commands on {topic}', 'fail', f'{len(publishers)} publishers: '
            f'{", ".join(map(endpoint_name, publishers))}; they overrule each other and the gate',
            f'{keep_one_fix(node, topic, prefix)}; other commands go to desired/<actuator>'))
    if publishers and not listeners:
        findings.append(Finding(
            f'commands on {topic}', 'fail', f'{endpoint_name(publishers[0])} sends '
            f'{publishers[0].topic_type} and nobody listens',
            find_listener(topic)))
    return findings


def main(words: Sequence[str]) -> None:
    """Write what was found as one line of JSON; ``words`` holds the arguments as JSON."""
    # what the middleware writes must not get between
    report = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    request = json.loads(words[0])
    report.write(json.dumps(check_graph(**request)) + '\n')
    report.close()


if __name__ == '__main__':
    main(sys.argv[1:])
