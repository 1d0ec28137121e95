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
"""Targets, expectations of scenarios and the report."""

from collections.abc import Sequence
from typing import Any

from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios.expectation import (
    COUNT,
    events_right,
    Expectation,
    FRACTION,
    state_at_least,
)
from digiphys_ros.simulation.targets import events_right as events_right_target, Target

EXPECTATIONS = {
    'visitors_at_least': Expectation(COUNT, state_at_least('visitors')),
    'visitors_right_at_least': Expectation(FRACTION, events_right('visitor')),
}


def targets(recording: Recording) -> list[Target]:
    """Return the target for the fraction of visitors handled correctly."""
    return [events_right_target(recording, 'visitors_right', 0.95, 'visitor')]


def report(frames: Sequence[Any]) -> dict[str, Any]:
    """Return the results of a run."""
    last = frames[-1].state
    return {'visitors': last['visitors'], 'right': last['right'], 'frames': len(frames)}
