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

"""Errors of libraries for damaged or hostile models, as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from digiphys_ros.errors import DigiphysError, EngineError
from digiphys_ros.files import reason_of


@contextmanager
def one_sentence(beginning: str) -> Iterator[None]:
    """Convert any exception of a library for a damaged or hostile model to an EngineError."""
    try:
        yield
    except (DigiphysError, ImportError):
        raise
    except Exception as error:  # each library has errors of its own
        raise EngineError(f'{beginning}: {reason_of(error)[:300]}.') from error
