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

from statistics import median
import time
from typing import Any

from digiphys_ros.applications import (
    APPLICATIONS,
    DEFAULT,
    find_application,
    make_application,
)
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import check_limit
from digiphys_ros.errors import SimulationError
from digiphys_ros.simulation.loop import make_pipeline, run_loop
from tqdm import tqdm

CAMERA_S = 8.0
ALONE_FRAMES = 1800
"""Length of a run without a camera [frames]."""


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return cases and limits: medians over the rounds."""
    names = [name for name in APPLICATIONS if find_application(name).actuated]
    rounds = [{name: factor(name) for name in names}
              for _ in tqdm(range(options.rounds), desc='simulator', unit='round', disable=None)]
    cases = [{'case': f'{name} without camera, policy on ground truth',
              'value': f'{median(one[name] for one in rounds):.0f} times real time'}
             for name in names]
    least = [min(one.values()) for one in rounds]
    limits = [check_limit('simulator without camera, times real time, the slowest application',
                          median(least), 50.0, most=False, ratio=False, rounds=least)]
    try:
        frames = [frames_per_s() for _ in range(options.rounds)]
    except SimulationError as error:
        cases.append({'case': 'camera of 640x480', 'value': str(error)})
    else:
        cases.append({'case': f'{DEFAULT}, camera of 640x480, classified and acted on',
                      'value': f'{median(frames):.1f} frames a second'})
        limits.append(check_limit('simulator, camera frames of 640x480 a second', median(frames),
                                  30.0, most=False, ratio=False, rounds=frames))
    return {'cases': cases, 'limits': limits}


def factor(name: str) -> float:
    """Return the real-time factor of an application in closed loop, without images."""
    application = make_application(name, camera=False)
    pipeline = make_pipeline(find_application(name), camera=False)
    started_s = time.perf_counter()
    run_loop(application, pipeline, ALONE_FRAMES / application.rate_hz, camera=False)
    return application.time_s / (time.perf_counter() - started_s)


def frames_per_s() -> float:
    """Return the images a second of a closed loop that renders and classifies them."""
    application = make_application(DEFAULT)
    pipeline = make_pipeline(find_application(DEFAULT))
    started_s = time.perf_counter()
    recording = run_loop(application, pipeline, CAMERA_S)
    return len(recording.frames) / (time.perf_counter() - started_s)


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| simulator | result |', '|---|---|',
            *[f'| {one["case"]} | {one["value"]} |' for one in cases]]
