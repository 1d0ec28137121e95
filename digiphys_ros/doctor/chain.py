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

"""The chain from image to actuator: the message rate of each link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digiphys_ros.doctor.node_report import NodeReport

ROLES = ('classifier', 'policy', 'gate')


@dataclass(frozen=True)
class Link:
    """
    The connection from one node to the next.

    :ivar rate_hz: messages a second, None if unknown.
    :ivar status: ``ok``, ``broken`` or ``unknown``.
    :ivar note: current state or rule.
    """

    source: str
    target: str
    topic: str
    rate_hz: float | None
    note: str = ''

    @property
    def status(self) -> str:
        """Return ``ok`` if messages flow, ``broken`` if not, else ``unknown``."""
        return 'unknown' if self.rate_hz is None else 'ok' if self.rate_hz > 0 else 'broken'


@dataclass(frozen=True)
class Chain:
    """
    The reports of one robot's nodes, and the nodes at both ends.

    :ivar reports: reports by node name.
    :ivar prefix: prefix of the robot's names: empty or ``/robot``.
    :ivar images: image topic of the classifier, and its publishers.
    :ivar commands: topic of each actuator, and its subscribers.
    """

    reports: Mapping[str, NodeReport]
    prefix: str
    images: tuple[str, Sequence[str]]
    commands: Mapping[str, tuple[str, Sequence[str]]]

    def report(self, role: str) -> NodeReport | None:
        """Return the report of the node of a role, None if it does not report."""
        return self.reports.get(f'{self.prefix}/{role}')

    def is_advice(self) -> bool:
        """Return whether the classifier only advises, without commands."""
        return bool(self.reports.get(f'{self.prefix}/triage')) and not any(
            map(self.report, ('policy', 'gate')))

    def links(self) -> list[Link]:
        """Return the links in the order of the pipeline, none if no node reports."""
        if not any(map(self.report, ROLES)):
            return []
        classifier, policy, gate = map(self.report, ROLES)
        topic, sources = self.images
        links = [Link(_names(sources), self._name('classifier'), topic,
                      _rate(classifier, 'received'))]
        if self.is_advice():
            return links
        links.append(Link(self._name('classifier'), self._name('policy'),
                          f'{self.prefix}/classification', _rate(policy, 'classifications'),
                          policy.values.get('rule', '') if policy else ''))
        for name in actuators(gate) or self.commands:
            links.append(Link(self._name('policy'), self._name('gate'),
                              f'{self.prefix}/desired/{name}',
                              _rate(gate, *command_counters(gate, name)),
                              gate.values.get(f'{name}.state', '') if gate else ''))
            command, listeners = self.commands.get(name, ('', ()))
            links.append(Link(self._name('gate'), _names(listeners), command,
                              _rate(gate, f'{name}.sent') if listeners else 0.0))
        return links

    def _name(self, role: str) -> str:
        return f'{self.prefix}/{role}' if self.report(role) else f'({role} does not report)'


def actuators(gate: NodeReport | None) -> list[str]:
    """Return the names of a gate's actuators."""
    return [key.removesuffix('.state') for key in (gate.values if gate else ())
            if key.endswith('.state')]


def command_counters(gate: NodeReport | None, name: str) -> list[str]:
    """Return the counters of the commands that reached the gate of an actuator."""
    return [key for key in (gate.values if gate else ())
            if key == f'{name}.accepted' or key.startswith(f'{name}.refused.')]


def _rate(report: NodeReport | None, *keys: str) -> float | None:
    return None if report is None else report.rate(*keys)


def _names(nodes: Sequence[str]) -> str:
    return ', '.join(nodes) or '(nobody)'
