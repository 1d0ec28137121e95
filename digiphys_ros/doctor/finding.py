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

"""One result of one check."""

from dataclasses import dataclass
from typing import Literal

Status = Literal['ok', 'warn', 'fail', 'skip']


@dataclass(frozen=True)
class Finding:
    """
    What a check found.

    :ivar status: ``fail`` would stop frames or commands; ``warn`` may; ``skip`` could not look.
    :ivar fix: what to do, empty where there is nothing to do.
    """

    check: str
    status: Status
    found: str
    fix: str = ''
