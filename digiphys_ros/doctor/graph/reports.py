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

"""Listen to /diagnostics for a while."""

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from digiphys_ros.doctor.node_report import NodeReport
from digiphys_ros.ros.qos import endpoint_name
import rclpy
from rclpy.node import Node

NODES = ('camera', 'sim', 'classifier', 'policy', 'gate', 'triage')
APART_S = 0.9
"""Minimum time between two reports to compute a rate; each node reports once a second."""

PATIENCE_S = 2.0
"""Maximum additional time to wait for the second report of a node."""


class ReportListener:
    """Store the first and the newest report of every node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._first: dict[str, tuple[float, DiagnosticStatus]] = {}
        self._newest: dict[str, tuple[float, DiagnosticStatus]] = {}
        node.create_subscription(DiagnosticArray, '/diagnostics', self._take, 50)

    def listen(self, seconds: float, prefix: str, patience_s: float = PATIENCE_S
               ) -> dict[str, NodeReport]:
        """
        Return the reports by name.

        :param seconds: time to listen; longer if no node of the robot is known yet, or one has
            reported less than twice.
        :param prefix: prefix of the robot's names: empty or ``/robot``.
        :param patience_s: maximum additional time.
        """
        end_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < end_s or (
                now_s < end_s + patience_s and not self._is_complete(prefix)):
            rclpy.spin_once(self._node, timeout_sec=0.1)
        return {name: _report(name, self._first[name], newest)
                for name, newest in self._newest.items()}

    def silent(self, prefix: str) -> list[str]:
        """Return the robot's nodes that exist but did not report."""
        return sorted(self._expected(prefix) - self._newest.keys())

    def _take(self, array: DiagnosticArray) -> None:
        for status in array.status:
            heard = time.monotonic(), status
            self._first.setdefault(status.name, heard)
            self._newest[status.name] = heard

    def _expected(self, prefix: str) -> set[str]:
        names = {f'{prefix}/{name}' for name in NODES}
        return names & {endpoint_name(one) for one in
                        self._node.get_publishers_info_by_topic('/diagnostics')}

    def _is_complete(self, prefix: str) -> bool:
        names = self._expected(prefix)
        return bool(names) and all(
            name in self._newest and self._newest[name][0] - self._first[name][0] > APART_S
            for name in names)


def _report(name: str, first: tuple[float, DiagnosticStatus],
            newest: tuple[float, DiagnosticStatus]) -> NodeReport:
    seconds, status = newest[0] - first[0], newest[1]
    return NodeReport(
        name, int.from_bytes(status.level, 'little'), status.message, _values(status),
        _values(first[1]), seconds if seconds > APART_S else 0.0)


def _values(status: DiagnosticStatus) -> dict[str, str]:
    return {item.key: item.value for item in status.values}
