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

"""From classifications to commands that are safe to send: policy, gate and actuators."""

from digiphys_ros.control.actuators import ActuatorConfig, FieldConfig
from digiphys_ros.control.config import ControlConfig, load_control, Rule, Votes
from digiphys_ros.control.gate import DesiredCommand, Gate, GateOutput, GateState, Refusal
from digiphys_ros.control.policy import Decision, Observation, Policy

__all__ = [
    'ActuatorConfig', 'ControlConfig', 'Decision', 'DesiredCommand', 'FieldConfig', 'Gate',
    'GateOutput', 'GateState', 'load_control', 'Observation', 'Policy', 'Refusal', 'Rule', 'Votes',
]
