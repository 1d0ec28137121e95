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

from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import find_resource, share_dir
import pytest


def test_what_is_shipped_is_found_with_and_without_its_ending():
    expected = share_dir() / 'config' / 'traffic.yaml'
    assert find_resource('traffic', 'config') == expected
    assert find_resource('traffic.yaml', 'config') == expected


@pytest.mark.parametrize(('name', 'reason'), [
    ('', 'A path or the name of something in config/ is needed'),
    ('nothing', '"nothing" was not found, neither as a path nor in'),
    ('~nobody-of-that-name/x', 'home directory'), ('x' * 5000, 'File name too long')])
def test_what_is_not_there_is_told_whatever_is_wrong_with_it(name, reason):
    with pytest.raises(ConfigError, match=reason):
        find_resource(name, 'config')
