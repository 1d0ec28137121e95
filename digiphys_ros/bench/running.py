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

"""Processes that a benchmark starts, and what the kernel knows of them."""

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

HERE = Path(__file__).parent
PIPELINE = ('classifier', 'policy', 'gate')
HOSTED = ('classifier', 'policy')
"""Nodes of the executable ``pipeline``."""
RULES, CONFIG = 'traffic_signs_rules.yaml', 'traffic_signs.yaml'
READY_S, QUIET_S = 30.0, 15.0
LEAST_RATE = 0.97
LITERT = {'classifier': {'engine': 'litert', 'roi': [0.0, 0.0, 1.0, 1.0]}}


@dataclass(frozen=True)
class Source:
    """
    Images that a process of its own publishes.

    :ivar kind: raw (rgb8) or jpeg.
    :ivar namespace: what the topic begins with.
    """

    width: int
    height: int
    rate_hz: float = 30.0
    kind: str = 'raw'
    namespace: str = ''

    @property
    def size(self) -> str:
        """Return its pixels, as tables name them."""
        return f'{self.width}x{self.height}'

    @property
    def name(self) -> str:
        """Return its name in tables."""
        return f'{self.size} {self.kind} at {self.rate_hz:g} Hz'

    def start(self, seconds: float, *words: str, environment: Mapping[str, str] | None = None,
              enter: Sequence[str] = ()) -> 'subprocess.Popen[str]':
        """Start to publish as soon as somebody listens, or as the words say: see sender.py."""
        return script('sender.py', *map(str, (
            self.width, self.height, self.rate_hz, seconds, self.kind, self.namespace or '-')),
            *words, environment=environment, enter=enter)


@dataclass(frozen=True)
class Played:
    """How many frames a source has sent, and when [s, monotonic]."""

    sent: int
    from_s: float
    to_s: float

    @property
    def rate_hz(self) -> float:
        """Return the rate that was reached, which a machine that is busy may keep low."""
        return self.sent / (self.to_s - self.from_s)


def rate_told(reached_hz: float, rate_hz: float) -> str:
    """Return the rate that a source reached, and that it was not what it is called by."""
    return f'{reached_hz:.1f}' + ('' if kept(reached_hz, rate_hz) else ' (too slow)')


def kept(reached_hz: float, rate_hz: float) -> bool:
    """Return whether a source was as fast as it is called."""
    return reached_hz >= LEAST_RATE * rate_hz


def keep_to_this_machine() -> None:
    """Give this run a domain and a home of its own, and the transport that nodes have."""
    os.environ.update(transport_environment('local', private_environment(os.environ)))


def script(name: str, *words: str, environment: Mapping[str, str] | None = None,
           enter: Sequence[str] = ()) -> 'subprocess.Popen[str]':
    """
    Start one of the files here; its standard output is its result.

    :param enter: a command that starts it, as in a network namespace.
    """
    return subprocess.Popen([*enter, sys.executable, str(HERE / name), *words], text=True,
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            env=None if environment is None else dict(environment))


def _words(process: 'subprocess.Popen[str]') -> str:
    words = process.args
    assert isinstance(words, list)
    return ' '.join(map(str, words[1:]))


def result_of(process: 'subprocess.Popen[str]', patience_s: float = 60.0) -> Any:
    """Return what a script printed as JSON."""
    try:
        return json.loads(process.communicate(timeout=patience_s)[0])
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        process.kill()
        process.wait()
        raise BenchmarkError(f'{_words(process)}: gave no result: '
                             f'{error}') from error


@contextmanager
def running(process: 'subprocess.Popen[str]') -> Iterator['subprocess.Popen[str]']:
    """Let a script run no longer than what is made of it; it may end by itself."""
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def played(sender: 'subprocess.Popen[str]', patience_s: float) -> Played:
    """Wait until a source has sent its last frame; return what it sent."""
    return Played(**result_of(sender, patience_s))


@contextmanager
def nodes(parameters: Mapping[str, Mapping[str, Any]] | None = None,
          names: Sequence[str] = PIPELINE, namespace: str = '', respawn: bool = False,
          output: Any = subprocess.DEVNULL, environment: Mapping[str, str] | None = None
          ) -> Iterator[Supervisor]:
    """
    Run nodes, each a process; ``pipeline`` stands for classifier and policy in one.

    :param respawn: whether a process waits for the death of a gate.
    :param output: a file that gets what they write.
    :param environment: of the nodes; None is that of nodes on this machine.
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
def observed() -> Iterator[Any]:
    """Watch the pipeline from outside."""
    from digiphys_ros.control import load_actuators
    from digiphys_ros.ros.observer import Observer
    observer = Observer(load_actuators(find_resource(RULES, 'config'))['base'])
    try:
        yield observer
    finally:
        observer.close()


def wait(observer: Any, condition: Callable[[], bool], what: str, patience_s: float = READY_S
         ) -> None:
    """Wait for what must come, or say what did not."""
    if not observer.wait_for(condition, patience_s):
        raise BenchmarkError(f'no {what} within {patience_s:.0f} s.')


def is_active(observer: Any, names: Sequence[str]) -> Callable[[], bool]:
    """Return whether all of these nodes work."""
    return lambda: all(observer.diagnostic(name, 'phase') == 'active' for name in names)


def settle(observer: Any, classifiers: Sequence[str] = ('classifier',)) -> None:
    """Wait until classifiers have nothing more to do, and their last figures are told."""
    wait(observer, lambda: all(
        observer.diagnostic(name, 'message').startswith(SILENT) for name in classifiers),
        'end of the frames at the classifiers', QUIET_S)


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds [MB]."""
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has had [s]."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def bar(name: str, value: float, limit: float, *, most: bool, ratio: bool = True,
        wide: float | None = None, rounds: Sequence[float] = ()) -> dict[str, Any]:
    """
    Return one figure and its bar: a highest value where ``most``, else a lowest.

    :param ratio: False for what depends on the machine's speed: the short form does not judge it.
    :param wide: what the short form lets pass, twice the bar by default; ``passes`` tells if it
        does.
    :param rounds: the figure in each round, of which ``value`` is the median: their spread.
    """
    if wide is None:
        wide = 2 * limit if most else limit / 2
    spread = {'lowest': round(min(rounds), 4), 'highest': round(max(rounds), 4)} if rounds else {}
    return {'name': name, 'value': round(value, 4), **spread, 'bar': limit,
            'holds': value <= limit if most else value >= limit,
            'passes': not ratio or (value <= wide if most else value >= wide)}
