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

"""The status message of a node on /diagnostics."""

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from digiphys_ros.figures import FIGURES_VERSION
from rclpy.node import Node

SILENT = 'no frames arrive'
"""Beginning of a classifier's sentence while it gets no images."""


def diagnostic_message(node: Node, level: bytes, message: str, figures: Mapping[str, Any]
                       ) -> DiagnosticArray:
    """Return one status of a node, with its figures as text."""
    figures = {'schema_version': FIGURES_VERSION, **figures}
    array = DiagnosticArray(status=[DiagnosticStatus(
        level=level, name=node.get_fully_qualified_name(), message=message,
        hardware_id=node.get_namespace(),
        values=[KeyValue(key=key, value=str(value)) for key, value in figures.items()])])
    array.header.stamp = node.get_clock().now().to_msg()
    return array
