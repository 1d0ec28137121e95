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

from collections import Counter
from collections.abc import Callable, Iterator
import contextlib
import faulthandler
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.metadata import version
from importlib.util import find_spec
import itertools
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TIMEOUT_S = 90.0
ENDING_S = 60.0
"""Time for the teardown of a test that pytest-timeout stopped."""
REPORT = re.compile(r'[\w.-]+/[\w.-]+ ?#[1-9]\d*')
_domains = itertools.count(os.getpid())
OPTIONAL = ('ai_edge_litert', 'h5py', 'hypothesis', 'jsonschema', 'keras', 'matplotlib', 'mujoco',
            'onnx', 'onnxruntime', 'optuna', 'packaging', 'pydantic', 'rosbags', 'sklearn',
            'tensorflow', 'tf2onnx', 'tqdm')
"""Modules that rosdep may not install; tests that need them skip without them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the public reports of its field marks to each test report; refuse other marks."""
    for item in items:
        item.user_properties += [('field', _field(item.nodeid, *mark.args))
                                 for mark in item.iter_markers('field')]


def _field(test: str, report: str = '', situation: str = '', *more: str) -> tuple[str, str]:
    if more or not situation or not REPORT.fullmatch(report):
        raise pytest.UsageError(f'{test}: mark.field needs a public report as "owner/repo #12" '
                                f'and its situation, received {(report, situation, *more)}')
    return report, situation


@pytest.hookimpl(hookwrapper=True)
def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Iterator[None]:
    """Skip a test module that imports an optional package which is not installed."""
    outcome = yield
    module = outcome.get_result()
    load = module._getobj

    def getobj() -> Any:
        try:
            return load()
        except module.CollectError as error:
            # it has the traceback as text
            missing = _missing_optional(str(error))
            if missing:
                pytest.skip(missing, allow_module_level=True)
            raise
    module._getobj = getobj


LAUNCH_FILES = 'test/launch/'


def _lacks_pydantic() -> str:
    if find_spec('pydantic') is None:
        return 'pydantic is not installed'
    # apt of Ubuntu 22.04 and 24.04 has 1
    return 'pydantic 2 is not installed' if version('pydantic').startswith('1.') else ''


LACKS_PYDANTIC = _lacks_pydantic()
"""Empty where it is there: without it no command of this package starts."""


class _Sought(MetaPathFinder):
    """Record the missing optional packages that a test imports; the last of the finders."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        """Find nothing."""
        if fullname in OPTIONAL:
            self.names.append(fullname)


_sought = _Sought()
sys.meta_path.append(_sought)
_start_process = subprocess.Popen.__init__


def _start_in_vain(process: Any, *words: Any, **named: Any) -> None:
    """Note that a test starts a process, which looks for the same packages."""
    _sought.names.append('pydantic')
    _start_process(process, *words, **named)


if LACKS_PYDANTIC:
    subprocess.Popen.__init__ = _start_in_vain  # type: ignore[method-assign]
if find_spec('hypothesis'):
    from hypothesis import settings
    # its own limit of 0.2 s for an example says how busy the machine is
    settings.register_profile('digiphys_ros', deadline=None)
    settings.load_profile('digiphys_ros')
# colcon's options are for this run, not for those that a test starts
os.environ.pop('PYTEST_ADDOPTS', None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Reset the record before a test."""
    _sought.names.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Skip a failing test if it imports an optional package that is not installed."""
    if call.excinfo is None or isinstance(call.excinfo.value, pytest.skip.Exception):
        return
    error: Any = call.excinfo.value
    missing = _missing_optional(str(error)) or ''.join(
        LACKS_PYDANTIC if name == 'pydantic' else f'{name} is not installed'
        for name in _sought.names[:1])
    # a shared fixture raises its error for each test, without a new import
    missing = error.missing = missing or getattr(error, 'missing', '')
    if missing:
        try:
            pytest.skip(missing)
        except pytest.skip.Exception:
            call.excinfo = pytest.ExceptionInfo.from_current()


def _missing_optional(text: str) -> str:
    """Return a sentence about a missing optional package; empty for another fault."""
    for name in re.findall(r"No module named '(\w+)", text):
        if name in OPTIONAL and find_spec(name) is None:
            return f'{name} is not installed'
    return LACKS_PYDANTIC if "from 'pydantic'" in text else ''


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print launch files that did not run, and what ``make field`` and ``make ros-tools`` did."""
    if find_spec('launch_ros') is None and any(
            LAUNCH_FILES in one.nodeid for one in terminalreporter.stats.get('skipped', [])):
        terminalreporter.section('NOT RUN: the launch files under the launch system of ROS; see '
                                 '"make ros-tools"', sep='!', red=True, bold=True)
    if config.option.markexpr == 'ros_tools':
        _list_ros_tools(terminalreporter)
    if config.option.markexpr != 'field':
        return
    rows = sorted({(*value, outcome) for outcome in ('passed', 'failed', 'skipped', 'error')
                   for report in terminalreporter.stats.get(outcome, [])
                   for name, value in getattr(report, 'user_properties', ())
                   if name == 'field'})
    terminalreporter.section(f'{len({row[:2] for row in rows})} situations from the field')
    for report, situation, outcome in rows:
        terminalreporter.line(f'{outcome:8}{situation} ({report})')


def _list_ros_tools(terminalreporter: Any) -> None:
    """List which tests ran and which did not, and why."""
    ran = [one for outcome in ('passed', 'failed', 'error')
           for one in terminalreporter.stats.get(outcome, [])]
    skipped = terminalreporter.stats.get('skipped', [])
    terminalreporter.section(f'{len(ran)} tests with the tools of ROS ran, '
                             f'{len(skipped)} tests or files did not')
    for one in ran:
        terminalreporter.line(f'{one.outcome:8}{one.nodeid}')
    reasons = Counter((one.nodeid.split('[')[0], one.longrepr[2].removeprefix('Skipped: '))
                      for one in skipped)
    for (name, reason), count in sorted(reasons.items()):
        terminalreporter.line(f'not run {name} ({count}): {reason}')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """
    End the process where a test hangs in C, holding the interpreter lock; see ``Makefile``.

    pytest-timeout has no limit for what follows a test's first failure.
    """
    limit_s = float(item.config.getini('timeout')) + ENDING_S
    faulthandler.dump_traceback_later(limit_s, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


def pytest_enter_pdb() -> None:
    """Disable the timeout in a debugger."""
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope='session')
def data_dir() -> Path:
    """Return the folder of real data sets, or skip with the searched place."""
    folder = Path(os.environ.get('DIGIPHYS_DATA', REPOSITORY.parent / 'shared' / 'data'))
    if not folder.is_dir():
        pytest.skip(f'real data sets not found in {folder} (set DIGIPHYS_DATA)')
    return folder


@pytest.fixture(scope='session')
def cifar10(data_dir: Path) -> Any:
    """Return 50,000 real photographs, whose archive takes seconds to open."""
    from digiphys_ros.learning.datasets import open_dataset
    return open_dataset(str(data_dir / 'cifar10_train.zip'))


@pytest.fixture(scope='session')
def may_be_realtime() -> bool:
    """Return whether this machine gives its programs real-time priority."""
    script = 'import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))'
    return not subprocess.run([sys.executable, '-c', script], capture_output=True).returncode


@pytest.fixture(scope='session', autouse=True)
def _sweep() -> Iterator[None]:
    """Remove the shared memory of deliberately killed processes: 70 MB each, until reboot."""
    yield
    from digiphys_ros.doctor.shared_memory import check_shared_memory
    check_shared_memory(fix=True)


class Robot:
    """The test's own ROS 2 participant, spinning on a thread, and the nodes that it starts."""

    def __init__(self, domain_id: int, folder: Path) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        self.environment = {**os.environ, 'ROS_DOMAIN_ID': str(domain_id),
                            'ROS_HOME': str(folder)}
        self._folder = folder
        self.output: Any = None
        self._clients: dict[str, Any] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._changed = threading.Condition()
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self.node = rclpy.create_node('test_robot', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        self.diagnostics: dict[str, tuple[str, dict[str, str]]] = {}
        self.levels: dict[str, bytes] = {}
        from diagnostic_msgs.msg import DiagnosticArray
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 50)

    def start(self, node: str, namespace: str = '', **parameters: Any) -> subprocess.Popen[bytes]:
        """Start one node of the package as a process; a gate obeys without a wait."""
        from digiphys_ros.ros.parameters.configuration import command
        if node == 'gate':
            parameters = {'estop_wait_s': 0.0, **parameters}
        return self.run(f'{namespace}{node}', command(
            node, namespace=namespace, parameters=parameters))

    def run(self, name: str, words: list[str]) -> subprocess.Popen[bytes]:
        """Start any process in the robot's domain, its output in ``output`` or a file."""
        with open(self._folder / f'{name}.log', 'ab') as log:
            output = log if self.output is None else self.output
            self._processes[name] = subprocess.Popen(
                words, env=self.environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, cwd=REPOSITORY, start_new_session=True)
        return self._processes[name]

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """Return the process of this name."""
        return self._processes[name]

    def log(self, name: str) -> str:
        """Return the output of a process."""
        return (self._folder / f'{name}.log').read_text()

    @staticmethod
    def shared_memory(pid: int) -> set[str]:
        """Return the names of Fast DDS's shared-memory files that a process has mapped."""
        maps = Path(f'/proc/{pid}/maps').read_text()
        return set(re.findall(r'/dev/shm/((?:fastdds|fastrtps)_\S+)', maps))

    def listen(self, message_type: type, topic: str, qos: Any = 100) -> list[Any]:
        """Return a list that fills with the messages of a topic."""
        received: list[Any] = []

        def take(message: Any) -> None:
            with self._changed:
                received.append(message)
                self._changed.notify_all()
        self.node.create_subscription(message_type, topic, take, qos)
        return received

    def speak(self, message_type: type, topic: str, qos: Any = 10) -> Any:
        """Return a publisher with a subscriber."""
        publisher = self.node.create_publisher(message_type, topic, qos)
        self.poll(lambda: publisher.get_subscription_count() > 0, f'a subscription to {topic}')
        return publisher

    def wait(self, condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until ``condition`` is true; it is checked after every message."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), f'no {what}\n{self._logs()}'

    def poll(self, condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait for an event without a message, such as a discovered endpoint."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline_s, f'no {what}\n{self._logs()}'
            threading.Event().wait(0.01)

    def message(self, node: str) -> str:
        """Return the sentence in a node's newest diagnostics, empty before the first."""
        return self.diagnostics.get(f'/{node}', ('', {}))[0]

    def value(self, node: str, key: str) -> str:
        """Return a figure from a node's newest diagnostics."""
        return self.diagnostics.get(f'/{node}', ('', {}))[1].get(key, '')

    def is_active(self, *nodes: str) -> None:
        """Wait until the nodes report that they are active."""
        self.wait(lambda: all(self.value(node, 'phase') == 'active' for node in nodes),
                  f'active {nodes}')

    def call(self, service_type: type, name: str, request: Any) -> Any:
        """Return a service's answer."""
        # one client per service: a response to a client under discovery may be lost
        if name not in self._clients:
            self._clients[name] = self.node.create_client(service_type, name)
        client = self._clients[name]
        assert client.wait_for_service(TIMEOUT_S), f'no service {name}\n{self._logs()}'
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        assert done.wait(TIMEOUT_S), f'no answer from {name}\n{self._logs()}'
        return future.result()

    def transition(self, node: str, number: int) -> bool:
        """Request a lifecycle transition; return whether it succeeded."""
        from lifecycle_msgs.srv import ChangeState
        request = ChangeState.Request()
        request.transition.id = number
        return bool(self.call(ChangeState, f'{node}/change_state', request).success)

    def set_parameter(self, node: str, name: str, value: Any) -> Any:
        """Set one parameter; return the result with its reason."""
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        return self.call(SetParameters, f'{node}/set_parameters', request).results[0]

    def now(self) -> Any:
        """Return the clock as a message."""
        return self.node.get_clock().now().to_msg()

    def close(self) -> None:
        """End every process and the participant."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._processes.values():
            try:
                process.wait(3.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(2.0)
        self.node.destroy_node()
        self._context.try_shutdown()

    def _on_diagnostics(self, message: Any) -> None:
        with self._changed:
            for status in message.status:
                self.levels[status.name] = status.level
                self.diagnostics[status.name] = (
                    status.message, {item.key: item.value for item in status.values})
            self._changed.notify_all()

    def _logs(self) -> str:
        return '\n'.join(f'--- {path.name}\n{path.read_text()[-2000:]}'
                         for path in self._folder.glob('*.log'))


FIRST_WORDS = ('digiphys', 'env', 'export', 'kill', 'ls', 'pip', 'ps', 'ros2', 'sed', 'source',
               'sudo', 'unset')


@pytest.fixture
def fixes_are_commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Require that a shell can parse each fix of doctor, and that each failure has one."""
    from digiphys_ros.doctor.finding import Finding
    made: list[Finding] = []
    make: Any = Finding.__init__

    def note(self: Finding, *values: Any, **named: Any) -> None:
        make(self, *values, **named)
        made.append(self)
    monkeypatch.setattr(Finding, '__init__', note)
    yield
    monkeypatch.undo()
    for one in {(one.status, one.fix): one for one in made}.values():
        assert one.fix or one.status != 'fail', one
        assert not one.fix or _is_command(one.fix), one


def _is_command(fix: str) -> bool:
    return fix.split()[0] in FIRST_WORDS and \
        not subprocess.run(['bash', '-n', '-c', fix]).returncode


@contextlib.contextmanager
def next_domain() -> Iterator[int]:
    """Give a free ROS domain, not the one of the test before, whose nodes others may still see."""
    from digiphys_ros.ros.transport.domain import free_domain
    with free_domain(first=next(_domains)) as number:
        yield number


@contextlib.contextmanager
def robot_in(folder: Path, domain: int) -> Iterator[Robot]:
    """Yield a robot in a ROS domain, on this machine only."""
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from digiphys_ros.ros.transport.environment import transport_environment
    os.environ.update(transport_environment('local', os.environ))
    one = Robot(domain, folder)
    yield one
    one.close()


@pytest.fixture
def add_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that installs a package with entry points in one group."""
    def add(package: str, group: str, *entries: str, source: str = '') -> None:
        folder = tmp_path / f'{package}-site'
        info = folder / f'{package}-1.0.dist-info'
        info.mkdir(parents=True)
        (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n')
        (info / 'entry_points.txt').write_text('\n'.join([f'[{group}]', *entries, '']))
        if source:
            (folder / f'{package}.py').write_text(source)
        monkeypatch.syspath_prepend(str(folder))
    return add


@pytest.fixture
def bag_writer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module that writes ROS 2 bags."""
    pytest.importorskip('rosbags', reason='rosbags is not installed')
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return import_module('bag_writer')


@pytest.fixture
def mjpeg_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a network camera that is not switched on yet."""
    monkeypatch.syspath_prepend(str(REPOSITORY / 'test'))
    server = import_module('mjpeg_server').MjpegServer()
    yield server
    server.stop()


@pytest.fixture
def domain_id() -> Iterator[int]:
    """Return a ROS domain that no other test run on this machine uses meanwhile."""
    with next_domain() as number:
        yield number


@pytest.fixture
def robot(tmp_path: Path, domain_id: int) -> Iterator[Robot]:
    """Return a robot in its own ROS domain, on this machine only."""
    with robot_in(tmp_path, domain_id) as one:
        yield one


@pytest.fixture(scope='module')
def shared_robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    """Return a robot for all tests of one file, for nodes with a slow start."""
    with next_domain() as number, robot_in(tmp_path_factory.mktemp('robot'), number) as one:
        yield one


@pytest.fixture(scope='session')
def drawing() -> None:
    """Skip without OpenGL."""
    from digiphys_ros.applications import make_application
    from digiphys_ros.errors import SimulationError
    try:
        make_application('sorting')
    except SimulationError as error:
        pytest.skip(str(error))


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with contextlib.suppress(OSError), open(disk / 'filler', 'wb', buffering=0) as file:
        while True:
            file.write(bytes(4096))


def use_up_inodes(disk: Path) -> None:
    """Leave room on a disk, and no file that could use it."""
    with contextlib.suppress(OSError):
        for number in range(100):
            (disk / str(number)).touch()


def make_read_only(disk: Path) -> None:
    """Make a disk read-only, as Linux does after a disk error."""
    subprocess.run(['mount', '-o', 'remount,ro', str(disk)], check=True)


@pytest.fixture(params=[fill, use_up_inodes, make_read_only])
def broken_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Return a separate real disk that cannot store anything."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=64k,nr_inodes=8', 'tmpfs', str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('needs the right to mount a file system')
    request.param(disk)
    yield disk
    subprocess.run(['umount', '-l', str(disk)], check=True)
