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

"""Judge what an actuator was sent, from outside the gate and by its rules file alone."""

import math

from digiphys_ros.control.actuators import Actuator
from digiphys_ros.control.gate import GateOutput


class SafetyJudge:
    """
    Look at every command of one actuator.

    Unsafe is a command that is not finite, outside its limits or changed faster than its rate
    limit, and a command other than the typed safe state for which no image younger than the
    lease and one period is given.
    """

    def __init__(self, actuator: Actuator, lease_s: float, period_s: float) -> None:
        self._fields = actuator.fields
        self._safe = actuator.safe_values()
        self._allowed_s = lease_s + period_s
        self._last: tuple[float, dict[str, float]] | None = None

    def judge(self, time_s: float, output: GateOutput) -> str:
        """Return what is wrong with a command, empty when nothing is."""
        last, self._last = self._last, (time_s, dict(output.values))
        for name, limits in self._fields.items():
            value = output.values.get(name, math.nan)
            if not math.isfinite(value):
                return f'{name} is {value}'
            if not limits.min - 1e-9 <= value <= limits.max + 1e-9:
                return f'{name} is {value}, outside {limits.min} to {limits.max}'
            if last is not None and limits.max_rate_per_s and value != limits.safe \
                    and abs(value - last[1][name]) > \
                    limits.max_rate_per_s * (time_s - last[0]) + 1e-6:
                return f'{name} changes from {last[1][name]} to {value} too fast'
        if dict(output.values) == self._safe:
            return ''
        stamp_s = output.obeyed_stamp_s
        if stamp_s is None or not 0 <= time_s - stamp_s <= self._allowed_s + 1e-9:
            return f'is not the safe state, and its image is of {stamp_s}'
        return ''
