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

"""The marks behind ``make field``."""

import ast
import subprocess
import sys

from digiphys_ros.resources import share_dir
import pytest

SITUATIONS = 115
"""Number of situations with tests on running nodes at first."""


@pytest.mark.parametrize(('arguments', 'is_taken'), [
    (('ros2/rclcpp #940', 'no clock'), True), (('rclcpp #940', 'no clock'), False),
    (('ros2/rclcpp', 'no clock'), False), (('ros2/rclcpp #940',), False), ((), False),
    (('ros2/rclcpp #940', 'no clock', 'more'), False)])
def test_field_mark_without_a_public_report_is_refused(request, arguments, is_taken):
    conftest = request.config.pluginmanager.get_plugin(str(share_dir() / 'test/conftest.py'))
    if is_taken:
        assert conftest._field('a test', *arguments) == arguments
    else:
        with pytest.raises(pytest.UsageError, match=r'a test: mark\.field needs'):
            conftest._field('a test', *arguments)


def test_field_mark_that_is_refused_ends_the_collection(tmp_path):
    (tmp_path / 'conftest.py').write_text((share_dir() / 'test/conftest.py').read_text())
    (tmp_path / 'test_one.py').write_text(
        'import pytest\n\n\n@pytest.mark.field()\ndef test_it():\n    pass\n')
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '--collect-only', '-q', '-p', 'no:cacheprovider', '-c',
         str(share_dir() / 'pyproject.toml'), '--rootdir', str(tmp_path), str(tmp_path)],
        cwd=share_dir(), capture_output=True, text=True, timeout=300)
    assert done.returncode
    assert 'mark.field needs a public report' in done.stderr


def test_situations_from_the_field_have_tests():
    calls = [node for path in (share_dir() / 'test').rglob('test_*.py')
             for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Call) and ast.unparse(node.func) == 'pytest.mark.field']
    assert len({tuple(map(ast.literal_eval, call.args)) for call in calls}) >= SITUATIONS
