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


import os
from pathlib import Path
import resource
import subprocess
import sys
import tempfile

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import memory
import numpy as np
import pytest

LIMITED = """
import os
import resource
import sys

import cv2
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.datasets.inspection import inspect_dataset
from digiphys_ros.learning.datasets.memory import _fields, budget_bytes

os.cpu_count = lambda: 2  # the stack of each thread counts
room = int(sys.argv[2])
used = _fields('/proc/self/status')['VmData']
resource.setrlimit(resource.RLIMIT_DATA, (used + room, resource.RLIM_INFINITY))
assert room // 8 < budget_bytes() <= room // 4, budget_bytes()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = inspect_dataset(open_dataset(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(sum(found.sizes.values()), (after - before) * 1024)
"""


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_data_larger_than_the_memory_limit_is_inspected(tmp_path, save):
    shape, room = (120, 900, 900, 3), 96 << 20
    save(tmp_path / 'd.npz', x=np.broadcast_to(np.zeros(1, np.uint8), shape),
         y=np.arange(120) % 2)
    assert np.prod(shape) > 2.5 * room
    done = subprocess.run(
        [sys.executable, '-c', LIMITED, str(tmp_path / 'd.npz'), str(room)], text=True,
        capture_output=True, cwd=Path(__file__).parents[3], timeout=300,
        env={**os.environ, 'OPENBLAS_NUM_THREADS': '1', 'TMPDIR': str(tmp_path)})
    assert done.returncode == 0, done.stderr[-2000:]
    count, peak = map(int, done.stdout.split())
    assert count == 120
    assert peak < room


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return the folder of fake kernel files; at first only the machine has a limit."""
    write(tmp_path / 'meminfo', 'MemTotal: 9000 kB\nMemAvailable:    8000 kB\n')
    write(tmp_path / 'status', 'Name:\tpython\nVmSize:\t1000 kB\nVmData:\t500 kB\n')
    fields = memory._fields
    monkeypatch.setattr(memory, '_fields', lambda path: fields(str(tmp_path / Path(path).name)))
    monkeypatch.setattr(memory, '_groups', lambda: [tmp_path / 'group'])
    monkeypatch.setattr(resource, 'getrlimit', lambda limit: (resource.RLIM_INFINITY,) * 2)
    return tmp_path


def test_budget_is_a_quarter_of_the_free_memory(machine):
    assert memory.budget_bytes() == 8000 * 1024 // 4


@pytest.mark.parametrize('names', [('memory.max', 'memory.current'),
                                   ('memory.limit_in_bytes', 'memory.usage_in_bytes')])
def test_budget_respects_the_limit_of_a_container(machine, names):
    write(machine / 'group' / names[0], '5000000\n')
    write(machine / 'group' / names[1], '1000000\n')
    assert memory.budget_bytes() == 1_000_000
    write(machine / 'group' / names[0], 'max\n')
    assert memory.budget_bytes() == 8000 * 1024 // 4


def test_budget_respects_the_limit_of_a_process(machine, monkeypatch):
    limits = {resource.RLIMIT_AS: 5_000_000}
    monkeypatch.setattr(resource, 'getrlimit', lambda limit: (
        limits.get(limit, resource.RLIM_INFINITY), resource.RLIM_INFINITY))
    assert memory.budget_bytes() == (5_000_000 - 1000 * 1024) // 4
    limits[resource.RLIMIT_DATA] = 100_000
    assert memory.budget_bytes() == 0


def test_scratch_file_returns_written_bytes_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    scratch = memory.ScratchFile('d.npz')
    assert [scratch.append(data) for data in (b'abc', b'', b'defg')] == [0, 3, 3]
    assert scratch.read(3, 4) == b'defg'
    assert scratch.read(0, 2) == b'ab'
    assert list(tmp_path.iterdir()) == []


def test_scratch_file_on_a_full_disk_names_the_fix(monkeypatch):
    scratch = memory.ScratchFile('d.npz')

    class Full:

        def tell(self):
            return 0

        def write(self, data):
            raise OSError(28, 'No space left on device')
    monkeypatch.setattr(scratch, '_file', Full())
    with pytest.raises(DatasetError, match=r'd\.npz: cannot be unpacked.*No space.*TMPDIR'):
        scratch.append(b'x')
