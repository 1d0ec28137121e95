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

"""A node as tutorials write it against our nodes, with the same model and frames."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
from statistics import median
import subprocess
import threading
import time
from typing import Any

from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import (
    check_limit,
    format_rate,
    is_active,
    observe,
    run_nodes,
    script,
    Source,
    wait,
    wait_until_sent,
)
from digiphys_ros.bundles import load_bundle
from digiphys_ros.errors import BenchmarkError
from digiphys_ros.metrics import percentile
from digiphys_ros.resources import find_resource
from tqdm import tqdm

SOURCE, FAST_HZ = Source(640, 480), 400.0
PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
START_S = 60.0


def default_transport() -> Mapping[str, str]:
    """Return the environment without our transport profile; traffic stays on this machine."""
    return {name: value for name, value in os.environ.items() if name not in PROFILES}


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return latency and frames a second of both, and the ratios between them."""
    seconds = options.seconds
    rounds = [{'tutorial': run(seconds, tutorial), 'ours': run(seconds, ours)}
              for _ in tqdm(
                  range(options.rounds), desc='tutorial-style node', unit='round', disable=None)]

    def ratios(figure: str, top: str, bottom: str) -> list[float]:
        return [one[top][figure] / one[bottom][figure] for one in rounds]
    lower, more = ratios('p50_ms', 'tutorial', 'ours'), ratios('most_hz', 'ours', 'tutorial')
    cases = [{
        'case': f'{name}, {SOURCE.name}', 'rate_hz': SOURCE.rate_hz,
        'sent_hz': min(one[name]['sent_hz'] for one in rounds),
        **{figure: median(one[name][figure] for one in rounds)
           for figure in ('received', 'p50_ms', 'p99_ms', 'most_hz')}}
        for name in ('tutorial', 'ours')]
    return {'cases': cases, 'limits': [
        check_limit(name, median(found), 10.0, most=False, rounds=found)
        for name, found in (('capture to command p50, tutorial-style node / ours', lower),
                            ('frames a second, ours / tutorial-style node', more))]}


def run(seconds: float, start: Any) -> dict[str, float]:
    """Return the latency at the usual rate, and commands a second at a rate that is too high."""
    with start() as (environment, observer):
        usual = commands_of(observer, SOURCE, seconds, environment)
        fast = commands_of(
            observer, Source(SOURCE.width, SOURCE.height, FAST_HZ), seconds, environment)
    return {'sent_hz': usual['sent_hz'],
            'received': usual['commands'] / usual['sent'], 'p50_ms': usual['p50_ms'],
            'p99_ms': usual['p99_ms'], 'most_hz': fast['commands'] / fast['took_s']}


def commands_of(observer: 'Watch', source: Source, seconds: float,
                environment: Mapping[str, str]) -> dict[str, float]:
    """Return the number of commands for new images while a source plays, and their age."""
    observer.clear()
    sender = source.start(seconds, 'reliable', environment=environment)
    sent = wait_until_sent(sender, 120.0)
    observer.settle()
    ages_ms = observer.ages_ms()
    if not ages_ms:
        raise BenchmarkError(f'no command came for the frames of {source.name}.')
    return {'sent': sent.sent, 'sent_hz': sent.rate_hz, 'took_s': sent.to_s - sent.from_s,
            'commands': len(ages_ms), 'p50_ms': percentile(ages_ms, 50),
            'p99_ms': percentile(ages_ms, 99)}


class Watch:
    """Observe commands from another process: the age of the image that each was made from."""

    def __init__(self, topic: str, message_type: type) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        self._ages_ms: list[float] = []
        self._last_s = time.monotonic()
        self._context = rclpy.Context()
        rclpy.init(args=[], context=self._context)
        self.node = rclpy.create_node('watch', context=self._context)
        self.node.create_subscription(message_type, topic, self._take, 200)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        threading.Thread(target=self._executor.spin, daemon=True).start()

    def clear(self) -> None:
        """Forget the commands received."""
        self._ages_ms.clear()

    def ages_ms(self) -> list[float]:
        """Return the age of each command at its arrival."""
        return list(self._ages_ms)

    def settle(self) -> None:
        """Wait until no command has come for a second."""
        self._last_s = time.monotonic()
        while time.monotonic() < self._last_s + 1.0:
            time.sleep(0.05)

    def close(self) -> None:
        """Stop observing."""
        import rclpy
        self._executor.shutdown(timeout_sec=0.5)
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _take(self, message: Any) -> None:
        header = getattr(message, 'header', message)
        stamp_s = header.stamp.sec + header.stamp.nanosec * 1e-9
        self._ages_ms.append((time.time() - stamp_s) * 1e3)
        self._last_s = time.monotonic()


@contextmanager
def tutorial() -> Iterator[tuple[Mapping[str, str], Watch]]:
    """Run the tutorial-style node as a user would start it."""
    from geometry_msgs.msg import TwistStamped
    environment = default_transport()
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    node: subprocess.Popen[str] = script(
        'tutorial_node.py', str(bundle.file('keras')), environment=environment)
    watch = Watch('cmd_vel', TwistStamped)
    try:
        deadline_s = time.monotonic() + START_S
        while not watch.node.count_subscribers('image'):
            if time.monotonic() > deadline_s or node.poll() is not None:
                raise BenchmarkError('the tutorial-style node did not start.')
            time.sleep(0.1)
        yield environment, watch
    finally:
        watch.close()
        node.kill()
        node.wait()


@contextmanager
def ours() -> Iterator[tuple[Mapping[str, str], Watch]]:
    """Run our nodes; the gate reports which image a command was made from."""
    from std_msgs.msg import Header
    whole = {'classifier': {'roi': [0.0, 0.0, 1.0, 1.0]}}
    with observe() as observer, run_nodes(whole):
        wait(observer, is_active(observer, ('classifier', 'policy', 'gate')), 'active nodes')
        watch = Watch('obeyed/base', Header)
        try:
            yield os.environ, watch
        finally:
            watch.close()


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| node | camera [Hz] | commands for frames | p50 | p99 '
            '| commands a second, at most |', '|---|---|---|---|---|---|', *[
                f'| {one["case"]} | {format_rate(one["sent_hz"], one["rate_hz"])} | '
                f'{one["received"]:.1%} | {one["p50_ms"]:.2f} ms | '
                f'{one["p99_ms"]:.2f} ms | {one["most_hz"]:.0f} |' for one in cases]]
