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
Make a virtual environment with rclpy, vision_msgs and this package, editable.

Usage: setup_venv.py {kilted,jazzy} FOLDER. Needs nothing but the standard library. An environment
is used only once it is complete: a setup that was interrupted is done again.
"""

import ctypes.util
import hashlib
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / 'interfaces' / 'vision_msgs'
COMPLETE = '.complete'

ROS = [f'ros-{name}' for name in (
    'rclpy[fastrtps]', 'sensor-msgs', 'geometry-msgs', 'std-msgs', 'std-srvs', 'diagnostic-msgs',
    'trajectory-msgs', 'lifecycle-msgs', 'rcl-interfaces', 'rosgraph-msgs')]
MESSAGE_BUILD = ['cmake', 'catkin_pkg'] + [f'ros-{name}' for name in (
    'rosidl-default-generators', 'rosidl-core-generators', 'ament-cmake', 'ament-cmake-core',
    'ament-cmake-include-directories', 'ament-cmake-ros', 'python-cmake-module',
    'rosidl-generator-py', 'rosidl-typesupport-fastrtps-cpp', 'ament-package')]
MESSAGE_BUILD_OF = {
    'kilted': ['ros-ament-cmake-ros-core'],
    'jazzy': ['ros-ament-cmake-gmock', 'ros-ament-cmake-gtest', 'ros-ament-cmake-pytest'],
}
REST = ['numpy', 'opencv-python', 'tensorflow', 'ai-edge-litert', 'pydantic', 'pyyaml',
        'matplotlib', 'tqdm', 'pytest', 'pytest-timeout', 'hypothesis', 'ruff', 'mypy',
        'types-PyYAML', 'colcon-core', 'colcon-ros', 'colcon-library-path', 'setuptools']


def main() -> int:
    distro, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    inputs = fingerprint(distro)
    stamp = folder / COMPLETE
    if stamp.is_file() and stamp.read_text() == inputs:
        return 0
    problems = missing()
    if problems:
        sys.stderr.write('\n'.join(problems) + '\n')
        return 1
    print(f'Setting up {folder.name} for ROS 2 {distro}: a few minutes, once.', flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, '-m', 'venv', str(folder)], check=True)
    install(distro, folder)
    build_messages(folder)
    run(folder, '-m', 'pip', 'install', '-q', '--no-deps', '--no-build-isolation', '-e', str(ROOT))
    stamp.write_text(inputs)
    return 0


def fingerprint(distro: str) -> str:
    """Return a hash over everything that decides what the environment holds."""
    files = [*constraint_files(distro), ROOT / 'setup.py', ROOT / 'setup.cfg', Path(__file__),
             *sorted(MESSAGES.rglob('*'))]
    digest = hashlib.sha256(sys.version.encode())
    for path in files:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def constraint_files(distro: str) -> list[Path]:
    shared = ROOT / 'constraints.txt'
    return [shared] if distro == 'kilted' else [shared, ROOT / f'constraints-{distro}.txt']


def missing() -> list[str]:
    """Return one sentence, with the command that helps, for each thing this machine lacks."""
    version = '.'.join(map(str, sys.version_info[:2]))
    problems = []
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        problems.append(f'Python 3.10 to 3.12 is needed, this is {version}: '
                        'sudo apt install python3.12 python3.12-venv, then make PYTHON=python3.12')
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        problems.append(f'The venv module is missing: sudo apt install python{version}-venv')
    if not (shutil.which('cc') and shutil.which('c++') and shutil.which('make')):
        problems.append('A C and C++ compiler is missing: sudo apt install build-essential')
    if not (Path(sysconfig.get_paths()['include']) / 'Python.h').is_file():
        problems.append(f'Python.h is missing: sudo apt install python{version}-dev')
    for library, package in (('GL', 'libgl1'), ('gthread-2.0', 'libglib2.0-0')):
        if not ctypes.util.find_library(library):
            problems.append(f'OpenCV needs lib{library}: sudo apt install {package}')
    return problems


def install(distro: str, folder: Path) -> None:
    constraints = folder / 'constraints.txt'
    constraints.write_text(constraint_text(distro))
    run(folder, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-c',
        str(constraints), *ROS, *MESSAGE_BUILD, *MESSAGE_BUILD_OF[distro], *REST)


def constraint_text(distro: str) -> str:
    """Return the constraints of one distro: its ROS lines, and all that is not ROS."""
    shared, *own = (path.read_text() for path in constraint_files(distro))
    if own:
        shared = re.sub(r'(?m)^ros-.*\n', '', shared)
    return shared + ''.join(own)


def build_messages(folder: Path) -> None:
    """Build vision_msgs into the environment, as colcon would on a robot."""
    correct_paths(folder)
    work = folder / 'build_vision_msgs'
    environment = {
        **os.environ, 'AMENT_PREFIX_PATH': str(folder), 'CMAKE_PREFIX_PATH': str(folder),
        'PATH': f'{folder / "bin"}{os.pathsep}{os.environ["PATH"]}', 'VIRTUAL_ENV': str(folder)}
    for words in (['-S', str(MESSAGES), '-B', str(work), f'-DCMAKE_INSTALL_PREFIX={folder}',
                   '-DCMAKE_BUILD_TYPE=Release', '-DBUILD_TESTING=OFF',
                   f'-DPython3_EXECUTABLE={folder / "bin" / "python"}'],
                  ['--build', str(work), '-j', str(os.cpu_count())],
                  ['--install', str(work)]):
        done = subprocess.run([str(folder / 'bin' / 'cmake'), *words], env=environment,
                              capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stdout[-3000:] + done.stderr[-3000:])
            raise SystemExit('vision_msgs could not be built; its output stands above.')
    shutil.rmtree(work)
    run(folder, '-c', 'from vision_msgs.msg import Classification')


def correct_paths(folder: Path) -> None:
    """Point the wheels' CMake files at this Python and NumPy instead of their build machine's."""
    numpy = run(folder, '-c', 'import numpy; print(numpy.get_include())').strip()
    python = sysconfig.get_paths()['include']
    for path in folder.glob('share/**/*.cmake'):
        text = path.read_text()
        corrected = re.sub(r'/opt/python/cp\d+-cp\d+/lib/[^;"\s]*/numpy/[^;"\s]*include', numpy,
                           text)
        corrected = re.sub(r'/opt/python/cp\d+-cp\d+/include/python3\.\d+', python, corrected)
        if corrected != text:
            path.write_text(corrected)


def run(folder: Path, *words: str) -> str:
    done = subprocess.run([str(folder / 'bin' / 'python'), *words], stdout=subprocess.PIPE,
                          text=True)
    if done.returncode:
        raise SystemExit(f'{" ".join(words[:4])} failed; its output stands above.')
    return done.stdout


if __name__ == '__main__':
    sys.exit(main())
