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

from typing import Annotated

from digiphys_ros.learning.options import options_model
from pydantic import Field, ValidationError
import pytest


def shrink(image, rng=None, *, by: Annotated[int, Field(ge=1)] = 2, name, free=0.5):
    return image


def test_options_model_has_types_and_defaults_of_keywords():
    model = options_model('shrink', shrink)
    assert model.model_validate({'name': 'x'}).model_dump() == {'by': 2, 'name': 'x', 'free': 0.5}


@pytest.mark.parametrize('given', [{}, {'name': 1, 'by': 0}, {'name': 1, 'image': 1},
                                   {'name': 1, 'more': 1}])
def test_options_model_refuses_unknown_options(given):
    with pytest.raises(ValidationError):
        options_model('shrink', shrink).model_validate(given)
