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

"""The result of a check, and checks that may raise."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from digiphys_ros.errors import DigiphysError
from digiphys_ros.missing import explain_import_error

Status = Literal['ok', 'warn', 'fail', 'skip']


@dataclass(frozen=True)
class Finding:
    """
    The result of a check.

    :ivar status: ``fail`` stops frames or commands; ``warn`` may; ``skip`` could not check.
    :ivar fix: command that fixes it, empty if none is needed.
    """

    check: str
    status: Status
    found: str
    fix: str = ''


def attempt(check: str, look: Callable[[], Finding | Iterable[Finding]]) -> list[Finding]:
    """
    Return the findings of a check; an exception in it becomes a finding.

    Example::

        >>> attempt('clock', lambda: Finding('clock', 'ok', 'runs'))
        [Finding(check='clock', status='ok', found='runs', fix='')]
    """
    try:
        found = look()
        return [found] if isinstance(found, Finding) else list(found)
    except DigiphysError as error:
        return [Finding(check, 'fail', str(error),
                        'digiphys doctor  # after fixing the error above')]
    except ImportError as error:
        return [Finding(check, 'fail', *explain_import_error(error))]
    except OSError as error:
        return [Finding(check, 'skip', f'could not check:  {error}')]
    except Exception as error:  # the other checks must still run
        return [Finding(check, 'warn', f'could not check:  {type(error).__name__}: {error}',
                        'digiphys doctor --json -  # report its output at '
                        'https://github.com/digiphys/digiphys_ros/issues')]
