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

"""Defaults of command line and library, without heavy imports."""

from pathlib import Path

VAL_FRACTION = '0.2'
"""Fraction of each class's groups that is held out, as text: it may also be ``part``."""


def work_folder(out: Path) -> Path:
    """Return the folder of checkpoint, log and curves of a training, next to its bundle."""
    return out.with_name(f'{out.name}.training')
