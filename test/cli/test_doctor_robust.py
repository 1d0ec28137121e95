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

"""Doctor survives every fault that it looks for, and still prints the other findings."""

import json
import os
import subprocess
import sys
import threading

from digiphys_ros.doctor import environment, shared_memory, system
from digiphys_ros.doctor.finding import attempt, Finding
from digiphys_ros.errors import ConfigError
import pytest

pytestmark = [pytest.mark.parallel, pytest.mark.usefixtures('fixes_are_commands')]
CHECKS = {'ros', 'logs', 'transport', 'network', 'socket buffers', 'cv_bridge', 'engines',
          'plug-ins', 'bundle', 'rules', 'shared memory', 'graph'}


def doctor(*words, without=(), **changes):
    """Return doctor's findings by check, in a changed environment."""
    pytest.importorskip('rclpy')
    variables = {**os.environ, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', **changes}
    for name in without:
        variables.pop(name, None)
    done = subprocess.run(
        [sys.executable, '-m', 'digiphys_ros.cli.main', 'doctor', '--json', '-', '--seconds',
         '0.1', *words], env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)['findings']
    # each of them is checked in `fixes_are_commands`
    assert [Finding(**one) for one in findings]
    return {one['check']: one for one in findings}


@pytest.mark.field('ros2/rcl #201', 'an RMW that is not installed')
@pytest.mark.field('ros2/rcutils #358', 'HOME is not set')
def test_doctor_missing_rmw_home_and_opencv_keeps_every_finding(tmp_path):
    (tmp_path / 'cv2.py').write_text('raise ImportError("No module named cv2", name="cv2")')
    found = doctor(without=['HOME', 'ROS_HOME', 'ROS_LOG_DIR'],
                   RMW_IMPLEMENTATION='rmw_nothing_cpp',
                   PYTHONPATH=f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}')
    assert set(found) >= CHECKS
    assert 'rmw_nothing_cpp' in found['graph']['found']
    assert found['graph']['fix'].startswith('unset RMW_IMPLEMENTATION  #')
    assert found['bundle']['fix'] == 'pip install opencv-python-headless'
    assert 'HOME is not set' in found['logs']['found']
    assert found['logs']['fix'] == 'export ROS_LOG_DIR=/tmp/ros_log'


@pytest.mark.field('ros2/rmw_cyclonedds #61', 'a ROS_DOMAIN_ID that is no number or too large')
def test_doctor_wrong_domain_and_broken_files_keeps_every_finding(tmp_path):
    broken = tmp_path / 'my rules.yaml'
    broken.write_text('rules: [')
    found = doctor('--rules', str(broken), '--config', str(broken), ROS_DOMAIN_ID='abc',
                   HOME='/proc/1')
    assert set(found) >= CHECKS | {'parameters'}
    assert found['graph']['fix'].startswith('export ROS_DOMAIN_ID=0  #')
    assert 'received "abc"' in found['graph']['fix']
    for check in ('rules', 'parameters'):
        assert f'{broken}:' in found[check]['found']
        assert f"'{broken}'" in found[check]['fix']


@pytest.mark.field(
    'ros-perception/vision_opencv #535', 'cv_bridge was built for NumPy 1 and NumPy 2 is there')
def test_check_cv_bridge_failed_import_is_a_warning_with_the_fix(tmp_path, monkeypatch):
    (tmp_path / 'cv_bridge.py').write_text('raise AttributeError("_ARRAY_API not found")')
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}')
    monkeypatch.syspath_prepend(tmp_path)
    finding = system.check_cv_bridge()
    assert finding.status == 'warn'
    assert '_ARRAY_API not found' in finding.found
    assert "pip install 'numpy<2'" in finding.fix


def test_check_logs_unwritable_folder_is_named(tmp_path):
    assert environment.check_logs({'HOME': str(tmp_path)}).status == 'ok'
    assert environment.check_logs({'ROS_LOG_DIR': str(tmp_path)}).status == 'ok'
    for variables in ({'HOME': '/proc/1'}, {'HOME': '/', 'ROS_LOG_DIR': '/proc/1/log'}):
        finding = environment.check_logs(variables)
        assert finding.status == 'warn'
        assert '/proc/1' in finding.found
        assert finding.fix


@pytest.mark.parametrize(('error', 'status', 'fix'), [
    (ConfigError('my.yaml: wrong'), 'fail', 'digiphys doctor'),
    (ModuleNotFoundError('No module named yaml', name='yaml'), 'fail', 'pip install pyyaml'),
    (ImportError('libGL.so.1: cannot open shared object file', name='cv2'), 'fail', 'libgl1'),
    (PermissionError(13, 'Permission denied', '/proc/1/maps'), 'skip', ''),
    (RuntimeError('odd'), 'warn', 'https://github.com/digiphys'),
])
def test_attempt_failing_check_is_a_finding(error, status, fix):
    def look():
        raise error
    [finding] = attempt('one', look)
    assert finding.status == status
    assert fix in finding.fix
    assert str(error) in finding.found
    assert attempt('two', lambda: Finding('two', 'ok', 'well'))[0].status == 'ok'


@pytest.mark.field('giampaolo/psutil #2418', 'a process ends while /proc is read')
def test_leftovers_files_that_vanish_are_ignored(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_memory, 'YOUNG_S', -1.0)
    proc, stopped = tmp_path / 'proc', threading.Event()
    (proc / '1').mkdir(parents=True)
    shm = tmp_path / 'shm'
    shm.mkdir()

    def churn():
        while not stopped.is_set():
            for number in range(20):
                (shm / f'fastdds_{number}').touch()
            for number in range(20):
                (shm / f'fastdds_{number}').unlink()
    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(300):
            for path in shared_memory.leftovers(shm, proc):
                assert shared_memory._size(path) == 0
    finally:
        stopped.set()
        thread.join()
