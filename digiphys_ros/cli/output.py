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
from pathlib import Path
import sys
from typing import Any

from digiphys_ros.errors import UsageError


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
