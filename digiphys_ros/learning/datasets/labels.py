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

"""Read class names from a file."""

from pathlib import Path

from digiphys_ros.errors import DatasetError
from digiphys_ros.files import read_text, reason_of


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names in a file with one name a line, in the order of their indices."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f'{path}: cannot be read as text with one name a line: '
                           f'{reason_of(error)}.') from error
    names = tuple(line.strip() for line in lines if line.strip())
    if len(set(names)) != len(names) or len(names) < 2:
        raise DatasetError(f'{path}: needs at least two different names, one a line, received '
                           f'{len(names)} lines with {len(set(names))} different names.')
    return names
