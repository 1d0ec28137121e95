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

"""Two machines: images from one network namespace to another over a veth pair."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
from statistics import median
import subprocess
from typing import Any

from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import (
    check_limit,
    format_rate,
    HERE,
    result_of,
    script,
    Source,
    terminate_after,
    wait_until_sent,
)
from digiphys_ros.errors import BenchmarkError
from digiphys_ros.ros.transport.environment import transport_environment
from tqdm import tqdm

SOURCES = (Source(640, 480), Source(1280, 720), Source(1920, 1080, encoding='jpeg'))
LEAST_RECEIVED = 0.5
"""Fraction that the short form accepts: another program may use the processor."""
PATIENCE_S = 60.0
Machines = tuple[list[str], list[str]]
"""The command prefix that starts a program on each machine."""
ENTER = 'mount -t tmpfs tmpfs /dev/shm && exec "$@"'
"""Two machines have no memory in common."""


class NoNamespacesError(BenchmarkError):
    """Raise when this user may not create network namespaces, with the reason."""


@contextmanager
def two_machines() -> Iterator[Machines]:
    """
    Create and connect two network namespaces of this process.

    :raises NoNamespacesError: where that is not allowed.
    """
    names = [f'digiphys_{os.getpid()}_{side}' for side in 'ab']
    links = [f'dp{os.getpid() % 10**8}{side}' for side in 'ab']
    try:
        for name in names:
            _ip('netns', 'add', name)
        _ip('-n', names[0], 'link', 'add', links[0], 'type', 'veth',
            'peer', 'name', links[1], 'netns', names[1])
        for number, (name, link) in enumerate(zip(names, links, strict=True), start=1):
            _ip('-n', name, 'address', 'add', f'10.231.7.{number}/24', 'dev', link)
            for device in ('lo', link):
                _ip('-n', name, 'link', 'set', device, 'up')
        first, second = (['ip', 'netns', 'exec', name, 'sh', '-c', ENTER, 'sh'] for name in names)
        yield first, second
    finally:
        for name in names:
            # this removes the veth pair too
            subprocess.run(['ip', 'netns', 'delete', name], capture_output=True)


def _ip(*words: str) -> None:
    try:
        done = subprocess.run(['ip', *words], capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NoNamespacesError('ip is missing: sudo apt-get install iproute2') from error
    if done.returncode:
        raise NoNamespacesError(f'ip {" ".join(words)}: {done.stderr.strip()}')


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return cases and limits; the short form plays only the smallest source, once."""
    sources = SOURCES[:1] if options.short else SOURCES
    try:
        with two_machines() as machines:
            rounds = [{source: count_received(source, options.seconds, machines)
                       for source in tqdm(sources, desc=f'network, round {number + 1}',
                                          unit='source', disable=None)}
                      for number in range(options.rounds)]
    except NoNamespacesError as error:
        return {'cases': [{'case': 'two network namespaces', 'skipped': str(error)}],
                'limits': []}
    fractions = {source: [one[source]['received'] / one[source]['sent'] for one in rounds]
                 for source in sources}
    return {
        'cases': [{'case': source.name, 'sent_hz': min(one[source]['sent_hz'] for one in rounds),
                   'rate_hz': source.rate_hz, 'received': median(fractions[source]),
                   'lowest': min(fractions[source]),
                   'classified': median(one[source]['classified'] / one[source]['sent']
                                        for one in rounds)} for source in sources],
        'limits': [check_limit(f'frames received from another network namespace, {source.name}',
                               median(found), 1.0, most=False, wide=LEAST_RECEIVED, rounds=found)
                   for source, found in fractions.items()]}


def count_received(source: Source, seconds: float, machines: Machines) -> dict[str, float]:
    """Return the numbers of frames sent on one machine and received on the other."""
    environment = network_environment(os.environ)
    far = script('far_side.py', source.encoding, str(seconds + PATIENCE_S),
                 environment=environment, enter=machines[1])
    with terminate_after(far):
        sent = wait_until_sent(
            source.start(seconds, environment=environment, enter=machines[0]),
            seconds + PATIENCE_S)
        found: dict[str, float] = result_of(far, seconds + PATIENCE_S)
    return {'sent': sent.sent, 'sent_hz': sent.rate_hz, **found}


def network_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of ``--transport robot`` for programs in network namespaces."""
    return transport_environment('robot', {
        **base, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
        # the started scripts import this package
        'PYTHONPATH': f'{HERE.parent}{os.pathsep}{base.get("PYTHONPATH", "")}'})


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    if 'skipped' in cases[0]:
        return [f'{cases[0]["case"]}: not measured: {cases[0]["skipped"]}']
    return ['| from one network namespace to another | camera [Hz] | received (lowest) | '
            'classified |', '|---|---|---|---|', *[
                f'| {one["case"]} | {format_rate(one["sent_hz"], one["rate_hz"])} | '
                f'{one["received"]:.1%} ({one["lowest"]:.1%}) | {one["classified"]:.1%} |'
                for one in cases]]
