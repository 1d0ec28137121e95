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

import json
import os
from pathlib import Path
import subprocess
import sys

from digiphys_ros import missing
import pytest

FIX = "pip install 'numpy<2' ai-edge-litert"
CLASH = """
import sys
sys.stderr.write('A module that was compiled using NumPy 1.x cannot be run in\\n'
                 'Traceback (most recent call last):\\nAttributeError: _ARRAY_API not found\\n')
raise ImportError('numpy.core.multiarray failed to import')
"""
"""The behaviour of apt's OpenCV 4.6 with NumPy 2."""


@pytest.fixture
def clash(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which OpenCV was built for another NumPy."""
    (tmp_path / 'cv2.py').write_text(CLASH)
    return {**os.environ, 'PYTHONPATH': f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'}


def run(environment: dict[str, str], *words: str) -> 'subprocess.CompletedProcess[str]':
    return subprocess.run([sys.executable, '-m', *words], env=environment, capture_output=True,
                          text=True, timeout=300)


@pytest.mark.field('opencv/opencv #25772', 'OpenCV was built for NumPy 1 and NumPy 2 is there')
@pytest.mark.parametrize('words', [['run'], ['sim', 'run', 'traffic_signs'],
                                   ['evaluate', 'x', '--data', 'y']])
def test_command_with_an_incompatible_opencv_ends_with_one_sentence(
        words: list[str], clash: dict[str, str]) -> None:
    if words[0] == 'run':
        pytest.importorskip('rclpy', reason='rclpy is not installed')
    done = run(clash, 'digiphys_ros.cli.main', *words)
    assert done.returncode == 2
    assert done.stderr.startswith('digiphys: OpenCV does not load: it was built for ')
    assert done.stderr.endswith(f'{FIX}\n') or '--upgrade' in done.stderr
    assert done.stderr.count('\n') == 1


def test_help_needs_no_opencv(clash: dict[str, str]) -> None:
    for words in (['--help'], ['run', '--help'], ['doctor', '--help']):
        done = run(clash, 'digiphys_ros.cli.main', *words)
        assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.ros
@pytest.mark.parallel
@pytest.mark.parametrize('node', ['camera', 'classifier', 'pipeline', 'sim', 'triage'])
def test_node_with_an_incompatible_opencv_ends_with_one_sentence(
        node: str, clash: dict[str, str]) -> None:
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    done = run(clash, 'digiphys_ros.nodes', node)
    assert done.returncode == 2
    assert done.stderr.startswith(f'{node}: OpenCV does not load: ')
    assert done.stderr.count('\n') == 1


@pytest.mark.ros
@pytest.mark.parallel
def test_gate_with_an_incompatible_opencv_starts(robot, clash: dict[str, str]) -> None:
    robot.environment['PYTHONPATH'] = clash['PYTHONPATH']
    robot.start('gate')
    robot.is_active('gate')


@pytest.mark.ros
@pytest.mark.parallel
def test_doctor_with_an_incompatible_opencv_reports_it(clash: dict[str, str]) -> None:
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    done = run(clash, 'digiphys_ros.cli.main', 'doctor', '--json', '-', '--seconds', '0.1')
    assert (done.returncode, done.stderr) == (1, '')
    found = {one['check']: one for one in json.loads(done.stdout)['findings']}
    assert found['opencv']['status'] == 'fail'
    assert 'it was built for ' in found['opencv']['found']
    assert found['bundle']['found'] == found['opencv']['found']
    assert found['rules']['status'] == 'ok'


@pytest.mark.parametrize(('numpy', 'fix'), [
    ('2.2.6', FIX), ('1.21.5', "pip install --upgrade 'numpy<2' ai-edge-litert")])
def test_fix_of_an_incompatible_opencv_matches_the_installed_numpy(
        numpy: str, fix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('importlib.metadata.version', lambda package: numpy)
    found, named = missing.explain_import_error(ImportError(
        'numpy.core.multiarray failed to import', name='cv_bridge'))
    assert f'NumPy {numpy} is installed' in found
    assert named == fix


@pytest.mark.parametrize(('name', 'fix'), [
    ('pydantic', "pip install 'pydantic>=2'"), ('yaml.nodes', 'pip install pyyaml'),
    ('rclpy', missing.SOURCE_ROS),
    ('vision_msgs.msg', missing.SOURCE_ROS)])
def test_missing_package_is_named_with_its_fix(name: str, fix: str) -> None:
    error = ModuleNotFoundError(f"No module named '{name}'", name=name)
    assert missing.explain_import_error(error) == (
        f"a package is missing: No module named '{name}'", fix)
