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
"""The embedded simulator in closed loop: camera frames a second, and time without a camera."""

import argparse
from statistics import median
import time
from typing import Any

from digiphys_ros.applications import make_application
from digiphys_ros.bench.running import bar
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.loop import make_pipeline, run_loop
from tqdm import tqdm

CAMERA, CAMERA_S = 'traffic', 8.0
ALONE_S = {'traffic': 60.0, 'signals': 600.0, 'sorting': 60.0}
"""Applications that move without a camera, and for how long [simulated s]."""


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return cases and bars, medians over the rounds."""
    rounds = [{name: factor(name, seconds) for name, seconds in ALONE_S.items()}
              for _ in tqdm(range(arguments.rounds), desc='simulator', unit='round', disable=None)]
    cases = [{'case': f'{name} without camera, classifier told the truth',
              'value': f'{median(one[name] for one in rounds):.0f} times real time'}
             for name in ALONE_S]
    least = [min(one.values()) for one in rounds]
    bars = [bar('simulator without camera, times real time, the slowest application',
                median(least), 50.0, most=False, ratio=False, rounds=least)]
    try:
        frames = [frames_per_s() for _ in range(arguments.rounds)]
    except SimulationError as error:
        cases.append({'case': 'camera of 640x480', 'value': str(error)})
    else:
        cases.append({'case': f'{CAMERA}, camera of 640x480, classified and acted on',
                      'value': f'{median(frames):.1f} frames a second'})
        bars.append(bar('simulator, camera frames of 640x480 a second', median(frames), 30.0,
                        most=False, ratio=False, rounds=frames))
    return {'cases': cases, 'bars': bars}


def factor(name: str, seconds: float) -> float:
    """Return the simulated seconds a second of an application in closed loop, without pictures."""
    application = make_application(name, camera=False)
    pipeline = make_pipeline(application, camera=False)
    started_s = time.perf_counter()
    run_loop(application, pipeline, seconds, camera=False)
    return application.time_s / (time.perf_counter() - started_s)


def frames_per_s() -> float:
    """Return the pictures a second of a closed loop that draws and classifies them."""
    application = make_application(CAMERA)
    pipeline = make_pipeline(application)
    started_s = time.perf_counter()
    recording = run_loop(application, pipeline, CAMERA_S)
    return len(recording.frames) / (time.perf_counter() - started_s)


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| simulator | result |', '|---|---|',
            *[f'| {one["case"]} | {one["value"]} |' for one in cases]]
