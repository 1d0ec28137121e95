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

"""Parameter services that leave the executor free while a change is prepared."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from digiphys_ros.nodes.executor import SERVICES_MAY_WAIT
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_service import ParameterService
from rclpy.task import Future


class PreparingParameterService(ParameterService):
    """
    The services of ``ros2 param``, with time to prepare a change.

    rclpy answers on the executor's thread, so that a change which takes long, such as loading a
    model, would lose the frames that arrive meanwhile. Here ``prepare`` does it on a thread of
    its own, while the service waits. Where a service cannot wait (Jazzy), the setting itself does
    all the work, and a few frames are lost.

    :param prepare: called with the parameters of a request before they are set.
    """

    def __init__(self, node: Node, prepare: Callable[[list[Any]], None]) -> None:
        self._node = node
        self._prepare = prepare
        self._thread = ThreadPoolExecutor(1, 'prepare')
        super().__init__(node)

    if SERVICES_MAY_WAIT:
        async def _set_parameters_callback(self, request: Any, response: Any) -> Any:
            await self._prepared(request)
            return super()._set_parameters_callback(request, response)

        async def _set_parameters_atomically_callback(self, request: Any, response: Any) -> Any:
            await self._prepared(request)
            return super()._set_parameters_atomically_callback(request, response)

    async def _prepared(self, request: Any) -> None:
        changes = [Parameter.from_parameter_msg(one) for one in request.parameters]
        done: Future[None] = Future(executor=self._node.executor)

        def prepare() -> None:
            try:
                self._prepare(changes)
            finally:
                done.set_result(None)
        self._thread.submit(prepare)
        await done
