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

from digiphys_ros.control.config import check_use
from digiphys_ros.errors import ConfigError
import pytest


def test_a_model_for_advice_is_refused_in_one_sentence():
    check_use('control', 'signs@1')
    with pytest.raises(ConfigError, match='xray@1 is for advice to a person'):
        check_use('advice', 'xray@1')
