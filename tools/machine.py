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

"""What this machine lacks, and the command that installs it."""

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


def lacks(folder: Path) -> list[str]:
    """
    Return sentences that say what stands in the way of an environment in ``folder``.

    Nothing is returned when the setup can begin.
    """
    hopeless = _hopeless(folder)
    if hopeless:
        return hopeless
    missing = _missing()
    if not missing:
        return []
    packages = ' '.join(package for _, package in missing)
    sudo = '' if os.geteuid() == 0 else 'sudo '
    return [*(what for what, _ in missing),
            f'This installs what is missing: {sudo}apt-get install {packages}']


def _hopeless(folder: Path) -> list[str]:
    if (sys.platform, platform.machine()) != ('linux', 'x86_64'):
        return ['The rclpy wheels are built for x86-64 Linux, this is '
                f'{platform.machine()} {sys.platform}: build with colcon on a ROS 2 machine.']
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return [f'Python 3.10 to 3.14 is needed, {sys.executable} is {platform.python_version()}: '
                'name another one with make PYTHON=python3.12.']
    free = shutil.disk_usage(folder.parent).free
    if free < NEEDED_BYTES:
        return [f'{folder.parent} has {free / 1e9:.1f} GB free, '
                f'{NEEDED_BYTES / 1e9:.0f} GB are needed for TensorFlow and the rest.']
    return []


def _missing() -> list[tuple[str, str]]:
    version = '{}.{}'.format(*sys.version_info)
    missing = []
    if not (find_spec('venv') and find_spec('ensurepip')):
        missing.append(('Python lacks its venv module.', f'python{version}-venv'))
    if not all(shutil.which(tool) for tool in ('cc', 'c++', 'make')):
        missing.append(('There is no C and C++ compiler.', 'build-essential'))
    if not Path(sysconfig.get_path('include'), PYTHON_HEADER).is_file():
        missing.append(('Python lacks its C headers.', f'python{version}-dev'))
    for library, package in (('libGL.so.1', 'libgl1'), ('libgthread-2.0.so.0', 'libglib2.0-0')):
        if not _loads(library):
            missing.append((f'OpenCV needs {library}.', package))
    return missing


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
