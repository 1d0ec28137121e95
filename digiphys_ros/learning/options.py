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

"""Check the options of a function in a recipe against its signature."""

from collections.abc import Callable
import inspect
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model


def options_model(name: str, function: Callable[..., Any]) -> type[BaseModel]:
    """
    Return a pydantic model of a function's keywords, to check the values of a recipe.

    :param name: name of the function, for messages.
    :param function: its keyword-only parameters are the options.

    Example::

        >>> def shrink(image, *, by: int = 2): ...
        >>> options_model('shrink', shrink).model_validate({}).model_dump()
        {'by': 2}
    """
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        key: (hints.get(key, Any), ... if value.default is value.empty else value.default)
        for key, value in inspect.signature(function).parameters.items()
        if value.kind is value.KEYWORD_ONLY}
    return create_model(f'{name} options', __config__=ConfigDict(extra='forbid'), **fields)
