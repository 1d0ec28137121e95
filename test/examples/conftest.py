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

"""Fixtures for the tests of the example package."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

from digiphys_ros.resources import share_dir
import pytest


@pytest.fixture(scope='session')
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment with the example, installed by pip, and this digiphys_ros."""
    example = share_dir() / 'examples' / 'digiphys_example'
    if not example.is_dir():
        pytest.skip('the example is not installed')
    folder: Path = tmp_path_factory.mktemp('example')
    # pip builds in the source folder, so give it a copy
    shutil.copytree(example, folder / 'source')
    done = subprocess.run(
        [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', '--no-build-isolation',
         '--no-index', '--target', folder / 'site', folder / 'source'],
        capture_output=True, text=True, timeout=120)
    if 'No module named pip' in done.stderr:
        pytest.skip('pip is not installed')
    assert done.returncode == 0, done.stderr
    return {**os.environ, 'PYTHONPATH': os.pathsep.join([
        str(folder / 'site'), str(share_dir()), os.environ.get('PYTHONPATH', '')])}
