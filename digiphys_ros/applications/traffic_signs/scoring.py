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
"""Targets and expectations of a course of signs."""

from digiphys_ros.simulation.loop import Recording
from digiphys_ros.simulation.scenarios import score
from digiphys_ros.simulation.scenarios.expectation import (
    events_right,
    Expectation,
    FLAG,
    FRACTION,
    POSITIVE,
    state_at_least,
    state_at_most,
)
from digiphys_ros.simulation.targets import events_right as events_right_target, Target

GREATEST_MPS = 0.8
"""Speed limit of the gate."""

FIRST_SIGN_S = 6.0 / GREATEST_MPS

EXPECTATIONS = {
    'stopped_before_line': Expectation(
        FLAG, events_right('sign passed', 'stop'), min_duration_s=FIRST_SIGN_S),
    'signs_right_at_least': Expectation(
        FRACTION, events_right('sign passed'), min_duration_s=FIRST_SIGN_S),
    'never_above_limit': Expectation(
        FRACTION, lambda run, bound, faults: score.never_above_limit(run, bound)),
    'stays_on_course': Expectation(
        FLAG, lambda run, bound, faults: score.never_happens(run, 'course left')),
    'speed_at_most_mps': Expectation(POSITIVE, state_at_most('speed_mps')),
    'drives_at_least_m': Expectation(
        POSITIVE, state_at_least('distance_m'),
        max_bound=lambda seconds: GREATEST_MPS * seconds + 1),
}


def targets(recording: Recording) -> list[Target]:
    """Return the stops obeyed, the largest excess of a limit and the signs obeyed."""
    excess, frames = score.most_above_limit(recording)
    return [events_right_target(recording, 'stops_obeyed', 1.0, 'sign passed', 'stop'),
            Target('above_limit', 0.05, False, 'maximum', excess, frames),
            events_right_target(recording, 'signs_right', 0.95, 'sign passed')]
