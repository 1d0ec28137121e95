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

"""Requirements that this machine does not meet, and the command that installs them."""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
import os
from pathlib import Path
import platform
import shutil
import sys
import sysconfig

PYTHONS = ((3, 10), (3, 14))
PYTHON_HEADER = 'Python.h'
NEEDED_BYTES = 5_000_000_000


def problems(folder: Path) -> list[str]:
    """
    Return one sentence for each reason why ``folder`` cannot hold an environment.

    The list is empty if the setup can start.
    """
    unsupported = _unsupported(folder)
    if unsupported:
        return unsupported
    missing = _missing()
    if not missing:
        return []
    packages = ' '.join(package for _, package in missing)
    sudo = '' if os.geteuid() == 0 else 'sudo '
    return [*(problem for problem, _ in missing),
            f'Install the missing packages with: {sudo}apt-get install {packages}']


def _unsupported(folder: Path) -> list[str]:
    if (sys.platform, platform.machine()) != ('linux', 'x86_64'):
        return ['The rclpy wheels are for x86-64 Linux, this machine is '
                f'{platform.machine()} {sys.platform}. Build with colcon on a ROS 2 machine.']
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return [f'Python 3.10 to 3.14 is needed, {sys.executable} is {platform.python_version()}. '
                'Choose another one with make PYTHON=python3.12.']
    free = shutil.disk_usage(folder.parent).free
    if free < NEEDED_BYTES:
        return [f'{folder.parent} has {free / 1e9:.1f} GB free, '
                f'{NEEDED_BYTES / 1e9:.0f} GB are needed. Free some space.']
    return []


def _missing() -> list[tuple[str, str]]:
    version = '{}.{}'.format(*sys.version_info)
    missing = []
    if not (find_spec('venv') and find_spec('ensurepip')):
        missing.append(('The Python module venv is missing.', f'python{version}-venv'))
    if not all(shutil.which(tool) for tool in ('cc', 'c++', 'make')):
        missing.append(('A C and C++ compiler is missing.', 'build-essential'))
    if not Path(sysconfig.get_path('include'), PYTHON_HEADER).is_file():
        missing.append(('The C headers of Python are missing.', f'python{version}-dev'))
    for library, package in (('libGL.so.1', 'libgl1'), ('libgthread-2.0.so.0', 'libglib2.0-0')):
        if not _loads(library):
            missing.append((f'{library}, which OpenCV needs, is missing.', package))
    return missing


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
