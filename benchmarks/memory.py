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

"""Memory: what each node holds, and what it holds more after very many frames."""

import argparse
from typing import Any

from benchmarks.running import (
    bar,
    is_active,
    LITERT,
    nodes,
    observed,
    PIPELINE,
    resident_mb,
    Source,
    wait,
)

SOURCE = Source(64, 48, 800.0)
SETTLED, FRAMES, SHORT_FRAMES = 2_000, 100_000, 5_000


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what each node holds, and how it grew."""
    wanted = SHORT_FRAMES if arguments.short else FRAMES
    with observed() as observer, \
            nodes(LITERT) as supervisor:
        wait(observer, is_active(observer, PIPELINE), 'active nodes')
        source = SOURCE.start(1e9)
        try:
            after_mb = [_after(observer, supervisor, count, SOURCE.rate_hz)
                        for count in (SETTLED, SETTLED + wanted)]
        finally:
            source.terminate()
            source.communicate()
    grown = {name: after_mb[1][name] - after_mb[0][name] for name in PIPELINE}
    cases = [{'case': name, 'resident_mb': after_mb[1][name], 'grown_mb': grown[name],
              'frames': wanted} for name in PIPELINE]
    return {'cases': cases, 'bars': [
        bar('classifier resident [MB]', after_mb[1]['classifier'], 150.0, most=True,
            ratio=False),
        bar('gate resident [MB]', after_mb[1]['gate'], 80.0, most=True, ratio=False),
        *(bar(f'{name}, growth over {wanted} frames [MB]', grown[name], 5.0, most=True, wide=5.0)
          for name in PIPELINE)]}


def _after(observer: Any, supervisor: Any, count: int, rate_hz: float) -> dict[str, float]:
    wait(observer, lambda: int(observer.diagnostic('classifier', 'classified') or 0) >= count,
         f'{count} frames', 60 + 4 * count / rate_hz)
    # a watcher that keeps all it saw is not what is measured
    observer.recording.classifications.clear()
    return {name: resident_mb(pid) for name, pid in supervisor.pids().items()}


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| node | resident | more after | |', '|---|---|---|---|', *[
        f'| {one["case"]} | {one["resident_mb"]:.1f} MB | {one["frames"]} frames | '
        f'{one["grown_mb"]:+.1f} MB |' for one in cases]]
