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

"""Keep a set of processes alive, and leave none behind."""

from collections.abc import Mapping, Sequence
import ctypes
from dataclasses import dataclass, field
import signal
import subprocess
import time
from typing import Any

PR_SET_PDEATHSIG = 1
HEALTHY_AFTER_S = 10.0
LONGEST_PAUSE_S = 10.0


def die_with_parent() -> None:
    """Make the kernel end this child if its parent is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    started_s: float
    restart_at_s: float | None = None
    failures: int = 0


@dataclass
class Supervisor:
    """
    Start processes, restart one that dies, end them all.

    :param commands: command lines by name.
    :param environments: the environment of each process, by name.
    :param output: file object for their output; None: that of this process.
    """

    commands: Mapping[str, Sequence[str]]
    environments: Mapping[str, Mapping[str, str]]
    output: Any = None
    _children: dict[str, _Child] = field(default_factory=dict)

    def start(self) -> None:
        """Start every process."""
        for name in self.commands:
            self._children[name] = _Child(self._spawn(name), time.monotonic())

    def pids(self) -> dict[str, int]:
        """Return the process ids by name."""
        return {name: child.process.pid for name, child in self._children.items()}

    def poll(self) -> list[str]:
        """
        Restart dead processes, with a pause that doubles while they keep dying.

        :return: one sentence for each death and each restart since the last call.
        """
        return [text for name, child in self._children.items()
                for text in self._supervise(name, child)]

    def stop(self, patience_s: float = 1.3) -> None:
        """Ask every process to end; kill those left after ``patience_s`` seconds."""
        running = [child.process for child in self._children.values()
                   if child.process.poll() is None]
        for process in running:
            # not SIGINT: a Python that still imports would print a traceback
            process.terminate()
        deadline_s = time.monotonic() + patience_s
        for process in running:
            try:
                process.wait(max(deadline_s - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._children.clear()

    def _spawn(self, name: str) -> 'subprocess.Popen[bytes]':
        # a separate session: Ctrl-C reaches the supervisor alone, which ends them in order
        return subprocess.Popen(
            self.commands[name], env=dict(self.environments[name]), stdin=subprocess.DEVNULL,
            stdout=self.output, stderr=self.output, start_new_session=True,
            preexec_fn=die_with_parent)

    def _supervise(self, name: str, child: _Child) -> list[str]:
        now_s = time.monotonic()
        if child.restart_at_s is None:
            if child.process.poll() is None:
                return []
            child.failures = 0 if now_s - child.started_s > HEALTHY_AFTER_S else child.failures
            pause_s = min(0.1 * 2 ** child.failures, LONGEST_PAUSE_S)
            child.failures += 1
            child.restart_at_s = now_s + pause_s
            return [f'{name} ended with code {child.process.returncode}, '
                    f'starting it again in {pause_s:.1f} s']
        if now_s < child.restart_at_s:
            return []
        child.process, child.started_s = self._spawn(name), now_s
        child.restart_at_s = None
        return [f'{name} started again, pid {child.process.pid}']
