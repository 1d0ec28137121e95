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

"""Resident memory of each node, and its growth over many frames."""

from collections.abc import Sequence
from typing import Any

from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import (
    check_limit,
    is_active,
    LITERT,
    observe,
    PIPELINE,
    resident_mb,
    run_nodes,
    Source,
    terminate_after,
    wait,
)

USUAL, FULL_HD = Source(640, 480), Source(1920, 1080)
HELD_FRAMES = 600
"""Frames after which the memory of a node is stable."""
SMALL = Source(64, 48, 800.0)
"""A leak does not depend on the frame size, and small frames come quickly."""
SETTLED, FRAMES, SHORT_FRAMES = 2_000, 100_000, 5_000


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return the memory of each node at some frame sizes, and its growth over small frames."""
    wanted = SHORT_FRAMES if options.short else FRAMES
    sources = (USUAL,) if options.short else (USUAL, FULL_HD)
    held = {source: after_frames(source, (HELD_FRAMES,))[0] for source in sources}
    before, after = after_frames(SMALL, (SETTLED, SETTLED + wanted))
    grown = {name: after[name] - before[name] for name in PIPELINE}
    cases = [{'case': f'{name}, {source.size}', 'resident_mb': mb[name], 'frames': HELD_FRAMES}
             for source, mb in held.items() for name in PIPELINE]
    cases += [{'case': f'{name}, {SMALL.size}', 'resident_mb': after[name],
               'grown_mb': grown[name], 'frames': wanted} for name in PIPELINE]
    return {'cases': cases, 'limits': [
        *(check_limit(f'{name} resident at {USUAL.size} [MB]', held[USUAL][name], limit,
                      most=True, ratio=False)
          for name, limit in (('classifier', 150.0), ('gate', 80.0))),
        *(check_limit(f'{name}, growth over {wanted} frames of {SMALL.size} [MB]', grown[name],
                      5.0, most=True, wide=5.0) for name in PIPELINE)]}


def after_frames(source: Source, counts: Sequence[int]) -> list[dict[str, float]]:
    """Return the memory of each node of a pipeline [MB] after each number of frames."""
    with observe() as observer, run_nodes(LITERT) as supervisor:
        wait(observer, is_active(observer, PIPELINE), 'active nodes')
        with terminate_after(source.start(1e9)):
            return [_after(observer, supervisor, count, source.rate_hz) for count in counts]


def _after(observer: Any, supervisor: Any, count: int, rate_hz: float) -> dict[str, float]:
    wait(observer, lambda: int(observer.diagnostic('classifier', 'classified') or 0) >= count,
         f'{count} frames', 60 + 4 * count / rate_hz)
    # the observer must not keep what it received, as its memory would grow too
    observer.recording.classifications.clear()
    return {name: resident_mb(pid) for name, pid in supervisor.pids().items()}


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| node, images (one run) | after | resident | growth |',
            '|---|---|---|---|', *[
                f'| {one["case"]} | {one["frames"]} frames | {one["resident_mb"]:.1f} MB | '
                + (f'{one["grown_mb"]:+.1f} MB |' if 'grown_mb' in one else '– |')
                for one in cases]]
