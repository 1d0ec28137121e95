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
"""The gate of signals: what it lets pass are wishes, what it sends are heads."""

from dataclasses import replace

from digiphys_ros.control.actuators import Actuator
from digiphys_ros.control.gate import Gate, GateOutput
from digiphys_ros.control.lease import SETTLE_S
from digiphys_ros.control.signals import SignalInterlock, SignalPlan
from digiphys_ros.fixes import FUTURE_TOLERANCE_S


class SignalGate(Gate):
    """
    Guard the signals of a junction.

    In every state but OBEYING nothing is wished, and the interlock leads to the typed safe state
    through yellow: at once, as other actuators go there, would be a red that nobody can stop at.
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
        """As ``Gate.start_over``: all heads were red at once, or flashed."""
        super().start_over(reason)
        self._interlock = SignalInterlock(self.plan)

    def shutdown_output(self, now_s: float, steady_s: float | None = None) -> GateOutput:
        """Return the safe state at once: worse than a sudden red is a green that nobody ends."""
        return replace(super().shutdown_output(now_s, steady_s), values=self.plan.safe_heads())


def make_gate(actuator: Actuator, lease_s: float,
              future_tolerance_s: float = FUTURE_TOLERANCE_S,
              settle_s: float = SETTLE_S) -> Gate:
    """Return the gate for an actuator, whatever its kind."""
    if actuator.plan is not None:
        return SignalGate(actuator, actuator.plan, lease_s, future_tolerance_s, settle_s)
    return Gate(actuator, lease_s, future_tolerance_s, settle_s)
