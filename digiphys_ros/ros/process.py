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

"""Run nodes as a process: memory, signals and a clean shutdown."""

from collections.abc import Callable, Sequence
import ctypes
import gc
import os
from pathlib import Path
import sys
import time
import traceback
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.renamed import show_renamed
from digiphys_ros.resources import parameters_files
from digiphys_ros.ros.executor import make_executor
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.parameters.ignored import ignored_parameters
from digiphys_ros.ros.supervision.output_relay import relay_output
from digiphys_ros.ros.supervision.respawn import RESPAWN
from digiphys_ros.ros.transport.middleware import reason_of_ros, start_middleware
from digiphys_ros.ros.transport.variables import find_log_folder, WITHOUT_LOG_FILE
from digiphys_ros.shutdown import on_signal_to_end
from digiphys_ros.streams import open_closed_streams
import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.exceptions import NameValidationException
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.logging import get_logger

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 256 << 20
LARGEST_KEPT_BYTES = 32 << 20
COLLECT_S = 1.0


def run_node(make_node: Callable[[], PipelineNode[Any]], note: str = '') -> None:
    """Run one node as a process; a signal to end triggers its shutdown transition."""
    run_nodes(lambda: [make_node()], note)


def run_nodes(make_nodes: Callable[[], Sequence[PipelineNode[Any]]], note: str = '') -> None:
    """
    Run nodes in one process; start them in order and end them in reverse order.

    No output to a terminal, a pipe or a log can block them. An error of the middleware ends the
    process with one sentence and code 2.

    :param note: a line to write at the start.
    """
    open_closed_streams()
    log, problem = open_log()
    end_relay = relay_output(log)
    sys.stderr.write(problem + note)
    try:
        _run_nodes(make_nodes)
    except Exception as error:
        # written before the relay ends: a stopped terminal cannot block it
        refused = isinstance(error, ConfigError)
        sys.stderr.write(f'{error}\n' if refused else traceback.format_exc())
        end_relay()
        os._exit(2 if refused else 1)
    end_relay()


def _run_nodes(make_nodes: Callable[[], Sequence[PipelineNode[Any]]]) -> None:
    keep_freed_memory()
    # how long a thread waits for the interpreter: the default of 5 ms is as long as a frame takes
    sys.setswitchinterval(0.0005)
    # rclpy's own handlers would invalidate the context before the safe state is published
    # a disk that hangs would block every logging thread: the relay writes the file instead
    start_middleware([*sys.argv, *WITHOUT_LOG_FILE])
    show_renamed(get_logger('digiphys_ros').warning)
    stopping: list[int] = []
    on_signal_to_end(lambda: stopping.append(1))
    nodes = _make(make_nodes)
    for node in nodes:
        node.warn_of_ignored(ignored_parameters(node, nodes, sys.argv))
    executor = make_executor()
    for node in nodes:
        executor.add_node(node)
    try:
        for node in nodes:
            _check_reach(node)
        for node in nodes:
            _autostart(node)
        _collect_between_frames(nodes[0])
        while not stopping:
            executor.spin_once(timeout_sec=0.1)
    except ExternalShutdownException:
        pass
    finally:
        _end(nodes, executor)


def _make(make_nodes: Callable[[], Sequence[PipelineNode[Any]]]) -> Sequence[PipelineNode[Any]]:
    try:
        return make_nodes()
    except (NameValidationException, RCLError) as error:
        raise ConfigError(f'ROS refuses to start the node: {reason_of_ros(error)}') from error


def _check_reach(node: PipelineNode[Any]) -> None:
    """Refuse a gate, and warn other nodes, if no section of their files applies: ROS is silent."""
    files = parameters_files(sys.argv)
    if not files or RESPAWN in os.environ:  # the starting process has checked
        return
    # imported here: the gate reads YAML only if necessary
    from digiphys_ros.pipeline.parameters_file import files_without
    name = node.get_fully_qualified_name()
    unused = files_without(name, files)
    if node.NEEDS_A_SECTION and unused == files:
        raise ConfigError(f'{files[-1]}: no section applies to {name}, which would run on default '
                          f'limits: write /**/{node.get_name()}, or start it in the namespace of '
                          'its section.')
    for file in unused:
        node.get_logger().warning(f'{file}: no section applies to {name}')


def keep_freed_memory() -> None:
    """
    Keep freed memory for the next image instead of giving it back to the kernel.

    glibc maps a large block again each time, and touching its pages costs more than the copy: the
    transport of a 1920x1080 frame takes 5 ms instead of 15. No effect with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def open_log() -> tuple[int, str]:
    """Return a new log file's descriptor and a line about its folder, as ``find_log_folder``."""
    folder, problem = find_log_folder()
    name = f'{Path(sys.argv[0]).stem}_{os.getpid()}_{time.time_ns() // 1_000_000}.log'
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return os.open(folder / name, flags, 0o644), problem


def _collect_between_frames(node: PipelineNode[Any]) -> None:
    """
    Collect garbage among newer objects once a second, and not while a frame is processed.

    Python would collect whenever enough objects were created: in the middle of a frame.
    """
    gc.disable()
    node.create_timer(COLLECT_S, _collect, clock=node.steady_clock)


def _collect() -> None:
    # gc.collect itself cannot be the callback: rclpy would pass timer info as its parameter
    gc.collect()


def _autostart(node: PipelineNode[Any]) -> None:
    if not node.get_parameter('autostart').value:
        return
    if node.trigger_configure() == TransitionCallbackReturn.SUCCESS:
        node.trigger_activate()
    node.publish_diagnostics()


def _end(nodes: Sequence[PipelineNode[Any]], executor: Executor) -> None:
    if rclpy.ok():
        for node in reversed(nodes):
            if node.phase != 'finalized':
                node.trigger_shutdown()
            node.publish_diagnostics()
            node.flush()
    executor.shutdown(timeout_sec=0.5)
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()
    # frozen objects are never freed, and a participant that is not freed leaves its shared memory
    gc.unfreeze()
