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
"""What every schema of a rules file is made of."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

STRICT = ConfigDict(extra='forbid', frozen=True)

Finite = Annotated[float, Field(allow_inf_nan=False)]


def matching(pattern: str, allowed: str) -> AfterValidator:
    """Return a validator of strings; ``allowed`` describes ``pattern`` in words."""
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError('refused', '{reason}', {'reason': f'must be {allowed}'})
        return value
    return AfterValidator(check)


Name = Annotated[
    str, matching(r'[A-Za-z][A-Za-z0-9_]*', 'letters, digits and _, a letter first')]

Problem = tuple[tuple[str | int, ...], str, Any]
"""Where in the model, why, and what was received there."""


def refuse(title: str, *problems: Problem) -> None:
    """Raise one ValidationError for problems found across fields, each at its own place."""
    if problems:
        raise ValidationError.from_exception_data(title, [
            InitErrorDetails(
                type=PydanticCustomError('refused', '{reason}', {'reason': reason}),
                loc=location, input=received)
            for location, reason, received in problems])
