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

import os
import sys

from digiphys_ros.errors import ConfigError
from digiphys_ros.ros.transport.variables import (
    check_environment,
    check_middleware,
    find_log_folder,
)
import pytest

HOME = pytest.mark.field('ros2/rcl_logging #72', 'HOME is unset or cannot be written')


@pytest.mark.parametrize('value', ['', '0', '232'])
def test_check_environment_valid_domain_passes(value):
    check_environment({'ROS_DOMAIN_ID': value})


@pytest.mark.field('ros2/rmw_fastrtps #261', 'ROS_DOMAIN_ID is too high')
@pytest.mark.parametrize('value', ['233', '300', '-1', 'abc', '1.5', '٣'])
def test_check_environment_invalid_domain_is_reported(value):
    with pytest.raises(ConfigError, match=rf"ROS_DOMAIN_ID: .* 0 to 232 is .* received '{value}'"):
        check_environment({'ROS_DOMAIN_ID': value})


def test_check_environment_invalid_logging_variable_is_reported():
    with pytest.raises(ConfigError, match=r"RCUTILS_LOGGING_USE_STDOUT: .* received 'yes'"):
        check_environment({'RCUTILS_LOGGING_USE_STDOUT': 'yes'})


@pytest.mark.ros
@pytest.mark.parallel
def test_check_middleware_not_loadable_is_reported(monkeypatch):
    monkeypatch.delitem(sys.modules, 'rclpy', raising=False)
    with pytest.raises(ConfigError, match='ros-DISTRO-rmw-pigeon-cpp'):
        check_middleware({**os.environ, 'RMW_IMPLEMENTATION': 'rmw_pigeon_cpp'})


@HOME
def test_find_log_folder_without_home_sets_the_variable(tmp_path, monkeypatch):
    for name in ('HOME', 'ROS_LOG_DIR'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('ROS_HOME', str(tmp_path))
    assert find_log_folder() == (tmp_path / 'log', '')
    assert os.environ['ROS_LOG_DIR'] == str(tmp_path / 'log')


@HOME
def test_find_log_folder_not_writable_is_reported(tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('ROS_HOME', str(tmp_path / 'file'))
    monkeypatch.setenv('ROS_LOG_DIR', '')
    _, found = find_log_folder()
    assert f'log folder {tmp_path}/file/log cannot be written' in found
    assert f'logging to {os.environ["ROS_LOG_DIR"]}; set ROS_LOG_DIR' in found
