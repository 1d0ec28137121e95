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
"""Run an application with many seeds in parallel and compare it with its targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import time
from typing import Any

from digiphys_ros.simulation.loop import make_pipeline, report_arguments, run_loop
from digiphys_ros.simulation.processes import in_processes
from digiphys_ros.simulation.specification import ApplicationSpec
from digiphys_ros.simulation.targets import Target, targets


@dataclass(frozen=True)
class Task:
    """
    What to run with each seed.

    :ivar seconds: maximum simulated time.
    :ivar bundle: model bundle; None for that of the application.
    :ivar camera: False skips rendering: the policy gets the ground truth.
    """

    application: ApplicationSpec
    seconds: float
    bundle: str | None = None
    camera: bool = True


@dataclass(frozen=True)
class SeedRun:
    """
    The result of one run.

    :ivar wall_s: wall time without the start of the process and the classifier.
    :ivar result: the application's own report.
    """

    seed: int
    simulated_s: float
    wall_s: float
    frames: int
    targets: tuple[Target, ...]
    result: dict[str, Any]
    unsafe: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the report."""
        return {'seed': self.seed, 'simulated_s': round(self.simulated_s, 2),
                'wall_s': round(self.wall_s, 2), 'frames': self.frames,
                'targets': [one.as_json() for one in self.targets],
                'result': self.result, 'unsafe': list(self.unsafe)}


def run_seeds(task: Task, seeds: Sequence[int], jobs: int) -> Iterator[SeedRun]:
    """Run with each seed in ``jobs`` parallel processes; yield each run as it completes."""
    return in_processes(run_seed, [(task, seed) for seed in seeds], jobs)


def run_seed(task: Task, seed: int) -> SeedRun:
    """Run once."""
    parts = task.application.parts()
    world = parts.world(seed, camera=task.camera)
    pipeline = make_pipeline(task.application, bundle=task.bundle, camera=task.camera)
    started_s = time.perf_counter()
    recording = run_loop(world, pipeline, task.seconds, camera=task.camera)
    wall_s = time.perf_counter() - started_s
    return SeedRun(seed, world.time_s, wall_s, len(recording.frames),
                   tuple(targets(parts.targets, recording)),
                   parts.report(*report_arguments(recording)),
                   tuple(one.reason for one in recording.unsafe))
