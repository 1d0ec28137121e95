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
"""Targets and expectations of a sorting line."""

from digiphys_ros.applications.sorting.conveyor import RATED_MPS
from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios import score
from digiphys_ros.simulation.scenarios.expectation import (
    COUNT,
    ENDING,
    events_right,
    Expectation,
    FRACTION,
    POSITIVE,
    state_at_least,
    state_at_most,
)
from digiphys_ros.simulation.targets import events_right as events_right_target, Target

STARTED_S = 3.0
"""Time in which pipeline and belt have started."""

FIRST_PART_S = 0.67 / 0.4
"""Time from the start until the first part has passed the diverter, at the highest speed."""

PARTS_PER_S = 0.4 / 0.26
"""Highest rate of parts: one each 0.26 m at the highest speed."""

EXPECTATIONS = {
    'misses_at_most': Expectation(
        COUNT, lambda run, bound, faults: score.misses_at_most(run, bound),
        min_duration_s=FIRST_PART_S),
    'unsure_belt_at_most_mps': Expectation(
        POSITIVE, lambda run, bound, faults: score.slow_while_abstaining(
            run, 'belt_mps', bound)),
    'belt_recovers_within_s': Expectation(
        POSITIVE, lambda run, bound, faults: score.speed_recovers_within(
            run, 'belt_mps', RATED_MPS, bound, faults), ENDING),
    'struck_at_most': Expectation(COUNT, state_at_most('struck')),
    'parts_at_least': Expectation(
        COUNT, state_at_least('parts'), max_bound=lambda seconds: PARTS_PER_S * seconds + 1),
    'parts_right_at_least': Expectation(
        FRACTION, events_right('part sorted'), min_duration_s=FIRST_PART_S),
}


def targets(recording: Recording) -> list[Target]:
    """Return the fraction of correctly sorted parts and the belt speed."""
    belts = [float(frame.state['belt_mps']) for frame in recording.frames
             if frame.time_s >= STARTED_S]
    return [events_right_target(recording, 'parts_right', 0.98, 'part sorted'),
            Target('belt_speed_of_rated', 0.9, True, 'fraction', sum(belts) / RATED_MPS,
                   len(belts))]
