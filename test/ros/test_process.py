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
import signal
import subprocess
import sys

from digiphys_ros.resources import share_dir
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
MIXED = '/**/classifier:\n  ros__parameters: {roi: [0, 0.2, 1, 1.0]}\n'


@pytest.mark.parametrize(('words', 'environment', 'sentence'), [
    pytest.param([], {'ROS_DOMAIN_ID': '300'}, 'ROS_DOMAIN_ID: a number from 0 to 232',
                 marks=pytest.mark.field('ros2/rmw_fastrtps #261', 'ROS_DOMAIN_ID is too high')),
    (['-r', '__ns:=/my-robot'], {}, "ROS refuses to start: Couldn't parse remap rule"),
    (['--params-file', 'mixed.yaml'], {}, 'Sequence should be of same type'),
])
def test_node_refused_by_the_middleware_ends_with_one_sentence(tmp_path, words, environment,
                                                               sentence):
    (tmp_path / 'mixed.yaml').write_text(MIXED)
    done = subprocess.run(
        [sys.executable, '-m', 'digiphys_ros.nodes', 'policy', '--ros-args', *words], timeout=300,
        capture_output=True, text=True, cwd=tmp_path, env={
            **os.environ, 'PYTHONPATH': str(share_dir()), **environment})
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count('\n') == 1


def start_with_file(robot, folder, node, text, *words):
    (folder / 'own.yaml').write_text(text)
    return robot.run(node, [
        sys.executable, '-m', 'digiphys_ros.nodes', node, '--ros-args', *words,
        '--params-file', str(folder / 'own.yaml')])


@pytest.mark.field('ros2/ros2 #569', 'a section is for another namespace')
def test_gate_without_a_section_ends_with_one_sentence(robot, tmp_path):
    process = start_with_file(robot, tmp_path, 'gate', 'gate:\n  ros__parameters: {nice: 1}\n',
                              '-r', '__ns:=/r1')
    assert process.wait(60) == 2
    assert 'own.yaml: no section applies to /r1/gate' in robot.log('gate')
    assert 'active' not in robot.log('gate')


def test_gate_with_a_section_in_one_file_runs(robot, tmp_path):
    start_with_file(robot, tmp_path, 'gate', 'amcl:\n  ros__parameters: {a: 1}\n',
                    '--params-file', str(share_dir() / 'config/traffic_signs.yaml'))
    robot.is_active('gate')
    assert 'own.yaml: no section applies to /gate' in robot.log('gate')


def test_node_without_a_section_warns(robot, tmp_path):
    start_with_file(robot, tmp_path, 'policy', 'policy:\n  ros__parameters: {nice: 1}\n',
                    '-r', '__ns:=/r1')
    robot.is_active('r1/policy')
    assert 'own.yaml: no section applies to /r1/policy' in robot.log('policy')


@pytest.mark.field('ros2/rcl_logging #72', 'HOME is unset or cannot be written')
def test_node_runs_without_home(robot):
    for name in ('HOME', 'ROS_HOME', 'ROS_LOG_DIR'):
        robot.environment.pop(name, None)
    robot.start('policy')
    robot.is_active('policy')


def make_configuration(folder):
    """Write a parameters file, with nested sections, and its rules in the same folder."""
    rules = (share_dir() / 'config/traffic_signs_rules.yaml').read_text()
    assert 'topic: cmd_vel' in rules
    (folder / 'own_rules.yaml').write_text(rules.replace('topic: cmd_vel', 'topic: drive'))
    (folder / 'own.yaml').write_text("""
/**:
  camera:
    ros__parameters: {rate_hz: 3e1}
  classifier:
    ros__parameters: {bundle: traffic_signs, roi: [0.3, 0.2333333, 0.4, 0.5333333]}
  policy:
    ros__parameters: {rules: own_rules.yaml}
  gate:
    ros__parameters: {rules: own_rules.yaml, estop_wait_s: 0.0}
""")
    return folder / 'own.yaml'


@pytest.mark.field(
    'ifm/ifm3d-ros2 #27', 'a path in a parameters file depends on where a node is started')
@pytest.mark.field('ros2/rclcpp #2166', 'nodes are nested in a namespace')
def test_run_uses_own_files_and_remaps(robot, tmp_path):
    """A camera driver's topic, nested sections, rules in the same folder, and overrides."""
    from geometry_msgs.msg import TwistStamped
    commands = robot.listen(TwistStamped, 'robot1/drive')
    process = robot.run('run', [
        sys.executable, '-m', 'digiphys_ros.cli.main', 'run', '--config',
        str(make_configuration(tmp_path)), '--namespace', 'robot1',
        '--remap', 'image:=/camera/image_raw', '--remap', 'policy:classification:=/results',
        '--remap', 'classifier:classification:=/results', '--remap', 'image_raw:=/elsewhere',
        '--set', 'gate.lease_s=5e-1', '--set', 'policy.cpus=0', '--set', 'use_sim_time=false'])
    robot.wait(lambda: commands and commands[-1].twist.linear.x > 0, 'motion')
    named = dict(robot.node.get_topic_names_and_types())
    assert named['/camera/image_raw'] == ['sensor_msgs/msg/Image']
    assert '/results' in named
    assert '/robot1/image' not in named and '/robot1/classification' not in named
    assert '--remap image_raw:=/elsewhere: no node has a topic `image_raw` (did you mean image?)' \
        in robot.log('run')
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.mark.field('python/cpython #90650', 'output goes to head, which ends first')
def test_run_with_unread_output_restarts_nodes(robot, tmp_path):
    (tmp_path / 'own.yaml').write_text('/**/policy:\n  ros__parameters: {}\n')
    reader, robot.output = os.pipe()
    process = robot.run('run', [sys.executable, '-m', 'digiphys_ros.cli.main', 'run', '--config',
                                str(tmp_path / 'own.yaml')])
    assert os.read(reader, 1)
    os.close(reader)
    os.close(robot.output)
    robot.is_active('policy')

    def child():
        return subprocess.run(['pgrep', '-P', str(process.pid), '-f', 'nodes.policy'],
                              capture_output=True, text=True).stdout.split()
    [first] = child()
    os.kill(int(first), signal.SIGKILL)
    robot.poll(lambda: child() and child() != [first], 'another policy')
    assert process.poll() is None
