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
import subprocess
import sys

from digiphys_ros.applications import APPLICATIONS
from digiphys_ros.resources import share_dir
import pytest

PACKAGE = share_dir() / 'digiphys_ros'
ROS = {'rclpy', 'launch', 'launch_ros', 'ament_index_python', 'tf2_ros'}
MESSAGES = ('_msgs', '_srvs', '_interfaces')


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize('folder', ['advice', 'applications', 'bundles', 'control', 'demo',
                                    'learning', 'perception', 'pipeline', 'simulation'])
def test_the_core_imports_no_ros(folder):
    found = {(path.name, name) for path in (PACKAGE / folder).rglob('*.py')
             for name in imports(path)}
    packages = {(path, name.split('.')[0]) for path, name in found}
    assert not {(path, package) for path, package in packages
                if package in ROS or package.endswith(MESSAGES)}
    assert found


def test_perception_does_not_know_control():
    for path in (PACKAGE / 'perception').rglob('*.py'):
        assert not [name for name in imports(path) if name.startswith('digiphys_ros.control')]


def test_advice_does_not_know_control():
    for path in [*(PACKAGE / 'advice').rglob('*.py'), PACKAGE / 'nodes' / 'triage.py']:
        assert not [name for name in imports(path) if name.startswith('digiphys_ros.control')]


def test_the_robots_side_imports_no_inference_library_before_it_is_needed():
    script = ('import sys; import digiphys_ros.perception, digiphys_ros.perception.sources;'
              'print(sorted({"tensorflow", "keras", "ai_edge_litert", "rclpy", "cv_bridge"}'
              ' & set(sys.modules)))')
    result = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True,
                            cwd=PACKAGE.parent, check=True)
    assert result.stdout.strip() == '[]'


def test_simulation_knows_no_application():
    for path in (PACKAGE / 'simulation').rglob('*.py'):
        assert not [name for name in imports(path) if name.startswith(
            'digiphys_ros.applications')], path
        words = {node.value for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.Constant)}
        assert not words & set(APPLICATIONS.built_in), path
