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

"""The gate's report on /diagnostics."""

from collections.abc import Callable
from typing import Any

from digiphys_ros.fixes import keep_one, reset_estop
from digiphys_ros.ros.gate.inputs import GateInputs
from digiphys_ros.ros.gate.safe_output import SafeOutput
from digiphys_ros.ros.lifecycle import ERROR, OK, WARN


def report(output: SafeOutput | None, inputs: GateInputs | None,
           clocks: Callable[[], tuple[float, float]], name: str
           ) -> tuple[bytes, str, dict[str, Any]]:
    """
    Return level, sentence and figures.

    :param output: None, like ``inputs``, for a gate that is not configured.
    :param clocks: as in ``SafeOutput``.
    :param name: name of the gate's node.
    """
    if output is None or inputs is None:
        return OK, '', {'estop': '', 'realtime': False, 'guard': 'off'}
    with output.loop.lock:
        steady_s = clocks()[1]
    figures = {key: value for channel in output.channels
               for key, value in channel.figures(steady_s).items()}
    figures['estop'] = pressed = output.pressed_by()
    serious = output.serious_problems()
    problems = serious + (
        [(f'e-stop {pressed}', reset_estop(name, pressed))] if pressed else [])
    problems += [(one.duplicate_sources, keep_one(one.topic)) for one in inputs.desired
                 if one.duplicate_sources]
    problems += output.problems(steady_s)
    if fixes := [fix for _, fix in problems if fix]:
        # only one can be pasted: the first
        figures['fix'] = fixes[0]
    states = ', '.join(f'{channel.name}: {channel.gate.state.value}'
                       for channel in output.channels)
    figures['realtime'] = output.loop.is_realtime
    figures['guard'] = output.guard_state
    level = ERROR if serious else WARN if problems else OK
    return level, '; '.join([states, *(one for one, _ in problems)]), figures
