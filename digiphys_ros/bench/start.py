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

"""Start: from process start to first classification; and a change of model under load."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
import subprocess
import tempfile
import threading
import time
from typing import Any

from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import (
    check_limit,
    format_rate,
    is_active,
    LITERT,
    observe,
    run_nodes,
    settle,
    Source,
    terminate_after,
    wait,
    wait_until_sent,
)
from digiphys_ros.errors import BenchmarkError
from digiphys_ros.resources import find_resource
from tqdm import tqdm

SOURCE = Source(640, 480)
CLASSIFIER = ('classifier',)
SWAP_S = 6.0


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return cases and limits: medians over the rounds."""
    rounds = [{'first_s': first_classification_s(), **swap()}
              for _ in tqdm(
                  range(options.rounds), desc='start and swap', unit='round', disable=None)]

    def over(figure: str) -> float:
        return median(one[figure] for one in rounds)
    return {
        'cases': [{'case': 'process start to first classification',
                   'value': f'{over("first_s"):.2f} s'},
                  {'case': 'change of model at 30 Hz',
                   'value': f'{over("lost"):g} frames lost, longest gap {over("gap"):.2f} frame '
                            f'periods, loading {over("swap_s"):.2f} s, camera at '
                            + format_rate(min(one['sent_hz'] for one in rounds), SOURCE.rate_hz)
                            + ' Hz'}],
        'limits': [check_limit(name, over(figure), limit, most=True,
                               rounds=[one[figure] for one in rounds], **options)
                   for name, figure, limit, options in (
                       ('process start to first classification [s]', 'first_s', 1.0,
                        {'ratio': False}),
                       ('change of model under load, frames lost', 'lost', 0.0, {'wide': 3.0}),
                       ('change of model under load, longest gap [frame periods]', 'gap', 2.0,
                        {}))]}


def first_classification_s() -> float:
    """Return the time from the start of the classifier's process to its first answer."""
    with observe() as observer, terminate_after(SOURCE.start(20.0, 'now')):
        observer.wait_for_publisher('image', 10.0)
        started_s = time.time()
        with run_nodes(LITERT, CLASSIFIER):
            wait(observer, lambda: bool(observer.recording.classifications), 'an answer')
            return float(observer.recording.classifications[0].arrival_s - started_s)


def swap() -> dict[str, float]:
    """Return frames lost and the longest gap while one model replaces another."""
    with tempfile.TemporaryDirectory() as folder, observe() as observer, \
            run_nodes(LITERT, CLASSIFIER), bundle_setter() as set_bundle:
        copy = f'{folder}/other'
        subprocess.run(['cp', '-r', str(find_resource('traffic_signs', 'models')), copy],
                       check=True)
        wait(observer, is_active(observer, CLASSIFIER), 'active classifier')
        source = SOURCE.start(SWAP_S)
        wait(observer, lambda: len(observer.recording.classifications) > 30, 'answers')
        took_s = set_bundle(copy)
        sent = wait_until_sent(source, SWAP_S + 60)
        settle(observer)
        arrivals_s = [one.arrival_s for one in observer.recording.classifications]
        gaps_s = [after - before for before, after in pairwise(arrivals_s)]
        return {'lost': sent.sent - len(arrivals_s), 'gap': max(gaps_s) * SOURCE.rate_hz,
                'swap_s': took_s, 'sent_hz': sent.rate_hz}


@contextmanager
def bundle_setter() -> Iterator[Callable[[str], float]]:
    """Yield a function that sets the classifier's bundle parameter and returns the seconds."""
    import rclpy
    from rclpy.parameter import Parameter
    from rclpy.parameter_client import AsyncParameterClient
    context = rclpy.Context()
    rclpy.init(args=[], context=context)
    node = rclpy.create_node('swap', context=context)
    executor = rclpy.executors.SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    # created before the frames come, as it would delay the observer
    client = AsyncParameterClient(node, 'classifier')

    def set_bundle(bundle: str) -> float:
        started_s, done = time.perf_counter(), threading.Event()
        future = client.set_parameters([Parameter('bundle', value=bundle)])
        future.add_done_callback(lambda _: done.set())
        done.wait(30.0)
        result = future.result()
        if result is None or not result.results[0].successful:
            raise BenchmarkError(f'the classifier refused the bundle {bundle}: {result}')
        return time.perf_counter() - started_s
    try:
        client.wait_for_services(10.0)
        yield set_bundle
    finally:
        executor.shutdown(timeout_sec=0.5)
        node.destroy_node()
        rclpy.shutdown(context=context)


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| case | result |', '|---|---|',
            *[f'| {one["case"]} | {one["value"]} |' for one in cases]]
