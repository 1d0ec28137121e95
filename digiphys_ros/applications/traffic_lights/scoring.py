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
"""Targets and expectations of a junction."""

from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios import score
from digiphys_ros.simulation.scenarios.expectation import (
    COUNT,
    Expectation,
    FLAG,
    FRACTION,
    POSITIVE,
    state_at_least,
    state_at_most,
)
from digiphys_ros.simulation.targets import Target

FASTEST_MPS, ROAD_M = 14.5, 150.0

EXPECTATIONS = {
    'no_conflicting_greens': Expectation(
        FLAG, lambda run, bound, faults: score.state_at_most(run, 'head_conflicts', 0)),
    'no_collisions': Expectation(
        FLAG, lambda run, bound, faults: score.state_at_most(run, 'conflicts', 0)),
    # no wait is longer than the scenario
    'mean_wait_at_most_s': Expectation(
        POSITIVE, state_at_most('mean_wait_s'), max_bound=lambda seconds: seconds),
    'wait_saved_at_least': Expectation(FRACTION, state_at_least('wait_saved')),
    # two lanes of the shortest vehicles at the highest speed
    'served_at_least': Expectation(
        COUNT, state_at_least('served'), min_duration_s=ROAD_M / FASTEST_MPS,
        max_bound=lambda seconds: 2 * FASTEST_MPS / 5.8 * seconds + 1),
}


def targets(recording: Recording) -> list[Target]:
    """Return the fraction of the fixed plan's wait that was saved, and the conflicts."""
    last = recording.frames[-1].state
    arrived = float(last['arrived'])
    fixed_s, waited_s = (arrived * float(last[name])
                         for name in ('fixed_mean_wait_s', 'mean_wait_s'))
    return [Target('wait_saved', 0.2, True, 'fraction', fixed_s - waited_s, fixed_s,
                   needs_many_runs=True),
            *(Target(name, 0, False, 'count', float(last[name]), recording.commands)
              for name in ('head_conflicts', 'conflicts'))]
