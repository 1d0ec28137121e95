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

import ast

from digiphys_ros.resources import share_dir
import pytest

PACKAGE = share_dir() / 'digiphys_ros'
ROS = {'rclpy', 'sensor_msgs', 'geometry_msgs', 'vision_msgs', 'std_msgs', 'std_srvs',
       'diagnostic_msgs', 'trajectory_msgs', 'lifecycle_msgs', 'rcl_interfaces', 'launch'}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize('folder', ['perception', 'control', 'learning', 'simulation', 'demo'])
def test_the_core_imports_no_ros(folder):
    found = {(path.name, name) for path in (PACKAGE / folder).rglob('*.py')
             for name in imports(path)}
    assert not {(path, name) for path, name in found if name.split('.')[0] in ROS}


def test_perception_does_not_know_control():
    for path in (PACKAGE / 'perception').rglob('*.py'):
        assert not [name for name in imports(path) if name.startswith('digiphys_ros.control')]
