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

"""Find shared-memory files of killed processes."""

from contextlib import suppress
import os
from pathlib import Path
import re
from shlex import quote
import time

from digiphys_ros.doctor.finding import Finding

NAMES = re.compile(r'(sem\.)?(fastdds|fastrtps)_')
YOUNG_S = 5.0
"""A younger file may belong to a process that has not mapped it yet."""


def leftovers(folder: Path = Path('/dev/shm'), proc: Path = Path('/proc')) -> list[Path]:
    """Return this user's Fast DDS files that no live process has open or mapped."""
    files: dict[Path, os.stat_result] = {}
    for name in os.listdir(folder):
        # a process that ends removes its files
        with suppress(OSError):
            if NAMES.match(name):
                files[folder / name] = (folder / name).stat()
    held = _held(folder, proc)
    held |= {name.removesuffix('_el') for name in held} | {f'{name}_el' for name in held}
    now_s = time.time()
    return sorted(path for path, about in files.items()
                  if path.name not in held and about.st_uid == os.getuid()
                  and now_s - about.st_mtime > YOUNG_S)


def check_shared_memory(fix: bool) -> Finding:
    """Report the leftover files; with ``fix`` remove them."""
    found = leftovers()
    if not found:
        return Finding('shared memory', 'ok', 'nothing left behind by killed processes')
    size_mb = sum(map(_size, found)) / 1e6
    summary = f'{len(found)} files ({size_mb:.0f} MB) that no live process holds'
    if not fix:
        return Finding('shared memory', 'warn', summary, 'digiphys doctor --fix')
    for path in found:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    kept = [path for path in found if path.exists()]
    if kept:
        return Finding('shared memory', 'warn', f'{summary}:  {len(kept)} cannot be removed',
                       f'sudo rm -f {" ".join(quote(str(path)) for path in kept)}')
    return Finding('shared memory', 'ok', f'{summary}:  removed')


def _size(path: Path) -> int:
    # another process may remove it
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _held(folder: Path, proc: Path) -> set[str]:
    names: set[str] = set()
    for process in map(proc.joinpath, filter(str.isdecimal, os.listdir(proc))):
        try:
            maps = (process / 'maps').read_text(errors='replace')
            names.update(re.findall(rf'{re.escape(str(folder))}/(\S+)', maps))
            for link in (process / 'fd').iterdir():
                target = link.readlink()
                if target.parent == folder:
                    names.add(target.name)
        except OSError:
            # it ended, or belongs to another user, whose files are ignored
            continue
    return names
