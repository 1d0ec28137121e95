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

"""The executor of rclpy that runs the nodes, and its capabilities."""

from rclpy.executors import Executor, SingleThreadedExecutor

try:
    from rclpy.experimental import EventsExecutor as _Fastest  # type: ignore[attr-defined]
except ImportError:  # Humble
    _Fastest = SingleThreadedExecutor

SERVICES_MAY_WAIT = _Fastest is SingleThreadedExecutor or hasattr(Executor, 'create_future')
"""Whether the callback of a service may be a coroutine; Jazzy's EventsExecutor supports none."""


def make_executor() -> Executor:
    """
    Return rclpy's fastest executor with one thread.

    The C++ executor (from Jazzy on) halves the time from capture to command: the Python executor
    collects all entities of a node again for each message.
    """
    return _Fastest()
