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
"""Run scenarios: each in a process of its own, judged, with the image of every failure."""

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
    One expectation after one run.

    :ivar sentence: why it does not hold, empty where it does.
    :ivar time_s: of the last image before it stopped to hold.
    :ivar command: actuator to field to value, at the moment it stopped to hold.
    :ivar image: PNG of what the classifier got at that moment.
    """

    expectation: str
    bound: float
    sentence: str = ''
    time_s: float | None = None
    command: Mapping[str, Mapping[str, float]] | None = None
    image: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it held to the end."""
        return not self.sentence


@dataclass(frozen=True)
class Trial:
    """
    One scenario, run and judged.

    :ivar times_s: of the points in ``values`` (one fact over time) and ``safe`` (whether some
        actuator was in its safe state for lack of a command).
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
        """Whether every expectation held."""
        return all(verdict.passed for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return what a report holds."""
        return {
            'scenario': self.name, 'about': self.scenario.about,
            'application': self.scenario.application.name, 'seed': self.scenario.seed,
            'passed': self.passed, 'simulated_s': round(self.simulated_s, 2),
            'wall_s': round(self.wall_s, 2),
            'expectations': [{
                'expectation': one.expectation, 'bound': one.bound, 'passed': one.passed,
                'why': one.sentence, 'time_s': one.time_s, 'command': one.command,
                'image': one.image} for one in self.verdicts]}


def run_trials(paths: Sequence[Path], out: Path, jobs: int, find: Find) -> Iterator[Trial]:
    """
    Run scenarios in parallel; yield each as it ends.

    :param find: returns the application of a name.
    :param out: folder for the images of failures.
    :param jobs: how many at a time.
    """
    return in_processes(run_trial, [(path, out, find) for path in paths], jobs)


def run_trial(path: Path, out: Path, find: Find) -> Trial:
    """Run one scenario and judge it; run it again to its failures for their images."""
    scenario = load_scenario(path, find)
    started_s = time.perf_counter()
    recording = _run(scenario, scenario.seconds)
    verdicts = [_judge(name, bound, recording, scenario)
                for name, bound in scenario.bounds.items()]
    verdicts = list(_with_images(verdicts, scenario, out / path.stem))
    fact = scenario.application.strip_state
    frames = recording.frames[::len(recording.frames) // STRIP_POINTS + 1]
    return Trial(
        path.stem, scenario, tuple(verdicts), recording.frames[-1].time_s,
        time.perf_counter() - started_s, tuple(frame.time_s for frame in frames),
        tuple(float(frame.state[fact]) if fact else frame.score for frame in frames),
        tuple(any(state != 'obeying' for state in frame.gate_states.values())
              for frame in frames))


def _run(scenario: Scenario, seconds: float, watch: Any = None) -> Recording:
    specification = scenario.application
    return run_loop(specification.parts().world(scenario.seed), make_pipeline(specification),
                    seconds, scenario.faults, watch)


def _judge(name: str, bound: float, recording: Recording, scenario: Scenario) -> Verdict:
    failure = expectations_of(scenario.application)[name].judge(recording, bound, scenario.faults)
    if failure is None:
        return Verdict(name, bound)
    frame = _last_until(recording, failure.time_s)
    command = frame.outputs if failure.command is None else failure.command
    return Verdict(name, bound, failure.sentence, round(frame.time_s, 3), command)


def _last_until(recording: Recording, time_s: float) -> FrameRecord:
    before = [frame for frame in recording.frames if frame.time_s <= time_s + 1e-9]
    return before[-1] if before else recording.frames[0]


def _with_images(verdicts: Sequence[Verdict], scenario: Scenario, stem: Path,
                 ) -> Iterator[Verdict]:
    """Run again, which gives the same frames to the byte, and keep those of the failures."""
    wanted = {one.time_s for one in verdicts if one.time_s is not None}
    images: dict[float, NDArray[Any]] = {}

    def keep(frame: FrameRecord, image: NDArray[Any]) -> None:
        if round(frame.time_s, 3) in wanted:
            images[round(frame.time_s, 3)] = image.copy()
    if wanted:
        _run(scenario, max(wanted) + 1e-3, keep)
        stem.parent.mkdir(parents=True, exist_ok=True)
    for one in verdicts:
        if one.time_s is None:
            yield one
            continue
        path = stem.with_name(f'{stem.name}_{one.expectation}.png')
        cv2.imwrite(str(path), captioned(images[one.time_s], one))
        yield Verdict(one.expectation, one.bound, one.sentence, one.time_s, one.command,
                      str(path))


def captioned(image: NDArray[Any], verdict: Verdict) -> NDArray[Any]:
    """
    Return an image with the failure and the command written below it.

    :param image: (H, W) or (H, W, 3) uint8, RGB.
    :return: (H + 60, at least 640, 3) uint8, BGR.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    width = max(640, bgr.shape[1])
    sheet: NDArray[Any] = np.zeros((bgr.shape[0] + 60, width, 3), np.uint8)
    sheet[:bgr.shape[0], :bgr.shape[1]] = bgr
    command = '; '.join(
        f'{actuator} ' + ', '.join(f'{name} {value:.3g}' for name, value in values.items())
        for actuator, values in (verdict.command or {}).items())
    lines = (f'{verdict.time_s} s: {verdict.expectation} {verdict.bound:g}', verdict.sentence,
             f'command: {command or "none"}')
    for row, line in enumerate(lines):
        cv2.putText(sheet, line, (6, bgr.shape[0] + 17 + 18 * row), cv2.FONT_HERSHEY_SIMPLEX,
                    0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return sheet
