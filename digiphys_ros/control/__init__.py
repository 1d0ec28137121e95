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

"""
Turn classifications into commands that are safe to send: policy, gate and actuators.

Import the YAML reader (``ControlConfig``, ``load_control``) from ``digiphys_ros.control.config``,
and the policy from ``digiphys_ros.control.policy``: the gate's process needs neither.
"""

from digiphys_ros.control.actuators import (
    Actuator,
    actuator_from_plain,
    Limits,
    load_actuators,
)
from digiphys_ros.control.checked_rules import CheckedRules
from digiphys_ros.control.command import DesiredCommand, Refusal
from digiphys_ros.control.estop import EstopInput
from digiphys_ros.control.gate import Gate, GateOutput, GateState
from digiphys_ros.control.latch_file import LatchFile, LatchKeeper
from digiphys_ros.control.pace import Pace
from digiphys_ros.control.running_clock import RunningClock
from digiphys_ros.control.signal_gate import make_gate

__all__ = [
    'Actuator',
    'CheckedRules',
    'DesiredCommand',
    'EstopInput',
    'Gate',
    'GateOutput',
    'GateState',
    'LatchFile',
    'LatchKeeper',
    'Limits',
    'Pace',
    'Refusal',
    'RunningClock',
    'actuator_from_plain',
    'load_actuators',
    'make_gate',
]
