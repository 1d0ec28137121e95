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

"""Build interfaces/vision_msgs in a virtual environment, as colcon does on a robot."""

from __future__ import annotations

import os
from pathlib import Path
import re
import shutil
import subprocess
import tempfile

SOURCE = Path(__file__).resolve().parent.parent / 'interfaces' / 'vision_msgs'
_PATHS = '\n'.join((
    'import numpy, sys, sysconfig',
    'print(sysconfig.get_path("include"))',
    'print(numpy.get_include())',
    'print("lib/python{}.{}/site-packages".format(*sys.version_info))'))


class BuildError(Exception):
    """The build of the messages failed."""


def build(prefix: Path) -> None:
    """
    Build and install the messages in an environment with the ROS wheels.

    :param prefix: the environment's folder.
    :raises BuildError: if a command fails; the message ends with its output.
    """
    python = prefix / 'bin' / 'python'
    headers, numpy_headers, modules = _run([python, '-c', _PATHS]).splitlines()
    _correct_paths(prefix, headers, numpy_headers)
    cmake, environment = prefix / 'bin' / 'cmake', _environment(prefix)
    # rosidl's CMake files split lists of paths at non-ASCII letters
    with tempfile.TemporaryDirectory() as folder:
        source, work = Path(folder, 'source'), Path(folder, 'build')
        shutil.copytree(SOURCE, source)
        # Debian's Python installs to dist-packages, which a venv does not search.
        _run([cmake, '-S', source, '-B', work, f'-DCMAKE_INSTALL_PREFIX={prefix}',
              '-DCMAKE_BUILD_TYPE=Release', '-DBUILD_TESTING=OFF',
              f'-DPython3_EXECUTABLE={python}', f'-DPYTHON_INSTALL_DIR={modules}'], environment)
        _run([cmake, '--build', work, '--parallel', str(os.cpu_count() or 1)], environment)
        _run([cmake, '--install', work], environment)
    _run([python, '-c', 'from vision_msgs.msg import Classification; Classification()'])


def _environment(prefix: Path) -> dict[str, str]:
    return {**os.environ, 'AMENT_PREFIX_PATH': str(prefix), 'CMAKE_PREFIX_PATH': str(prefix),
            'PATH': f'{prefix / "bin"}{os.pathsep}{os.environ.get("PATH", os.defpath)}'}


def _correct_paths(prefix: Path, headers: str, numpy_headers: str) -> None:
    # The wheels' CMake files contain paths of the machine that built them.
    for path in prefix.glob('share/*/cmake/*_generator_pyExport.cmake'):
        text = path.read_text()
        text = re.sub(r'/opt/python/[^;"]*/numpy/[^;"]*include', lambda _: numpy_headers, text)
        text = re.sub(r'/opt/python/[^;"]*/include/python[\d.]+', lambda _: headers, text)
        path.write_text(text)


def _run(words: list[str | Path], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BuildError(f'{done.stdout[-3000:]}\n{" ".join(map(str, words[:3]))} failed.')
    return done.stdout
