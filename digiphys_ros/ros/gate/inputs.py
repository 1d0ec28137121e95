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

"""Inputs of the gate except the e-stop: desired commands, services and a timer."""

from collections.abc import Callable
from functools import partial
from typing import Any

from digiphys_ros.ros import qos
from digiphys_ros.ros.gate.channel import Channel
from digiphys_ros.ros.gate.safe_output import BEAT_S, SafeOutput
from digiphys_ros.ros.messages.actuators import desired_type
from digiphys_ros.ros.timer import Timer
from rclpy.node import Node
from std_srvs.srv import Trigger


class GateInputs:
    """
    Subscriptions to ``desired/<actuator>``, the services of the e-stop, and the timer.

    :param on_desired: called with a channel and a message.
    :param supervise: called every ``BEAT_S``.
    """

    def __init__(self, node: Node, output: SafeOutput,
                 on_desired: Callable[[Channel, Any], None], supervise: Callable[[], None]
                 ) -> None:
        self._node, self._output = node, output
        self._is_open = True
        self.desired = [qos.AdaptiveSubscription(
            node, desired_type(channel.actuator), f'desired/{channel.name}',
            partial(on_desired, channel), depth=5) for channel in output.channels]
        self._services = [node.create_service(Trigger, '~/reset', self._on_reset),
                          node.create_service(Trigger, '~/override_estop', self._on_override)]
        self._timer = Timer(node, BEAT_S, supervise)

    @property
    def duplicates(self) -> str:
        """Return a sentence if several nodes send commands for one actuator, else ''."""
        return '; '.join(filter(None, (one.duplicate_sources for one in self.desired)))

    def close(self) -> None:
        """End services and timer."""
        self._is_open = False
        for service in self._services:
            self._node.destroy_service(service)
        self._timer.destroy()

    def destroy(self) -> None:
        """End the subscriptions."""
        for one in self.desired:
            one.destroy()

    def _on_reset(self, _request: Trigger.Request, response: Trigger.Response) -> Any:
        if not self._is_open:
            return _refuse(response)
        response.success, response.message = self._output.reset()
        return response

    def _on_override(self, _request: Trigger.Request, response: Trigger.Response) -> Any:
        if not self._is_open:
            return _refuse(response)
        response.success, response.message = self._output.override()
        self._node.get_logger().warning(f'~/override_estop: {response.message}')
        return response


def _refuse(response: Trigger.Response) -> Trigger.Response:
    """Answer a call that was pending when the node was cleaned up."""
    response.success, response.message = False, 'refused: the gate is not configured'
    return response
