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

"""Classifier and policy in one process, for the lowest latency; the gate has its own."""

from collections.abc import Sequence
from typing import Any

from digiphys_ros.nodes.classifier import ClassifierNode
from digiphys_ros.nodes.policy import PolicyNode
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.process import run_nodes


def make_nodes() -> Sequence[PipelineNode[Any]]:
    """Return both nodes; a classification is passed by a function call, and also published."""
    policy = PolicyNode(listens=False)
    classifier = ClassifierNode()
    classifier.listeners.append(policy.take)
    return policy, classifier


def main() -> None:
    """Run both nodes; each keeps its name, parameters and topics."""
    run_nodes(make_nodes)
