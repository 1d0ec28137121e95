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

"""Inspect the running ROS graph: publishers, subscribers, and whether they match."""

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
from digiphys_ros.doctor.graph.pairs import (
    check_pairs,
    Commands,
    publishers_of,
    subscribers_of,
    topics_in_use,
)
from digiphys_ros.doctor.graph.parameters import read_parameters
from digiphys_ros.doctor.graph.processes import revive_node
from digiphys_ros.doctor.graph.reports import NODES, PATIENCE_S, ReportListener
from digiphys_ros.doctor.graph.sources import check_inputs, IMAGES, keep_one_fix, own_publishers
from digiphys_ros.doctor.graph.transport import image_bytes, sender_profiles
from digiphys_ros.errors import DigiphysError
from digiphys_ros.fixes import find_listener
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.qos import endpoint_name
from digiphys_ros.settings import RULES
import rclpy
from rclpy.node import Node


def check_graph(seconds: float, rules: str, prefix: str = '', patience_s: float = PATIENCE_S
                ) -> dict[str, Any]:
    """
    Observe the graph and report all that keeps commands from the actuators.

    :param seconds: time for discovery and for listening.
    :param rules: rules file with the topics of the actuators; empty for that of the gate.
    :param prefix: prefix of the robot's names: empty or ``/robot``.
    :param patience_s: maximum additional time to listen, see ``ReportListener.listen``.
    :return: ``findings``, the ``chain`` from image to actuator, the ``running`` values of
        ``rules`` and ``bundle``, and ``profiles`` and ``image_bytes`` as from
        ``graph.transport``, all as objects for JSON.
    """
    rclpy.init(args=[])
    node = Node('doctor', enable_rosout=False, start_parameter_services=False)
    try:
        listener = ReportListener(node)
        reports = listener.listen(seconds, prefix, patience_s)
        running = _running(node, prefix)
        rules = rules or running.get('rules', RULES)
        commands = _command_topics(rules, prefix)
        chain = Chain(reports, prefix, _image_source(node, prefix), {
            name: (topic, sorted({*map(endpoint_name, subscribers_of(node, topic))}))
            for name, topic in commands.items()})
        findings = [
            *attempt('graph', partial(_findings, node, commands, rules, prefix)),
            *(_hangs(node, name) for name in listener.silent(prefix)),
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
    """Return the rules and the bundle that are running."""
    found: dict[str, str] = {}
    for role, parameter in (('policy', 'rules'), ('gate', 'rules'), ('classifier', 'bundle')):
        found.update(read_parameters(node, f'{prefix}/{role}', [parameter]) or {})
    return found


def _command_topics(rules: str, prefix: str) -> dict[str, str]:
    """Return the topic of each actuator; none if the rules are wrong (see `check_rules`)."""
    try:
        found = load_actuators(find_resource(rules, 'config'))
    except DigiphysError:
        return {}
    return {name: one.topic if one.topic.startswith('/') else f'{prefix}/{one.topic}'
            for name, one in found.items()}


def _image_source(node: Node, prefix: str) -> tuple[str, list[str]]:
    """Return the image topic of the classifier, and its publishers."""
    for topic, types in node.get_topic_names_and_types():
        if set(IMAGES) & set(types) and any(
                endpoint_name(one) == f'{prefix}/classifier'
                for one in node.get_subscriptions_info_by_topic(topic)):
            return topic, sorted({*map(endpoint_name, publishers_of(node, topic))})
    return f'{prefix}/image', []


def _other_robots(reports: Mapping[str, Any], prefix: str) -> list[Finding]:
    """Name the robots in other namespaces if there is none in this one."""
    robots = {name.rpartition('/')[0] for name in reports if name.rpartition('/')[2] in NODES}
    if not robots or prefix in robots:
        return []
    names = ', '.join(sorted(one or '/' for one in robots))
    return [Finding('namespace', 'warn', f'no node of this package reports in namespace '
                    f'{prefix or "/"}, but some do in {names}',
                    f'digiphys doctor --namespace {min(robots) or "/"}')]


def _hangs(node: Node, name: str) -> Finding:
    return Finding('reports', 'fail', f'{name} exists but does not report on /diagnostics: it '
                   'hangs, was stopped, or its messages do not arrive', revive_node(node, name))


def _summary(node: Node, findings: list[Finding]) -> list[Finding]:
    topics = topics_in_use(node)
    if not topics:
        return [Finding('graph', 'warn', 'no topic is in use: nothing runs in this ROS_DOMAIN_ID '
                        'and discovery range', 'digiphys run  # if it runs: export its '
                        'ROS_DOMAIN_ID and ROS_AUTOMATIC_DISCOVERY_RANGE')]
    broken = any(finding.status == 'fail' for finding in findings)
    return findings if broken else [
        Finding('graph', 'ok', f'{len(topics)} topics, every pair matches'), *findings]


def _findings(node: Node, commands: Mapping[str, str], rules: str, prefix: str) -> list[Finding]:
    topics = topics_in_use(node)
    sent = {topic: Commands(f'{prefix}/gate', name, rules) for name, topic in commands.items()}
    findings = [finding for topic in topics
                for finding in check_pairs(node, topic, sent.get(topic))]
    for topic in commands.values():
        findings += _command_topic(node, topic, prefix)
    inputs = [topic for topic in topics if topic not in commands.values()]
    return [*findings, *check_inputs(node, inputs, prefix), *check_drivers(node, inputs, prefix)]


def _command_topic(node: Node, topic: str, prefix: str) -> list[Finding]:
    publishers = own_publishers(publishers_of(node, topic))
    listeners = node.count_subscribers(topic)
    findings = []
    if len(publishers) > 1:
        findings.append(Finding(
            f'commands on {topic}', 'fail', f'{len(publishers)} publishers: '
            f'{", ".join(map(endpoint_name, publishers))}; they override each other and the gate',
            f'{keep_one_fix(node, topic, prefix)}; send other commands to desired/<actuator>'))
    if publishers and not listeners:
        findings.append(Finding(
            f'commands on {topic}', 'fail', f'{endpoint_name(publishers[0])} sends '
            f'{publishers[0].topic_type} and nobody subscribes',
            find_listener(topic)))
    return findings


def main(words: Sequence[str]) -> None:
    """Write the result as one line of JSON; ``words`` has the arguments as JSON."""
    # output of the middleware must not mix with the report
    report = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    request = json.loads(words[0])
    report.write(json.dumps(check_graph(**request)) + '\n')
    report.close()


if __name__ == '__main__':
    main(sys.argv[1:])
