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


"""Find the processes of endpoints in the graph."""

from digiphys_ros.fixes import revive
from digiphys_ros.ros.qos import endpoint_name
from digiphys_ros.ros.transport.endpoint_process import process_number
from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo


def own_gid(node: Node) -> bytes:
    """Return the GID of this process; it needs a subscription to /diagnostics."""
    return next((bytes(one.endpoint_gid)
                 for one in node.get_subscriptions_info_by_topic('/diagnostics')
                 if endpoint_name(one) == node.get_fully_qualified_name()), b'')


def process_of(node: Node, endpoint: TopicEndpointInfo) -> int | None:
    """Return the process number of an endpoint, None if it is unknown or of another user."""
    return process_number(bytes(endpoint.endpoint_gid), own_gid(node))


def revive_node(node: Node, name: str) -> str:
    """Return how to restart a node that publishes on /diagnostics and does not answer."""
    number = next((process_of(node, one)
                   for one in node.get_publishers_info_by_topic('/diagnostics')
                   if endpoint_name(one) == name), None)
    return revive(name, number)
