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

"""Parameter services that do not block the executor while a change is prepared."""

from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from digiphys_ros.renamed import new_parameter
from digiphys_ros.ros.executor import SERVICES_MAY_WAIT
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.parameter_service import ParameterService
from rclpy.task import Future


class PreparingParameterService(ParameterService):
    """
    The services of ``ros2 param``, with time to prepare a change.

    rclpy answers on the executor's thread: a slow change, such as loading a model, would lose the
    frames that arrive meanwhile. Here ``prepare`` runs on a separate thread while the service
    waits. If a service cannot wait (Jazzy), setting the parameter does all the work, and a few
    frames are lost.

    Setting the current value is always accepted, even for a read-only parameter, so that
    ``ros2 param load`` accepts the node's own dump.

    :param prepare: called with the parameters of a request before they are set.
    :param is_in_force: whether a parameter has its requested value.
    """

    def __init__(self, node: Node, prepare: Callable[[list[Any]], None],
                 is_in_force: Callable[[str], bool]) -> None:
        self._node = node
        self._prepare = prepare
        self._is_in_force = is_in_force
        self._thread = ThreadPoolExecutor(1, 'prepare')
        super().__init__(node)

    if SERVICES_MAY_WAIT:
        async def _set_parameters_callback(self, request: Any, response: Any) -> Any:
            self._rename(request)
            await self._prepared(request)
            return self._set(request, response)

        async def _set_parameters_atomically_callback(self, request: Any, response: Any) -> Any:
            self._rename(request)
            await self._prepared(request)
            return self._set_atomically(request, response)
    else:
        def _set_parameters_callback(  # type: ignore[misc]
                self, request: Any, response: Any) -> Any:
            self._rename(request)
            return self._set(request, response)

        def _set_parameters_atomically_callback(  # type: ignore[misc]
                self, request: Any, response: Any) -> Any:
            self._rename(request)
            return self._set_atomically(request, response)

    def _rename(self, request: Any) -> None:
        for one in request.parameters:
            if not self._node.has_parameter(one.name):
                one.name = new_parameter(one.name)

    def _set(self, request: Any, response: Any) -> Any:
        for one in request.parameters:
            if self._changes(one):
                super()._set_parameters_callback(type(request)(parameters=[one]), response)
            else:
                response.results.append(SetParametersResult(successful=True))
        return response

    def _set_atomically(self, request: Any, response: Any) -> Any:
        changes = [one for one in request.parameters if self._changes(one)]
        response.result = SetParametersResult(successful=True)
        return super()._set_parameters_atomically_callback(
            type(request)(parameters=changes), response) if changes else response

    def _changes(self, message: Any) -> bool:
        """Return whether a parameter has another value or is unknown."""
        wanted = Parameter.from_parameter_msg(message)
        if not self._node.has_parameter(wanted.name) or not self._is_in_force(wanted.name):
            return True
        value = self._node.get_parameter(wanted.name)
        return (value.type_, _plain(value.value)) != (wanted.type_, _plain(wanted.value))

    async def _prepared(self, request: Any) -> None:
        changes = [Parameter.from_parameter_msg(one) for one in request.parameters
                   if self._changes(one)]
        if not changes:
            return
        done: Future[None] = Future(executor=self._node.executor)

        def prepare() -> None:
            try:
                self._prepare(changes)
            finally:
                done.set_result(None)
        self._thread.submit(prepare)
        await done


def _plain(value: Any) -> Any:
    """Return a list for an array of a message, which never equals a list."""
    return list(value) if isinstance(value, (array, list, tuple)) else value
