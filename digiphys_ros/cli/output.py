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

"""What the verbs write."""

import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

from digiphys_ros.errors import UsageError

TRY_WINDOW = "import cv2; cv2.namedWindow('digiphys'); cv2.destroyAllWindows()"


def check_places(json_file: str | None, folder: Path | None = None) -> None:
    """
    Find out before a long run whether its results can be written; make the folder.

    :param json_file: a file, or ``-`` for standard output.
    :raises UsageError: when they cannot.
    """
    if json_file not in (None, '-'):
        path = Path(str(json_file)).absolute()
        if not path.parent.is_dir():
            raise UsageError(f'--json {json_file}: there is no folder {path.parent}.')
        if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            raise UsageError(f'--json {json_file}: cannot be written.')
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f'--out {folder}: cannot be made: {error.strerror}.') from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f'--out {folder}: cannot be written.')


def check_display(alternative: str) -> None:
    """
    Try to open a window: Qt ends the process that cannot, so another one tries.

    :param alternative: what to do without one.
    :raises UsageError: where there is no display, or it opens no window.
    """
    names = [os.environ[name] for name in ('DISPLAY', 'WAYLAND_DISPLAY') if os.environ.get(name)]
    if not names:
        raise UsageError(f'there is no display to open a window on; {alternative}.')
    try:
        opened = subprocess.run([sys.executable, '-c', TRY_WINDOW], capture_output=True,
                                timeout=30).returncode == 0
    except subprocess.TimeoutExpired:
        opened = False
    if not opened:
        raise UsageError(f'the display {names[0]} opens no window; {alternative}.')


def write_json(report: dict[str, Any], target: str) -> None:
    """
    Write a report as JSON.

    :param target: a file, or ``-`` for standard output.
    :raises UsageError: when the file cannot be written.
    """
    text = json.dumps(report, indent=2, allow_nan=False) + '\n'
    if target == '-':
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(text, encoding='utf-8')
    except OSError as error:
        raise UsageError(f'--json {target}: cannot be written: {error.strerror}.') from error
