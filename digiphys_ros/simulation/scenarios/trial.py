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
"""Run and judge scenarios in parallel processes, with the image of each failure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any

import cv2
from digiphys_ros.simulation.loop import FrameRecord, make_pipeline, Recording, run_loop
from digiphys_ros.simulation.processes import in_processes
from digiphys_ros.simulation.scenarios.scenario import expectations_of, load_scenario, Scenario
from digiphys_ros.simulation.specification import Find
import numpy as np
from numpy.typing import NDArray

STRIP_POINTS = 600


@dataclass(frozen=True)
class Verdict:
    """
    The result of one expectation.

    :ivar reason: why it failed, empty if it passed.
    :ivar time_s: time of the last image before the failure.
    :ivar command: actuator -> field -> value at the failure.
    :ivar image: PNG of the classifier's input at the failure.
    """

    expectation: str
    bound: float
    reason: str = ''
    time_s: float | None = None
    command: Mapping[str, Mapping[str, float]] | None = None
    image: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the expectation was met."""
        return not self.reason


@dataclass(frozen=True)
class Trial:
    """
    The result of one scenario.

    :ivar times_s: times of ``values`` (one state value) and ``safe`` (whether an actuator was in
        its safe state without a command).
    """

    name: str
    scenario: Scenario
    verdicts: tuple[Verdict, ...]
    simulated_s: float
    wall_s: float
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    safe: tuple[bool, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return all(verdict.passed for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the report."""
        return {
            'scenario': self.name, 'description': self.scenario.description,
            'application': self.scenario.application.name, 'seed': self.scenario.seed,
            'passed': self.passed, 'simulated_s': round(self.simulated_s, 2),
            'wall_s': round(self.wall_s, 2),
            'expectations': [{
                'expectation': one.expectation, 'bound': one.bound, 'passed': one.passed,
                'reason': one.reason, 'time_s': one.time_s, 'command': one.command,
                'image': one.image} for one in self.verdicts]}


def run_trials(paths: Sequence[Path], out: Path, jobs: int, find: Find) -> Iterator[Trial]:
    """
    Run scenarios in parallel; yield each result as it completes.

    :param find: returns an application by name.
    :param out: folder for the images of failures.
    :param jobs: number of parallel processes.
    """
    return in_processes(run_trial, [(path, out, find) for path in paths], jobs)


def run_trial(path: Path, out: Path, find: Find) -> Trial:
    """Run and judge one scenario; run it again up to its failures to get their images."""
    scenario = load_scenario(path, find)
    started_s = time.perf_counter()
    recording = _run(scenario, scenario.seconds)
    verdicts = [_verdict_on(name, bound, recording, scenario)
                for name, bound in scenario.bounds.items()]
    verdicts = list(_with_images(verdicts, scenario, out / path.stem))
    state = scenario.application.strip_state
    frames = recording.frames[::len(recording.frames) // STRIP_POINTS + 1]
    return Trial(
        path.stem, scenario, tuple(verdicts), recording.frames[-1].time_s,
        time.perf_counter() - started_s, tuple(frame.time_s for frame in frames),
        tuple(float(frame.state[state]) if state else frame.score for frame in frames),
        tuple(any(one != 'obeying' for one in frame.gate_states.values()) for frame in frames))


def _run(scenario: Scenario, seconds: float, on_frame: Any = None) -> Recording:
    specification = scenario.application
    return run_loop(specification.parts().world(scenario.seed), make_pipeline(specification),
                    seconds, scenario.faults, on_frame)


def _verdict_on(name: str, bound: float, recording: Recording, scenario: Scenario) -> Verdict:
    failure = expectations_of(scenario.application)[name].judge(recording, bound, scenario.faults)
    if failure is None:
        return Verdict(name, bound)
    frame = _last_until(recording, failure.time_s)
    command = frame.outputs if failure.command is None else failure.command
    return Verdict(name, bound, failure.reason, round(frame.time_s, 3), command)


def _last_until(recording: Recording, time_s: float) -> FrameRecord:
    before = [frame for frame in recording.frames if frame.time_s <= time_s + 1e-9]
    return before[-1] if before else recording.frames[0]


def _with_images(verdicts: Sequence[Verdict], scenario: Scenario, stem: Path,
                 ) -> Iterator[Verdict]:
    """Run again, which gives identical frames, and keep those of the failures."""
    times_s = {one.time_s for one in verdicts if one.time_s is not None}
    images: dict[float, NDArray[Any]] = {}

    def keep(frame: FrameRecord, image: NDArray[Any]) -> None:
        if round(frame.time_s, 3) in times_s:
            images[round(frame.time_s, 3)] = image.copy()
    if times_s:
        _run(scenario, max(times_s) + 1e-3, keep)
        stem.parent.mkdir(parents=True, exist_ok=True)
    for one in verdicts:
        if one.time_s is None:
            yield one
            continue
        path = stem.with_name(f'{stem.name}_{one.expectation}.png')
        cv2.imwrite(str(path), add_caption(images[one.time_s], one))
        yield Verdict(one.expectation, one.bound, one.reason, one.time_s, one.command,
                      str(path))


def add_caption(image: NDArray[Any], verdict: Verdict) -> NDArray[Any]:
    """
    Return an image with failure and command written below it.

    :param image: (H, W) or (H, W, 3) uint8, RGB.
    :return: (H + 60, at least 640, 3) uint8, BGR.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    width = max(640, bgr.shape[1])
    canvas: NDArray[Any] = np.zeros((bgr.shape[0] + 60, width, 3), np.uint8)
    canvas[:bgr.shape[0], :bgr.shape[1]] = bgr
    command = '; '.join(
        f'{actuator} ' + ', '.join(f'{name} {value:.3g}' for name, value in values.items())
        for actuator, values in (verdict.command or {}).items())
    lines = (f'{verdict.time_s} s: {verdict.expectation} {verdict.bound:g}', verdict.reason,
             f'command: {command or "none"}')
    for row, line in enumerate(lines):
        cv2.putText(canvas, line, (6, bgr.shape[0] + 17 + 18 * row), cv2.FONT_HERSHEY_SIMPLEX,
                    0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return canvas
