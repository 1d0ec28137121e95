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

import pytest

pytestmark = pytest.mark.ros
LEASE_S = 0.5


class Pipeline:
    """All four nodes under `digiphys run`, watched from outside."""

    def __init__(self, robot, *words, namespace=''):
        from geometry_msgs.msg import TwistStamped
        from std_msgs.msg import Header
        from vision_msgs.msg import Classification
        self.robot, self.prefix = robot, f'/{namespace}' if namespace else ''
        self.commands = robot.listen(TwistStamped, f'{self.prefix}/cmd_vel')
        self.results = robot.listen(Classification, f'{self.prefix}/classification')
        self.obeyed = robot.listen(Header, f'{self.prefix}/obeyed/base')
        self.process = robot.run(f'run{namespace}', [
            sys.executable, '-m', 'digiphys_ros.cli.main', 'run', *words,
            *(['--namespace', namespace] if namespace else [])])

    def moves(self):
        return bool(self.commands) and self.commands[-1].twist.linear.x > 0

    def wait_for_motion(self):
        self.robot.wait(self.moves, 'motion')

    def pid(self, node):
        found = subprocess.run(
            ['pgrep', '-P', str(self.process.pid), '-f', f'digiphys_ros.nodes.{node}'],
            capture_output=True, text=True)
        return int((found.stdout.split() or [0])[0])

    def children(self):
        return children_of(self.process.pid)


def children_of(pid):
    found = subprocess.run(['pgrep', '-P', str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def stamp_s(header):
    return header.stamp.sec + header.stamp.nanosec * 1e-9


@pytest.mark.field('nasa-jpl/osr-rover-code #181', 'one node dies and the rover stops working')
@pytest.mark.parametrize('node', ['classifier', 'policy'])
def test_pipeline_killed_node_leads_to_the_safe_state_and_restarts(robot, node):
    pipeline = Pipeline(robot)
    pipeline.wait_for_motion()
    os.kill(pipeline.pid(node), signal.SIGKILL)
    robot.wait(lambda: not pipeline.moves(), 'safe state')
    last_motion = [one for one in pipeline.commands if one.twist.linear.x][-1]
    # by the stamps, at any load: no motion for an image older than the lease
    assert stamp_s(last_motion.header) - stamp_s(pipeline.obeyed[-1]) <= LEASE_S
    pipeline.wait_for_motion()


@pytest.mark.field(
    'ROBOTIS-GIT/turtlebot3 #1154', 'the last velocity persists when its source ends')
def test_pipeline_killed_gate_restarts_in_the_safe_state(robot):
    pipeline = Pipeline(robot)
    pipeline.wait_for_motion()
    waits = pipeline.pid('gate')
    gate = children_of(waits)[0]
    # the supervisor restarts one that dies sooner
    robot.wait(lambda: stamp_s(pipeline.obeyed[-1]) > stamp_s(pipeline.obeyed[0]) + 3.0, 'age')
    os.kill(gate, signal.SIGKILL)
    count = len(pipeline.commands)
    robot.wait(lambda: len(pipeline.commands) > count + 3, 'commands')
    robot.wait(lambda: not pipeline.moves(), 'safe state')
    pipeline.wait_for_motion()
    # in a spare process of the one that waits for its death
    assert pipeline.pid('gate') == waits
    assert gate not in children_of(waits)
    assert 'the process before this one ended with code -9' in robot.log('run')


def test_supervisor_with_blocked_output_restarts_a_killed_gate(robot, full_pipe):
    robot.output = full_pipe
    pipeline = Pipeline(robot)
    pipeline.wait_for_motion()
    first = pipeline.pid('gate')
    os.kill(first, signal.SIGKILL)
    robot.poll(lambda: pipeline.pid('gate') != first, 'another gate')
    pipeline.wait_for_motion()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_run_signal_ends_all_nodes(robot, number):
    pipeline = Pipeline(robot)
    pipeline.wait_for_motion()
    children = pipeline.children()
    assert len(children) == 4
    pipeline.process.send_signal(number)
    assert pipeline.process.wait(60) == 0
    assert not any(os.path.exists(f'/proc/{pid}') for pid in children)


@pytest.mark.field(
    'ms-iot/ROSOnWindows #394', 'processes go on after what launched them has ended')
def test_run_killed_supervisor_leaves_no_node(robot):
    pipeline = Pipeline(robot)
    pipeline.wait_for_motion()
    children = pipeline.children()
    pipeline.process.kill()
    pipeline.process.wait()
    robot.poll(lambda: not any(os.path.exists(f'/proc/{pid}') for pid in children), 'end')


@pytest.mark.field(
    'pollen-robotics/grabette #89', 'the camera stops and the policy goes on with its last image')
def test_pipeline_without_frames_goes_to_the_safe_state(robot):
    pipeline = Pipeline(robot)
    pipeline.wait_for_motion()
    assert robot.transition('camera', 4)
    robot.wait(lambda: not pipeline.moves(), 'safe state')
    robot.wait(lambda: robot.message('classifier').startswith('no frames arrive'), 'diagnostics')
    robot.wait(lambda: robot.value('gate', 'base.state') == 'expired', 'gate diagnostics')


@pytest.mark.field('avidbots/flatland #89', 'topics of two robots ignore the namespace')
def test_pipeline_two_namespaces_are_separate(robot):
    one = Pipeline(robot, namespace='robot1')
    two = Pipeline(robot, namespace='robot2')
    one.wait_for_motion()
    two.wait_for_motion()
    assert robot.transition('/robot1/camera', 4)
    robot.wait(lambda: not one.moves(), 'robot1 in the safe state')
    count = len(two.results)
    robot.wait(lambda: len(two.results) > count + 5, 'robot2 goes on')
    for topic in ('/image', '/classification', '/cmd_vel', '/desired/base'):
        assert robot.node.count_publishers(topic) == 0
