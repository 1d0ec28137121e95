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
"""Judge the recording of a run: whether an expectation is met, and when it failed."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import math
from typing import TYPE_CHECKING

from digiphys_ros.simulation.scenarios.faults import Fault

if TYPE_CHECKING:
    from digiphys_ros.simulation.application import Commands, Event
    from digiphys_ros.simulation.loop import FrameRecord, Recording


@dataclass(frozen=True)
class Failure:
    """
    When and why an expectation failed.

    :ivar command: command at that time, by actuator and field; None: that of the last image.
    """

    time_s: float
    reason: str
    command: 'Commands | None' = None


def _never(recording: 'Recording', what: str) -> Failure:
    """Return the failure of a run that ended before it could be judged."""
    end_s = recording.frames[-1].time_s
    return Failure(end_s, f'the run ended at {end_s:.1f} s, before {what}')


def state_at_most(recording: 'Recording', name: str, most: float) -> Failure | None:
    """Judge a state value at every frame."""
    for frame in recording.frames:
        value = float(frame.state[name])
        if value > most + 1e-9:
            return Failure(frame.time_s, f'{name} is {value:g}, more than {most:g}')
    return None


def state_at_least_at_end(recording: 'Recording', name: str, least: float) -> Failure | None:
    """Judge a state value at the last frame."""
    frame = recording.frames[-1]
    value = float(frame.state[name])
    if value < least - 1e-9:
        return Failure(frame.time_s, f'{name} is {value:g} at the end, less than {least:g}')
    return None


def misses_at_most(recording: 'Recording', most: float) -> Failure | None:
    """Judge the missed defective parts; a run without defective parts fails."""
    last = recording.frames[-1]
    if not last.state['defective']:
        return Failure(last.time_s, 'there was no defective part to judge')
    return state_at_most(recording, 'misses', most)


def never_happens(recording: 'Recording', kind: str) -> Failure | None:
    """Judge that there was no event of this kind."""
    for event in recording.events:
        if event.kind == kind:
            return Failure(event.time_s, f'{kind}, on the way to {event.detail}')
    return None


def slow_while_abstaining(recording: 'Recording', name: str, most: float, grace_s: float = 1.5,
                          ) -> Failure | None:
    """Judge a speed once the classifier has abstained for ``grace_s``."""
    since_s: float | None = None
    judged = False
    for frame in recording.frames:
        if frame.prediction is not None:
            since_s = None
            continue
        since_s = frame.time_s if since_s is None else since_s
        if frame.time_s - since_s < grace_s:
            continue
        judged = True
        value = float(frame.state[name])
        if value > most + 1e-9:
            return Failure(frame.time_s, f'{name} is {value:g}, more than {most:g}, after '
                           f'{frame.time_s - since_s:.1f} s of abstaining')
    if judged:
        return None
    return Failure(recording.frames[-1].time_s,
                   f'the classifier never abstained for {grace_s:g} s')


def speed_recovers_within(recording: 'Recording', name: str, rated: float, most_s: float,
                          faults: Sequence[Fault]) -> Failure | None:
    """Judge that a speed reaches its rated value within ``most_s`` after a fault ends."""
    judged = False
    for fault, after in _after(recording, most_s, faults):
        judged = True
        if max(float(frame.state[name]) for frame in after) < rated - 1e-3:
            return Failure(after[-1].time_s, f'{name} is {float(after[-1].state[name]):g}, less '
                           f'than {rated:g}, {most_s:g} s after {fault.kind} ended')
    return None if judged else _never(recording, 'a fault had ended')


def _after(recording: 'Recording', most_s: float, faults: Sequence[Fault]
           ) -> Iterator[tuple[Fault, list['FrameRecord']]]:
    """Yield each fault that ended, with the frames within ``most_s`` after it."""
    for fault in faults:
        after = [] if fault.to_s is None else [
            frame for frame in recording.frames
            if fault.to_s <= frame.time_s <= fault.to_s + most_s + 1e-9]
        if after:
            yield fault, after


def never_above_limit(recording: 'Recording', fraction: float, grace_s: float = 1.0,
                      ) -> Failure | None:
    """
    Judge the speed; a lowered limit applies after ``grace_s``.

    :param fraction: allowed excess as a fraction of the limit.
    """
    for time_s, speed, limit in _speeds_and_limits(recording, grace_s):
        if speed > limit * (1 + fraction) + 1e-9:
            return Failure(time_s, f'{speed:.3f} m/s, the limit is {limit:g} m/s')
    return None


def most_above_limit(recording: 'Recording', grace_s: float = 1.0) -> tuple[float, int]:
    """Return the largest excess as a fraction of the limit, and the number of limited frames."""
    excesses = [speed / limit - 1 for _, speed, limit in _speeds_and_limits(recording, grace_s)
                if math.isfinite(limit)]
    return max((0.0, *excesses)), len(excesses)


def _speeds_and_limits(recording: 'Recording', grace_s: float
                       ) -> Iterator[tuple[float, float, float]]:
    """Yield time, speed and applicable limit of each frame."""
    limits: deque[tuple[float, float]] = deque()
    for frame in recording.frames:
        speed, limit = float(frame.state['speed_mps']), float(frame.state['limit_mps'])
        limits.append((frame.time_s, limit))
        # the last limit before the grace period still applied when it began
        while len(limits) > 1 and limits[1][0] <= frame.time_s - grace_s:
            limits.popleft()
        yield frame.time_s, speed, max(value for _, value in limits)


def judged_events(recording: 'Recording', kind: str, detail: str | None = None
                  ) -> list['Event']:
    """Return the judged events of a kind, all or those with one detail."""
    return [event for event in recording.events
            if event.kind == kind and event.right is not None and detail in (None, event.detail)]


def events_right(recording: 'Recording', kind: str, least: float, detail: str | None = None,
                 ) -> Failure | None:
    """Judge the fraction of correct events; it fails at the event that makes it too small."""
    events = judged_events(recording, kind, detail)
    name = kind if detail is None else f'{kind} ({detail})'
    if not events:
        return Failure(recording.frames[-1].time_s, f'there was no "{name}" to judge')
    wrong = [event for event in events if not event.right]
    allowed = int((1 - least) * len(events) + 1e-9)
    if len(wrong) > allowed:
        return Failure(wrong[allowed].time_s,
                       f'{len(events) - len(wrong)} of {len(events)} "{name}" correct, wrong: '
                       f'{", ".join(sorted({event.detail for event in wrong}))}')
    return None


def answers_right(recording: 'Recording', least: float) -> Failure | None:
    """Judge the accuracy on frames with ground truth that the classifier answered."""
    answered = [frame for frame in recording.frames
                if frame.ground_truth is not None and frame.prediction is not None]
    wrong = [frame for frame in answered if frame.prediction != frame.ground_truth]
    if not answered:
        return Failure(recording.frames[-1].time_s, 'the classifier never answered')
    right = 1 - len(wrong) / len(answered)
    if right < least - 1e-9:
        return Failure(wrong[0].time_s, f'{right:.3f} of {len(answered)} answers are correct; the '
                       f'first wrong one is {wrong[0].prediction} for {wrong[0].ground_truth}')
    return None


def answers_at_most(recording: 'Recording', most: float, faults: Sequence[Fault],
                    ) -> Failure | None:
    """Judge the fraction of frames answered during a fault."""
    frames = [frame for frame in recording.frames
              if any(fault.active(frame.time_s) for fault in faults)]
    if not frames:
        return _never(recording, 'the fault began')
    answered = [frame for frame in frames if frame.prediction is not None]
    if len(answered) > most * len(frames) + 1e-9:
        return Failure(answered[0].time_s, f'{len(answered)} of {len(frames)} frames were '
                       'answered during the fault')
    return None


def audit_log_complete(recording: 'Recording') -> Failure | None:
    """Judge that the audit log is unchanged and has exactly the advice of the run."""
    end_s = recording.frames[-1].time_s
    if recording.audit is None or not any(frame.prediction for frame in recording.frames):
        return Failure(end_s, 'nothing was advised')
    for problem in recording.audit.finding.problems:
        return Failure(end_s, f'the audit log was changed: {problem}')
    logged = {entry['case']: entry['label'] for entry in recording.audit.advice}
    for frame in recording.frames:
        if (frame.prediction is not None or frame.case) \
                and logged.pop(frame.case, 'nothing') != frame.prediction:
            return Failure(frame.time_s, f'the advice {frame.prediction} is not in the audit log')
    if logged:
        return Failure(end_s, f'case {next(iter(logged))} in the audit log was not advised')
    return None


def no_unsafe_command(recording: 'Recording') -> Failure | None:
    """Judge the commands, as observed outside the gates."""
    if not recording.unsafe_commands:
        return None
    first = recording.unsafe[0]
    return Failure(first.time_s, f'{recording.unsafe_commands} of {recording.commands} commands '
                   f'are unsafe, the first {first.reason}', first.command)


def safe_state_within(recording: 'Recording', most_s: float, faults: Sequence[Fault],
                      ) -> Failure | None:
    """Judge that no gate obeys once a fault has stopped fresh images for ``most_s``."""
    judged = False
    for frame in recording.frames:
        for fault in faults:
            if fault.blinds and fault.active(frame.time_s) \
                    and frame.time_s > fault.from_s + most_s + 1e-9:
                judged = True
                for actuator in _obeying(frame):
                    return Failure(frame.time_s, f'the gate of {actuator} still obeys '
                                   f'{frame.time_s - fault.from_s:.2f} s after {fault.kind}')
    if judged or not any(fault.blinds for fault in faults):
        return None
    return _never(recording, f'a fault had lasted for {most_s:g} s')


def recovers_within(recording: 'Recording', most_s: float, faults: Sequence[Fault],
                    ) -> Failure | None:
    """Judge that every gate obeys again within ``most_s`` after a fault ends."""
    judged = False
    for fault, after in _after(recording, most_s, faults):
        judged = True
        if not any(len(list(_obeying(frame))) == len(frame.gate_states) for frame in after):
            return Failure(after[-1].time_s, f'not all gates obey {most_s:g} s after '
                           f'{fault.kind} ended')
    return None if judged else _never(recording, 'a fault had ended')


def _obeying(frame: 'FrameRecord') -> Iterator[str]:
    return (actuator for actuator, state in frame.gate_states.items() if state == 'obeying')
