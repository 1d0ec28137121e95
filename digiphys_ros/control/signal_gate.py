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
"""The gate of signals: it takes requests for phases and sends the state of every head."""

from dataclasses import replace

from digiphys_ros.control.actuators import Actuator
from digiphys_ros.control.gate import Gate, GateOutput
from digiphys_ros.control.lease import SETTLE_S
from digiphys_ros.control.signals import SignalInterlock, SignalPlan
from digiphys_ros.fixes import FUTURE_TOLERANCE_S


class SignalGate(Gate):
    """
    Guard the signals of a junction.

    In every state but OBEYING no phase is requested, and the interlock reaches the typed safe
    state through yellow. Other actuators go there at once; no driver could stop at a sudden red.
    """

    def __init__(self, actuator: Actuator, plan: SignalPlan, lease_s: float,
                 future_tolerance_s: float = FUTURE_TOLERANCE_S,
                 settle_s: float = SETTLE_S) -> None:
        super().__init__(actuator, lease_s, future_tolerance_s, settle_s)
        self.plan = plan
        self._interlock = SignalInterlock(plan)

    def step(self, now_s: float, steady_s: float | None = None) -> GateOutput:
        """Return what the heads show now."""
        output = super().step(now_s, steady_s)
        return replace(output, values=self._interlock.step(output.values, self._elapsed_s))

    def start_over(self, reason: str) -> None:
        """As ``Gate.start_over``: the guard has set all heads to red, or to flashing."""
        super().start_over(reason)
        self._interlock = SignalInterlock(self.plan)

    def shutdown_output(self, now_s: float, steady_s: float | None = None) -> GateOutput:
        """Return the safe state at once: a green that nobody ends is worse than a sudden red."""
        return replace(super().shutdown_output(now_s, steady_s), values=self.plan.safe_heads())


def make_gate(actuator: Actuator, lease_s: float,
              future_tolerance_s: float = FUTURE_TOLERANCE_S,
              settle_s: float = SETTLE_S) -> Gate:
    """Return the gate for an actuator of any kind."""
    if actuator.plan is not None:
        return SignalGate(actuator, actuator.plan, lease_s, future_tolerance_s, settle_s)
    return Gate(actuator, lease_s, future_tolerance_s, settle_s)
