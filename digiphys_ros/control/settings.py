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

"""Settings of the nodes policy and gate; no YAML, because the gate imports this module."""

from dataclasses import dataclass

from digiphys_ros.fixes import FUTURE_TOLERANCE_S, MAX_LEASE_S, MAX_TOLERANCE_S
from digiphys_ros.settings import NodeSettings, RULES, setting


@dataclass(frozen=True)
class PolicySettings(NodeSettings):
    """Parameters of the node policy."""

    rules: str = setting(
        RULES, 'YAML file with actuators and rules: a path, or a name in config/.')
    stop_on_duplicate_publishers: bool = setting(
        False, 'Stop while more than one node publishes on an input.', runtime=True)


@dataclass(frozen=True)
class GateSettings(NodeSettings):
    """Parameters of the node gate."""

    rules: str = setting(
        RULES, 'YAML file with the actuators: a path, or a name in config/.')
    lease_s: float = setting(
        0.5, 'Oldest image that a command may come from [s].', 0.01, MAX_LEASE_S)
    future_tolerance_s: float = setting(
        FUTURE_TOLERANCE_S, 'How far ahead of the clock an image may be stamped: clocks of two '
        'machines differ [s]. Under use_sim_time it is longer by two steps of /clock.',
        0.0, MAX_TOLERANCE_S)
    rate_hz: float = setting(
        50.0, 'Rate of the messages to the actuator. A new command is sent at once, in place of '
        'the next message.', 10.0, 1000.0)
    estop_wait_s: float = setting(
        2.0, 'Time that a configured gate listens for a pressed e-stop before it obeys: discovery '
        'takes time [s].', 0.0, 60.0)
    estop_required: bool = setting(
        False, 'Move only while an e-stop publisher is heard: silence counts as a press.')
    estop_timeout_s: float = setting(
        1.0, 'Longest silence of a required e-stop publisher, and longest time until the first '
        'message of any e-stop publisher [s].', 0.05, 60.0)
    estop_unheard_stops: bool = setting(
        True, 'Treat an e-stop publisher that was never heard as pressed; false for buttons that '
        'send only when pressed.')
    latch_without_memory: bool = setting(
        True, 'Start e-stopped if the e-stop state cannot be stored on disk.')
    guard: bool = setting(
        True, 'Start a second process that sends the safe state if this one hangs or is killed.')
    realtime: bool = setting(
        True, 'Request real-time priority, so that a busy machine delays no safe command.')
    stop_on_duplicate_publishers: bool = setting(
        False, 'Stop while more than one node publishes on an input.', runtime=True)

    @property
    def period_s(self) -> float:
        """Return the time between two messages to the actuator."""
        return 1.0 / self.rate_hz
