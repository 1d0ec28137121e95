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

"""Read parameters of a running node."""

from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import GetParameters
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

ANSWER_S = 2.0
"""Time that a node may take to answer."""

ATTEMPTS = 4
"""Number of requests in that time: an answer may be lost during discovery."""


def read_parameters(node: Node, name: str, parameters: Sequence[str]) -> dict[str, Any] | None:
    """
    Return the values of a node's parameters by name, without unknown ones.

    :param name: full name of the other node.
    :return: None if the node does not run or does not answer.
    """
    service = f'{name}/get_parameters'
    if service not in dict(node.get_service_names_and_types()):
        return None
    client: Any = node.create_client(GetParameters, service)
    try:
        answer = _ask(node, client, GetParameters.Request(names=list(parameters)))
        if answer is None:
            return None
        # a node sends unset values, or none, for unknown parameters
        values = {key: Parameter.from_parameter_msg(ParameterMessage(name=key, value=one)).value
                  for key, one in zip(parameters, answer.values, strict=False)}
        return {key: value for key, value in values.items() if value is not None}
    finally:
        node.destroy_client(client)


def _ask(node: Node, client: Any, request: GetParameters.Request) -> Any:
    client.wait_for_service(ANSWER_S)
    for _ in range(ATTEMPTS):
        future = client.call_async(request)
        rclpy.spin_until_future_complete(node, future, timeout_sec=ANSWER_S / ATTEMPTS)
        if future.done():
            return future.result()
        client.remove_pending_request(future)
    return None
