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
Run the installation of docs/tutorials/my-robot.md in a fresh environment, and start the pipeline.

Usage: install_check.py FOLDER. Run it with the system's Python, which has apt's OpenCV and NumPy.
ROS wheels replace /opt/ros. ``rosdep`` is not run, and ``ros2`` is replaced if it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from threading import Timer

from build_vision_msgs import BuildError
from setup_venv import Environment, ROOT, SetupError

APT = {'cv2': 'python3-opencv', 'numpy': 'python3-numpy', 'yaml': 'python3-yaml',
       'pip': 'python3-pip', 'venv': 'python3-venv'}
COLCON = ('colcon-bash', 'colcon-core', 'colcon-library-path', 'colcon-package-information',
          'colcon-package-selection', 'colcon-ros')
TIMEOUT_S = 60.0
BASE = """
from geometry_msgs.msg import TwistStamped
import rclpy
rclpy.init()
node = rclpy.create_node('base')
node.create_subscription(TwistStamped, 'cmd_vel', lambda message: message.twist.linear.x > 0.05
                         and print('moves', flush=True), 10)
rclpy.spin(node)
"""


class CheckError(Exception):
    """A line failed or the robot does not move; the message gives the reason."""


def tutorial_lines() -> list[list[str]]:
    """Return the lines of both installations: for the user, and in a virtual environment."""
    page = (ROOT / 'docs' / 'tutorials' / 'my-robot.md').read_text()
    section = page.split('\n## Installation\n')[1].split('\n## ')[0]
    blocks = [block.strip().splitlines() for block in re.findall(r'```\n(.*?)```', section, re.S)]
    return [block for block in blocks if any('pip install' in line for line in block)]


def check(name: str, lines: list[str], folder: Path) -> None:
    """
    Run lines in a new workspace, then start the pipeline and the doctor.

    :raises CheckError: if a line fails, the robot does not move, or the doctor finds a fault.
    """
    workspace = folder / name
    shutil.rmtree(workspace, ignore_errors=True)
    (workspace / 'src').mkdir(parents=True)
    (workspace / 'src' / 'digiphys_ros').symlink_to(ROOT)
    environment = _run_lines(lines, workspace, _ros(folder / 'ros', workspace))
    [digiphys] = workspace.glob('install/*/lib/digiphys_ros/digiphys')
    with _running([digiphys, 'run', '--config', 'traffic_signs'], environment,
                  workspace / 'run.log'), \
            _running(['python3', '-c', BASE], environment, workspace / 'base.log'):
        _wait_for('moves', workspace / 'base.log')
        print(f'{name}: the pipeline sends motion commands', flush=True)
        found = subprocess.run([digiphys, 'doctor'], env=environment, text=True,
                               capture_output=True, timeout=TIMEOUT_S)
        print(found.stdout, end='', flush=True)
        if found.returncode:
            raise CheckError(f'{name}: digiphys doctor exits with {found.returncode}: '
                             f'{found.stderr[-2000:]}')
    print(f'{name}: digiphys doctor exits with 0', flush=True)


def _run_lines(lines: list[str], workspace: Path, environment: dict[str, str]) -> dict[str, str]:
    """Run the lines in one shell; return its environment after them."""
    words = []
    for line in lines:
        instead, why = _substitute(line, environment)
        if why:
            print(f'  ({why}) {line}', flush=True)
        else:
            print(f'  {line}', flush=True)
        # `set -e` ignores a command that fails before `&&`
        words.append(f'{instead} || exit 1')
    done = subprocess.run(['bash', '-c', '\n'.join([*words, 'env -0 > environment'])],
                          cwd=workspace, env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise CheckError(f'{done.stdout[-3000:]}\nThe lines above exit with {done.returncode}.')
    pairs = (workspace / 'environment').read_text().split('\0')
    return dict(pair.split('=', 1) for pair in pairs if pair)


def _substitute(line: str, environment: dict[str, str]) -> tuple[str, str]:
    """Return the command to run for a line, and why it differs; empty if it is the line."""
    if line.startswith('git clone'):
        return ':', 'replaced by this tree'
    if line.startswith('rosdep'):
        return ':', "skipped, apt's packages are installed"
    if 'launch' in line:
        return ':', 'replaced by digiphys run'
    if 'ros2 pkg prefix' in line and not shutil.which('ros2', path=environment['PATH']):
        return line.replace('$(ros2 pkg prefix digiphys_ros)', '$PWD/install/digiphys_ros'), ''
    return line, ''


def _ros(prefix: Path, workspace: Path) -> dict[str, str]:
    """Return the environment after sourcing /opt/ros, for a user without local packages."""
    [modules] = prefix.glob('lib/python3*/site-packages')
    libraries = [str(folder) for folder in (prefix / 'lib', *modules.glob('ros_*.libs'))]
    kept = {name: value for name, value in os.environ.items()
            if name in ('HOME', 'LANG', 'TERM', 'USER') or name.startswith(('PIP_', 'SSL_'))}
    return {**kept, 'PATH': f'{prefix / "commands"}:/usr/bin:/bin', 'PYTHONPATH': str(modules),
            'AMENT_PREFIX_PATH': str(prefix), 'LD_LIBRARY_PATH': ':'.join(libraries),
            'PYTHONUSERBASE': str(workspace / 'user'), 'ROS_DOMAIN_ID': '98',
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', '_ROS_WHEELS_BOOTSTRAP_COMPLETE': '1'}


def _make_ros(prefix: Path) -> None:
    """Install the replacement for /opt/ros, without its own NumPy."""
    Environment('kilted', prefix, (*COLCON, 'setuptools', 'pyyaml')).update()
    for folder in prefix.glob('lib/python3*/site-packages/numpy*'):
        shutil.rmtree(folder)
    colcon = prefix / 'commands' / 'colcon'
    colcon.parent.mkdir(exist_ok=True)
    colcon.write_text('#!/usr/bin/python3\nfrom colcon_core.command import main\n'
                      'import sys\nsys.exit(main())\n')
    colcon.chmod(0o755)


@contextmanager
def _running(words: list[str | Path], environment: dict[str, str], log: Path) -> Iterator[None]:
    with open(log, 'wb') as output:
        process = subprocess.Popen(words, env=environment, stdout=output, stderr=output,
                                   stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(word: str, log: Path) -> None:
    late: list[bool] = []
    timer = Timer(TIMEOUT_S, late.append, [True])
    timer.start()
    try:
        while word not in log.read_text():
            if late:
                run_log = (log.parent / 'run.log').read_text()
                raise CheckError(f'the robot does not move\n{log.read_text()}{run_log[-3000:]}')
    finally:
        timer.cancel()


def main(arguments: list[str]) -> int:
    """Check both installations; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write(f'{__doc__}\n')
        return 2
    missing = [package for module, package in APT.items() if not find_spec(module)]
    if missing:
        sys.stderr.write('Packages are missing, install them with: '
                         f'sudo apt-get install {" ".join(missing)}\n')
        return 2
    folder = Path(arguments[0]).resolve()
    folder.mkdir(exist_ok=True)
    try:
        _make_ros(folder / 'ros')
        for name, lines in zip(('user', 'venv'), tutorial_lines(), strict=True):
            check(name, lines, folder)
    except (BuildError, CheckError, OSError, SetupError) as error:
        sys.stderr.write(f'{error}\n')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
