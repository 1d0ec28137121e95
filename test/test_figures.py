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

"""Figures of nodes: another version, or text instead of a number, is refused."""


from digiphys_ros.errors import ConfigError
from digiphys_ros.figures import Figures
import pytest


@pytest.mark.parametrize('values', [{'received': '1'}, {'schema_version': '2'}])
def test_figures_of_another_version_are_refused(values):
    with pytest.raises(ConfigError, match='figures of camera: schema_version must be 1'):
        Figures('camera', values)


def test_figures_of_a_silent_node_are_empty():
    silent = Figures('camera', {})
    assert (bool(silent), silent.count('received'), silent.text('engine')) == (False, None, '')


def test_figures_missing_key_is_no_count():
    camera = Figures('camera', {'schema_version': '1', 'received': '0'})
    assert (camera.count('received'), camera.count('dropped')) == (0, None)


def test_figures_not_a_number_are_refused():
    with pytest.raises(ConfigError, match='`received` must be a whole number, received "many"'):
        Figures('camera', {'schema_version': '1', 'received': 'many'}).count('received')
