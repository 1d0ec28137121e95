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

"""Processes that a benchmark starts, and their memory and processor time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from digiphys_ros.errors import BenchmarkError
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.diagnostics import SILENT
from digiphys_ros.ros.parameters.configuration import command
from digiphys_ros.ros.supervision.respawn import RESPAWN
from digiphys_ros.ros.supervision.supervisor import Supervisor
from digiphys_ros.ros.transport.environment import private_environment, transport_environment
from digiphys_ros.settings import RULES

HERE = Path(__file__).parent
PIPELINE = ('classifier', 'policy', 'gate')
HOSTED = ('classifier', 'policy')
"""Nodes of the executable ``pipeline``."""
CONFIG = 'traffic_signs.yaml'
READY_S, QUIET_S = 30.0, 15.0
LEAST_RATE = 0.97
LITERT = {'classifier': {'engine': 'litert', 'roi': [0.0, 0.0, 1.0, 1.0]}}


@dataclass(frozen=True)
class Source:
    """
    A process that publishes images.

    :ivar encoding: encoding of the images, ``raw`` (rgb8) or ``jpeg``.
    :ivar namespace: namespace of the topic.
    """

    width: int
    height: int
    rate_hz: float = 30.0
    encoding: str = 'raw'
    namespace: str = ''

    @property
    def size(self) -> str:
        """Return the size in pixels, as tables show it."""
        return f'{self.width}x{self.height}'

    @property
    def name(self) -> str:
        """Return the name shown in tables."""
        return f'{self.size} {self.encoding} at {self.rate_hz:g} Hz'

    def start(self, seconds: float, *words: str, environment: Mapping[str, str] | None = None,
              enter: Sequence[str] = ()) -> 'subprocess.Popen[str]':
        """Publish from the first subscription, or as ``words`` say; see sender.py."""
        return script('sender.py', *map(str, (
            self.width, self.height, self.rate_hz, seconds, self.encoding, self.namespace or '-')),
            *words, environment=environment, enter=enter)


@dataclass(frozen=True)
class SentFrames:
    """Number of frames that a source sent, and from when to when [s, monotonic]."""

    sent: int
    from_s: float
    to_s: float

    @property
    def rate_hz(self) -> float:
        """Return the rate that was reached; a busy machine may not reach the nominal rate."""
        return self.sent / (self.to_s - self.from_s)


def format_rate(reached_hz: float, rate_hz: float) -> str:
    """Return the rate that a source reached, marked where it is below its nominal rate."""
    return f'{reached_hz:.1f}' + ('' if reached_rate(reached_hz, rate_hz) else ' (too slow)')


def reached_rate(reached_hz: float, rate_hz: float) -> bool:
    """Return whether a source reached its nominal rate."""
    return reached_hz >= LEAST_RATE * rate_hz


def keep_to_this_machine() -> None:
    """Use a separate domain and home for this run, and the transport of the nodes."""
    os.environ.update(transport_environment('local', private_environment(os.environ)))


def script(name: str, *words: str, environment: Mapping[str, str] | None = None,
           enter: Sequence[str] = ()) -> 'subprocess.Popen[str]':
    """
    Start one of the scripts of this folder; it prints its result to standard output.

    :param enter: command prefix that starts it elsewhere, such as in a network namespace.
    """
    return subprocess.Popen([*enter, sys.executable, str(HERE / name), *words], text=True,
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            env=None if environment is None else dict(environment))


def _words(process: 'subprocess.Popen[str]') -> str:
    words = process.args
    assert isinstance(words, list)
    return ' '.join(map(str, words[1:]))


def result_of(process: 'subprocess.Popen[str]', patience_s: float = 60.0) -> Any:
    """Return the JSON that a script printed."""
    try:
        return json.loads(process.communicate(timeout=patience_s)[0])
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        process.kill()
        process.wait()
        raise BenchmarkError(f'{_words(process)}: printed no result: '
                             f'{error}') from error


@contextmanager
def terminate_after(process: 'subprocess.Popen[str]') -> Iterator['subprocess.Popen[str]']:
    """Terminate a script at the end of the context, unless it has ended by itself."""
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def wait_until_sent(sender: 'subprocess.Popen[str]', patience_s: float) -> SentFrames:
    """Wait until a source has sent its last frame."""
    return SentFrames(**result_of(sender, patience_s))


@contextmanager
def run_nodes(parameters: Mapping[str, Mapping[str, Any]] | None = None,
              names: Sequence[str] = PIPELINE, namespace: str = '', respawn: bool = False,
              output: Any = subprocess.DEVNULL, environment: Mapping[str, str] | None = None
              ) -> Iterator[Supervisor]:
    """
    Run nodes, each in its own process; ``pipeline`` is classifier and policy in one process.

    :param respawn: whether a spare process waits to replace a dead gate.
    :param output: file for the output of the nodes.
    :param environment: of the nodes; None is the default on this machine.
    """
    if environment is None:
        environment = transport_environment('local', os.environ, images=False)
    supervisor = Supervisor(
        {name: _command(name, parameters or {}, namespace) for name in names},
        {name: {**environment, **({RESPAWN: 'true'} if respawn else {})} for name in names},
        output)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def _command(name: str, parameters: Mapping[str, Mapping[str, Any]], namespace: str
             ) -> list[str]:
    own = dict(parameters.get(name, {}))
    if name == 'pipeline':
        own = {f'{node}:{key}': value for node in HOSTED
               for key, value in parameters.get(node, {}).items()}
    if name == 'gate':
        # nobody presses an e-stop here
        own = {'estop_wait_s': 0.0, **own}
    return command(name, namespace=namespace, config=find_resource(CONFIG, 'config'),
                   parameters=own)


@contextmanager
def observe() -> Iterator[Any]:
    """Observe the pipeline from another process."""
    from digiphys_ros.control import load_actuators
    from digiphys_ros.ros.observer import Observer
    observer = Observer(load_actuators(find_resource(RULES, 'config'))['base'])
    try:
        yield observer
    finally:
        observer.close()


def wait(observer: Any, condition: Callable[[], bool], what: str, patience_s: float = READY_S
         ) -> None:
    """
    Wait for a condition.

    :param what: what is awaited, for the error.
    :raises BenchmarkError: after ``patience_s``.
    """
    if not observer.wait_for(condition, patience_s):
        raise BenchmarkError(f'no {what} within {patience_s:.0f} s.')


def is_active(observer: Any, names: Sequence[str]) -> Callable[[], bool]:
    """Return a condition: all of these nodes are active."""
    return lambda: all(observer.diagnostic(name, 'phase') == 'active' for name in names)


def settle(observer: Any, classifiers: Sequence[str] = ('classifier',)) -> None:
    """Wait until the classifiers are idle and have reported their last figures."""
    wait(observer, lambda: all(
        observer.diagnostic(name, 'message').startswith(SILENT) for name in classifiers),
        'end of the frames at the classifiers', QUIET_S)


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process [MB]."""
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used [s]."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def check_limit(name: str, value: float, limit: float, *, most: bool, ratio: bool = True,
                wide: float | None = None, rounds: Sequence[float] = ()) -> dict[str, Any]:
    """
    Return one figure and whether it is within its limit.

    :param most: whether the limit is the highest value allowed, else the lowest.
    :param ratio: False for a figure that depends on the speed of the machine: the short form does
        not judge it.
    :param wide: limit of the short form, twice as wide by default; ``passed_short`` is its result.
    :param rounds: the figure in each round, for its spread; ``value`` is the median.
    """
    if wide is None:
        wide = 2 * limit if most else limit / 2
    spread = {'lowest': round(min(rounds), 4), 'highest': round(max(rounds), 4)} if rounds else {}
    return {'name': name, 'value': round(value, 4), **spread, 'limit': limit,
            'passed': value <= limit if most else value >= limit,
            'passed_short': not ratio or (value <= wide if most else value >= wide)}
