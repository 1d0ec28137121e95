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

"""
Stopping: time to the safe command after a dead camera, an e-stop press and a dead gate.

Also measures the time until the next gate replaces a dead one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import re
import signal
import subprocess
import sys
import tempfile
from typing import Any

from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import check_limit, result_of, run_nodes, script
from digiphys_ros.metrics import percentile
from tqdm import tqdm

LEASE_S, RATE_HZ = 0.1, 50.0
PERIOD_S = 1 / RATE_HZ
ROBOTS = 4
BUSY = [sys.executable, '-c', 'import time\nend = time.monotonic() + 3600\n'
        'while time.monotonic() < end: pass']
STOPS, SHORT_STOPS = 5000, 200
PRESSES, SHORT_PRESSES = 200, 20
ENDS, SHORT_ENDS = 20, 3
RESTART_MS = 500.0
FIRST_OUTPUT = r'process before this one ended.*?\[(\d+\.\d+)\] \[robot0\.gate\]: base: '
"""Line in the log of the next gate that follows its first output, with the time [s]."""
LATEST_MS = 3 * PERIOD_S * 1e3
"""Two periods until the guard acts, and one period for the age of the gate's last heartbeat."""
GATE = {'gate': {'lease_s': LEASE_S, 'rate_hz': RATE_HZ}}


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return the time of each way to stop."""
    short = options.short
    dead = dead_camera_ms(SHORT_STOPS if short else STOPS)
    presses = estop_ms(SHORT_PRESSES if short else PRESSES)
    ends = {name: gate_end_ms(number, SHORT_ENDS if short else ENDS)
            for name, number in (('stopped', signal.SIGSTOP), ('killed', signal.SIGKILL))}
    restarts, heard = restart_ms(SHORT_ENDS if short else ENDS)
    limit_ms = (LEASE_S + PERIOD_S) * 1e3
    return {
        'cases': [
            _case(f'camera dead, {ROBOTS} gates and {ROBOTS} busy loops', dead),
            _case('e-stop pressed, 2 flooding writers', presses),
            *(_case(f'gate {name}, its guard acts', values) for name, values in ends.items()),
            _case(f'gate killed, {ROBOTS} busy loops, the next gate sends', restarts),
            _case(f'gate killed, {ROBOTS} busy loops, the next gate is heard', heard)],
        'limits': [
            check_limit('camera dead to safe command p99.9 / (lease + 1 period)',
                        percentile(dead, 99.9) / limit_ms, 1.0, most=True, wide=2.0),
            check_limit('e-stop to safe command, longest [ms]', max(presses), 20.0, most=True,
                        ratio=False),
            *(check_limit(f'gate {name} to safe command, longest [ms]', max(values), LATEST_MS,
                          most=True, ratio=False) for name, values in ends.items()),
            check_limit('gate killed to first output of the next gate, longest [ms]',
                        max(restarts), RESTART_MS, most=True, ratio=False)]}


def _case(name: str, values: list[float]) -> dict[str, Any]:
    return {'case': name, 'count': len(values), 'p50_ms': percentile(values, 50),
            'p99_9_ms': percentile(values, 99.9), 'longest_ms': max(values)}


def dead_camera_ms(count: int) -> list[float]:
    """Return the times from the last image to the safe command, with busy loops running."""
    with busy(ROBOTS), gates(ROBOTS):
        stoppers = [script('stopper.py', 'lease', f'robot{number}', str(count // ROBOTS))
                    for number in range(ROBOTS)]
        values = [result_of(stopper, 60 + count) for stopper in tqdm(
            stoppers, desc='dead cameras', unit='robot', disable=None)]
    return [value for one in values for value in one]


def estop_ms(count: int) -> list[float]:
    """Return the times from an e-stop press to the safe command, while commands flood the gate."""
    with gates(1):
        floods = [script('stopper.py', 'flood', 'robot0', '600') for _ in range(2)]
        try:
            values: list[float] = result_of(script('stopper.py', 'estop', 'robot0', str(count)),
                                            60 + 2 * count)
            return values
        finally:
            for flood in floods:
                flood.kill()
                flood.communicate()


def gate_end_ms(number: int, count: int) -> list[float]:
    """Return the times from a signal to the gate to the safe command of its guard."""
    values: list[float] = []
    for _ in tqdm(range(count), desc=f'gate ended by {signal.Signals(number).name}',
                  disable=None):
        with gates(1) as pids:
            values += result_of(script(
                'stopper.py', 'gate', 'robot0', '1', str(pids[0]), str(number)), 60)
    return values


def restart_ms(count: int) -> tuple[list[float], list[float]]:
    """
    Return the times from the death of a gate until the next one sends, and is heard.

    The first is read from its log, as discovery of the new publisher takes longer.
    """
    with tempfile.TemporaryFile('w+') as log:
        with busy(ROBOTS), run_nodes(GATE, ('gate',), namespace='robot0', respawn=True, output=log
                                     ) as supervisor:
            found = result_of(script(
                'stopper.py', 'restart', 'robot0', str(count), str(supervisor.pids()['gate'])),
                60 + 30 * count)
        log.seek(0)
        first_s = [float(stamp) for stamp in re.findall(FIRST_OUTPUT, log.read(), re.DOTALL)]
    return ([(sent_s - ended_s) * 1e3
             for sent_s, (ended_s, _) in zip(first_s, found, strict=True)],
            [heard_ms for _, heard_ms in found])


@contextmanager
def gates(count: int) -> Iterator[list[int]]:
    """Run gates, each in its own namespace; yield their process ids."""
    if count == 0:
        yield []
        return
    with run_nodes(GATE, ('gate',), namespace=f'robot{count - 1}') as supervisor, \
            gates(count - 1) as others:
        yield [*others, supervisor.pids()['gate']]


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep the processor busy with endless loops."""
    loops = [subprocess.Popen(BUSY, stdin=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return [f'| way to stop (lease {LEASE_S * 1e3:g} ms, {RATE_HZ:g} Hz) | stops | p50 | p99.9 '
            '| longest |', '|---|---|---|---|---|', *[
                f'| {one["case"]} | {one["count"]} | {one["p50_ms"]:.1f} ms | '
                f'{one["p99_9_ms"]:.1f} ms | {one["longest_ms"]:.1f} ms |' for one in cases]]
