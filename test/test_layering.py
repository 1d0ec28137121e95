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

"""Allowed and forbidden imports between the packages."""

import ast
from collections import defaultdict
import subprocess
import sys

from digiphys_ros.applications import APPLICATIONS
from digiphys_ros.resources import share_dir
from graphlib import TopologicalSorter
import pytest

PACKAGE = share_dir() / 'digiphys_ros'
ROS = {'rclpy', 'launch', 'launch_ros', 'ament_index_python', 'tf2_ros'}
MESSAGES = ('_msgs', '_srvs', '_interfaces')
GROUND = 'ground'
"""The top-level modules: errors, files, resources and so on."""
FACE = 'face'
"""Modules of the public API."""
MAY_IMPORT = {
    GROUND: set(),
    'bundles': {GROUND},
    'control': {GROUND},
    'perception': {GROUND, 'bundles'},
    'pipeline': {GROUND, 'bundles', 'perception', 'control'},
    'advice': {GROUND, 'bundles', 'perception', 'pipeline'},
    'simulation': {GROUND, 'bundles', 'perception', 'control', 'advice', 'pipeline'},
    'applications': {GROUND, 'bundles', 'perception', 'control', 'advice', 'pipeline',
                     'simulation'},
    'learning': {GROUND, 'bundles', 'perception', 'pipeline', 'applications'},
    FACE: {GROUND, 'bundles', 'perception', 'control', 'pipeline', 'learning'},
    'demo': {GROUND, 'bundles', 'control', 'pipeline', 'simulation', 'applications'},
    'ros': {GROUND, 'bundles', 'perception', 'control', 'advice', 'pipeline', 'simulation'},
    'nodes': {GROUND, 'bundles', 'perception', 'control', 'advice', 'pipeline', 'applications',
              'simulation', 'ros'},
    'doctor': {GROUND, 'bundles', 'perception', 'control', 'pipeline', 'applications', 'ros'},
    'bench': {GROUND, 'bundles', 'perception', 'control', 'advice', 'pipeline', 'simulation',
              'applications', 'learning', 'ros', 'nodes', 'demo'},
    'cli': {GROUND, 'bundles', 'perception', 'control', 'advice', 'pipeline', 'simulation',
            'applications', 'learning', 'ros', 'demo', 'doctor', 'bench', FACE},
}
"""Package -> the packages that its modules may import."""


def modules():
    """Return the file of each module of the package by its name."""
    return {'.'.join(('digiphys_ros', *path.relative_to(PACKAGE).with_suffix('').parts)
                     ).removesuffix('.__init__'): path for path in PACKAGE.rglob('*.py')}


def imports(path):
    """Yield each name that a file imports; of ``from a import b`` both a and a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def arrows():
    """Return the modules of the package that each one imports."""
    known = modules()
    found = defaultdict(set)
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found[name] |= known.keys() & {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module in known:
                inside = {f'{node.module}.{alias.name}' for alias in node.names}
                found[name] |= inside & known.keys()
                if inside - known.keys():
                    found[name].add(node.module)
    return found


def room_of(module):
    parts = module.split('.')[1:]
    if parts in ([], ['api']):
        return FACE
    return parts[0] if (PACKAGE / parts[0]).is_dir() else GROUND


def test_package_imports_only_allowed_packages():
    found = {(room_of(one), room_of(other), f'{one} -> {other}')
             for one, others in arrows().items() for other in others}
    assert {room for arrow in found for room in arrow[:2]} <= MAY_IMPORT.keys()
    assert not sorted(text for room, other, text in found
                      if other not in {room, *MAY_IMPORT[room]})


def test_packages_have_no_import_cycle():
    TopologicalSorter(MAY_IMPORT).prepare()


def test_modules_have_no_import_cycle():
    # the error names the modules of a cycle
    TopologicalSorter(arrows()).prepare()


@pytest.mark.parametrize('folder', ['advice', 'applications', 'bundles', 'control', 'demo',
                                    'learning', 'perception', 'pipeline', 'simulation'])
def test_core_imports_no_ros(folder):
    found = {(path.name, name) for path in (PACKAGE / folder).rglob('*.py')
             for name in imports(path)}
    packages = {(path, name.split('.')[0]) for path, name in found}
    assert not {(path, package) for path, package in packages
                if package in ROS or package.endswith(MESSAGES)}
    assert found


def test_advice_is_never_imported_by_control():
    # also the node: its topics are for people
    assert not [name for name in imports(PACKAGE / 'nodes' / 'triage.py')
                if name.startswith('digiphys_ros.control')]


def test_robot_packages_import_inference_libraries_lazily():
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
