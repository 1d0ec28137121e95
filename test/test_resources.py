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

from digiphys_ros import resources
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import find_resource, next_to_parameters, share_dir
import pytest


def test_share_dir_ignores_the_package_xml_of_another_package(tmp_path, monkeypatch):
    share = tmp_path / 'share' / 'digiphys_ros'
    share.mkdir(parents=True)
    for file in (share / 'package.xml', tmp_path / 'package.xml'):
        file.touch()
    monkeypatch.setattr(resources, '__file__', str(tmp_path / 'digiphys_ros' / 'resources.py'))
    assert share_dir() == share


def test_find_resource_shipped_file_with_and_without_ending():
    expected = share_dir() / 'config' / 'traffic_signs.yaml'
    assert find_resource('traffic_signs', 'config') == expected
    assert find_resource('traffic_signs.yaml', 'config') == expected


@pytest.mark.parametrize(('name', 'reason'), [
    ('', 'A path or a name in config/ is needed'),
    ('nothing', '"nothing" was not found, neither as a path nor in'),
    ('~nobody-of-that-name/x', 'home directory'), ('x' * 5000, 'File name too long')])
def test_find_resource_invalid_name_is_reported(name, reason):
    with pytest.raises(ConfigError, match=reason):
        find_resource(name, 'config')


def resolve(name, *files):
    words = ['gate', '--ros-args']
    for file in files:
        words += ['--params-file', str(file)]
    return next_to_parameters(name, words)


def test_next_to_parameters_finds_a_file_in_the_same_folder(tmp_path):
    (tmp_path / 'rules.yaml').touch()
    assert resolve('rules.yaml', tmp_path / 'gate.yaml') == str(tmp_path / 'rules.yaml')


@pytest.mark.parametrize('name', ['', 'nothing.yaml', '/absolute.yaml', 'a' * 200])
def test_next_to_parameters_keeps_other_names(tmp_path, name):
    assert resolve(name, tmp_path / 'gate.yaml') == name


def test_next_to_parameters_ignores_files_of_launch(tmp_path):
    (tmp_path / 'rules.yaml').touch()
    assert resolve('rules.yaml', tmp_path / 'launch_params_a1') == 'rules.yaml'


def test_next_to_parameters_keeps_shipped_names():
    assert resolve('traffic_signs_rules.yaml', share_dir() / 'config/traffic_signs.yaml') == \
        'traffic_signs_rules.yaml'


def test_next_to_parameters_unknown_home_is_reported():
    with pytest.raises(ConfigError, match='~nobody_of_this_name/x'):
        resolve('~nobody_of_this_name/x')
