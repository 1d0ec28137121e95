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

"""Output of the subcommands."""

import argparse
from collections.abc import Sequence
import errno
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from digiphys_ros.errors import UsageError

TRY_WINDOW = "import cv2; cv2.namedWindow('digiphys'); cv2.destroyAllWindows()"


def displays() -> list[str]:
    """Return the names of the displays in the environment."""
    return [os.environ[name] for name in ('DISPLAY', 'WAYLAND_DISPLAY') if os.environ.get(name)]


def check_display(alternative: str) -> None:
    """
    Try to open a window in another process, as Qt terminates a process that cannot.

    :param alternative: what to do without a window.
    :raises UsageError: without a display, or if it cannot open a window.
    """
    names = displays()
    if not names:
        raise UsageError(f'there is no display for a window; {alternative}.')
    try:
        opened = subprocess.run([sys.executable, '-c', TRY_WINDOW], capture_output=True,
                                timeout=30).returncode == 0
    except subprocess.TimeoutExpired:
        opened = False
    if not opened:
        raise UsageError(f'the display {names[0]} cannot open a window; {alternative}.')


def check_targets(arguments: argparse.Namespace, files: Sequence[str],
                  folders: Sequence[str] = ()) -> None:
    """
    Check before a long run that its results can be written.

    :param files: options for a file, whose folder must exist; ``-`` is standard output.
    :param folders: options for a folder, which is created if missing.
    :raises UsageError: for the first that cannot be written.
    """
    for option in (*files, *folders):
        target = getattr(arguments, option)
        if target in (None, '-'):
            continue
        path = Path(target)
        reason = _folder_problem(path) if option in folders else _file_problem(path)
        if option == 'plot':
            reason = reason or _no_image(path)
        if reason:
            raise UsageError(f'--{option} {target}: cannot be written: {reason}.')


def _file_problem(file: Path) -> str | None:
    if file.is_dir():
        return os.strerror(errno.EISDIR)
    if not file.parent.is_dir():
        return os.strerror(errno.ENOENT)
    return _not_allowed(file if file.exists() else file.parent)


def _folder_problem(folder: Path) -> str | None:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    # the subcommand may replace an existing file of this name, or refuse it with a better error
    if there != folder and not there.is_dir():
        return f'{there} is not a folder'
    return _not_allowed(there)


def _not_allowed(path: Path) -> str | None:
    return None if os.access(path, os.W_OK) else os.strerror(errno.EACCES)


def _no_image(file: Path) -> str | None:
    from matplotlib.backend_bases import FigureCanvasBase
    known = FigureCanvasBase.get_supported_filetypes()
    return None if file.suffix[1:].lower() in known or not file.suffix else \
        f'{file.suffix} is not an image format; use .png'


def write_json(report: dict[str, Any], target: str) -> None:
    """
    Write a report as JSON.

    :param target: a file, or ``-`` for standard output.
    :raises UsageError: if the file cannot be written.
    """
    text = json.dumps(report, indent=2, allow_nan=False) + '\n'
    if target == '-':
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(text, encoding='utf-8')
    except OSError as error:
        raise UsageError(f'--json {target}: cannot be written: {error.strerror}.') from error
