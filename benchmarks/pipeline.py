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

"""What ``digiphys bench`` measures of the pipeline: frames, latency, start and memory."""

import argparse
import json
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
import time
from typing import Any

from digiphys_ros.resources import find_resource
from digiphys_ros.statistics import percentile
from digiphys_ros.supervisor import Supervisor
from digiphys_ros.transport import transport_environment
from tqdm import tqdm

HERE = Path(__file__).parent
NODES = ('classifier', 'policy', 'gate')
SIZES = ((640, 480), (1920, 1080))
RATE_HZ = 30.0


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return cases and bars of the pipeline."""
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(1 + os.getpid() % 100)}
    os.environ.update(transport_environment('local', environment))
    rounds: list[dict[str, Any]] = []
    cases = [(number, size) for number in range(arguments.rounds) for size in SIZES]
    for _, size in tqdm(cases, desc='measuring', unit='case'):
        rounds.append({'size': size, 'hop': bare_hop(size, arguments.seconds),
                       'tuned_hop': bare_hop(size, arguments.seconds, 'tuned'),
                       'pipeline': pipeline(size, arguments.seconds), 'model_ms': model_ms(),
                       'first_s': first_classification_s()})
    return summary(rounds)


def sender(size: tuple[int, int], seconds: float, *words: str) -> 'subprocess.Popen[str]':
    return subprocess.Popen(
        [sys.executable, str(HERE / 'sender.py'), *map(str, size), str(RATE_HZ), str(seconds),
         *words], stdout=subprocess.PIPE, text=True)


def bare_hop(size: tuple[int, int], seconds: float, *words: str) -> dict[str, float]:
    """Return latency and frames of an empty subscription in another process."""
    with subprocess.Popen(
            [sys.executable, str(HERE / 'receiver.py'), *words], stdout=subprocess.PIPE,
            text=True) as receiver, sender(size, seconds) as source:
        sent = int(source.communicate(timeout=seconds + 30)[0])
        result: dict[str, float] = json.loads(receiver.communicate(timeout=30)[0])
    return {**result, 'sent': sent}


def pipeline(size: tuple[int, int], seconds: float) -> dict[str, Any]:
    """Return latency, frames, start and memory of classifier, policy and gate."""
    from digiphys_ros.control import load_actuators
    from digiphys_ros.nodes.observer import Observer
    observer = Observer(load_actuators(find_resource('traffic_rules.yaml', 'config'))['base'])
    supervisor = start(NODES)
    with sender(size, seconds) as source:
        try:
            sent = int(source.communicate(timeout=seconds + 30)[0])
            observer.wait_for(
                lambda: observer.diagnostic('classifier', 'message') == 'no frames arrive', 5.0)
            return {
                'sent': sent, 'received': int(observer.diagnostic('classifier', 'received')),
                'to_command_ms': float(
                    observer.diagnostic('gate', 'base.capture_to_command_ms.p50')),
                'to_command_p99_ms': float(
                    observer.diagnostic('gate', 'base.capture_to_command_ms.p99')),
                'resident_mb': {node: resident_mb(pid) for node, pid in supervisor.pids().items()}}
        finally:
            observer.close()
            supervisor.stop()


def start(nodes: tuple[str, ...]) -> Supervisor:
    from digiphys_ros.nodes.configuration import command
    config = find_resource('traffic.yaml', 'config')
    supervisor = Supervisor(
        {node: command(node, config=config) for node in nodes},
        {node: transport_environment('local', os.environ, images=False) for node in nodes},
        subprocess.DEVNULL)
    supervisor.start()
    return supervisor


def first_classification_s() -> float:
    """Return the time from starting the classifier's process to its first answer."""
    from digiphys_ros.control import load_actuators
    from digiphys_ros.nodes.observer import Observer
    observer = Observer(load_actuators(find_resource('traffic_rules.yaml', 'config'))['base'])
    with sender(SIZES[0], 8.0, 'now') as source:
        observer.wait_for_publisher('image', 10.0)
        started_s = time.time()
        supervisor = start(('classifier',))
        try:
            observer.wait_for(lambda: bool(observer.recording.classifications), 10.0)
            return observer.recording.classifications[0].arrival_s - started_s
        finally:
            source.terminate()
            observer.close()
            supervisor.stop()


def resident_mb(pid: int) -> float:
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def model_ms() -> float:
    """Return the median time of the engine alone, the same tensor again and again."""
    from digiphys_ros.perception import create_engine, load_bundle
    import numpy as np
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    engine, _ = create_engine(bundle)
    tensor = np.random.default_rng(0).random(bundle.spec.shape, np.float32)
    times_ms = []
    for _ in range(500):
        started_s = time.perf_counter()
        engine.infer(tensor)
        times_ms.append((time.perf_counter() - started_s) * 1e3)
    return percentile(times_ms, 50)


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians over the rounds, and the bars."""
    cases, bars = [], []
    for size in SIZES:
        own = [one for one in rounds if one['size'] == size]
        total_ms = median(one['pipeline']['to_command_ms'] for one in own)
        share = median(one['pipeline']['received'] / one['pipeline']['sent'] for one in own)
        name = f'{size[0]}x{size[1]} rgb8 at {RATE_HZ:.0f} Hz'
        ratios = {hop: [one['pipeline']['to_command_ms'] / (one[hop]['p50'] + one['model_ms'])
                        for one in own] for hop in ('hop', 'tuned_hop')}
        ratio = median(ratios['hop'])
        cases.append({
            'case': name, 'received': share,
            'bare_hop_ms': median(one['hop']['p50'] for one in own),
            'tuned_hop_ms': median(one['tuned_hop']['p50'] for one in own),
            'model_ms': median(one['model_ms'] for one in own),
            'capture_to_command_ms': total_ms,
            'capture_to_command_p99_ms': median(
                one['pipeline']['to_command_p99_ms'] for one in own),
            'bare_hop_received': median(one['hop']['received'] / one['hop']['sent']
                                        for one in own),
            'ratio': ratio, 'ratios': ratios['hop'],
            'ratio_to_tuned': median(ratios['tuned_hop']),
            'ratios_to_tuned': ratios['tuned_hop']})
        bars.append(bar(f'frames received, {name}', share, 1.0, share >= 1.0))
        if size == SIZES[0]:
            bars.append(bar('capture to command p50 / (model + bare hop), 640x480', ratio, 2.0,
                            ratio <= 2.0))
    first_s = median(one['first_s'] for one in rounds)
    bars.append(bar('process start to first classification [s]', first_s, 2.0, first_s <= 2.0))
    for node, limit in (('classifier', 200.0), ('gate', 80.0)):
        size_mb = median(one['pipeline']['resident_mb'][node] for one in rounds)
        bars.append(bar(f'{node} resident [MB]', size_mb, limit, size_mb <= limit))
    return {'cases': cases, 'bars': bars}


def bar(name: str, value: float, limit: float, holds: bool) -> dict[str, Any]:
    return {'name': name, 'value': round(value, 4), 'bar': limit, 'holds': holds}


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    lines = ['| case | received | bare hop | tuned hop | model | capture to command p50 | p99 | '
             '/ (bare hop + model) | / (tuned hop + model) |',
             '|---|---|---|---|---|---|---|---|---|']
    return lines + [
        f'| {one["case"]} | {one["received"]:.1%} | {one["bare_hop_ms"]:.2f} ms | '
        f'{one["tuned_hop_ms"]:.2f} ms | {one["model_ms"]:.2f} ms | '
        f'{one["capture_to_command_ms"]:.2f} ms | {one["capture_to_command_p99_ms"]:.2f} ms | '
        f'{one["ratio"]:.2f} | {one["ratio_to_tuned"]:.2f} |' for one in cases]
