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
from pathlib import Path
import signal
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, SHUTDOWN_INACTIVE, SHUTDOWN_ACTIVE = 1, 2, 3, 4, 6, 7


@pytest.fixture
def default_signals():
    """Start nodes as in a terminal, even if the tests run under nohup."""
    before = {number: signal.signal(number, signal.SIG_DFL)
              for number in (signal.SIGHUP, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('node', ['camera', 'classifier', 'policy', 'gate'])
def test_lifecycle_every_transition_works(robot, node):
    process = robot.start(node, autostart=False)
    for number, phase in ((CONFIGURE, 'inactive'), (ACTIVATE, 'active'), (DEACTIVATE, 'inactive'),
                          (CLEANUP, 'unconfigured'), (CONFIGURE, 'inactive'),
                          (ACTIVATE, 'active'), (DEACTIVATE, 'inactive')):
        # another node of this name, of a concurrent run, would answer too
        assert robot.transition(node, number), \
            f'{phase}: {robot.node.get_node_names()} {robot.log(node)}'
        robot.wait(lambda wanted=phase: robot.value(node, 'phase') == wanted, phase)
    assert robot.transition(node, SHUTDOWN_INACTIVE)
    robot.wait(lambda: robot.value(node, 'phase') == 'finalized', 'finalized')
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert 'Traceback' not in robot.log(node)


@pytest.mark.field(
    'ros-navigation/navigation2 #3080', 'lifecycle nodes without a bond under a manager')
@pytest.mark.field(
    'ros-navigation/navigation2 #2752', 'a managed node dies, and its manager is at a loss')
def test_lifecycle_manager_without_bond_starts_nodes_under_the_supervisor(robot):
    words = ['run', '--no-autostart', '--without', 'camera', '--without', 'classifier']
    run = robot.run('run', [sys.executable, '-m', 'digiphys_ros.cli.main', *words])

    def are(phase, *nodes):
        robot.wait(lambda: all(robot.value(node, 'phase') == phase for node in nodes), phase)
    are('unconfigured', 'gate', 'policy')
    # like nav2_lifecycle_manager: all nodes to one state, then all to the next
    for number, phase in ((CONFIGURE, 'inactive'), (ACTIVATE, 'active')):
        assert all(robot.transition(node, number) for node in ('gate', 'policy'))
        are(phase, 'gate', 'policy')
    first = child(run, 'policy')
    os.kill(first, signal.SIGKILL)
    robot.poll(lambda: child(run, 'policy') not in (0, first), 'restart')
    are('unconfigured', 'policy')
    assert robot.transition('policy', CONFIGURE)
    assert robot.transition('policy', ACTIVATE)
    # a manager that shuts down ends no process: there is nothing to restart
    again = child(run, 'policy')
    assert robot.transition('policy', SHUTDOWN_ACTIVE)
    are('finalized', 'policy')
    assert child(run, 'policy') == again
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 0


def child(process, node):
    """Return the process of a node that another process started, 0 without one."""
    found = subprocess.run(
        ['pgrep', '-P', str(process.pid), '-f', f'digiphys_ros.nodes.{node}'],
        capture_output=True, text=True)
    return int((found.stdout.split() or [0])[0])


@pytest.mark.field('ros2/rclpy #1209', 'a transition that the state does not allow kills the node')
def test_lifecycle_manager_configure_of_an_active_node_is_refused(robot):
    robot.start('policy')
    robot.is_active('policy')
    assert not robot.transition('policy', CONFIGURE)
    robot.is_active('policy')


def test_run_no_autostart_applies_to_each_node_unless_set_overrides():
    from digiphys_ros.cli import run
    from digiphys_ros.cli.main import build_parser
    parsed = build_parser(['run']).parse_args(
        ['run', '--no-autostart', '--set', 'camera.autostart=true'])
    commands = run._commands(parsed)
    assert 'autostart:=true' in commands.pop('camera')
    assert all('autostart:=false' in words for words in commands.values())


@pytest.mark.field('osrf/docker_images #721', 'a closed terminal leaves the node running')
@pytest.mark.field('RobotWebTools/rosbridge_suite #1024', 'a node does not end on SIGTERM')
@pytest.mark.parametrize(('node', 'number'), [
    *((node, number) for node in ('camera', 'classifier', 'policy', 'gate')
      for number in (signal.SIGINT, signal.SIGTERM)),
    ('gate', signal.SIGHUP), ('gate', signal.SIGQUIT)])
def test_node_signal_ends_the_process_cleanly(robot, default_signals, node, number):
    process = robot.start(node)
    robot.is_active(node)
    own = robot.shared_memory(process.pid) - robot.shared_memory(os.getpid())
    assert own
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not own & {path.name for path in Path('/dev/shm').iterdir()}
    assert 'Traceback' not in robot.log(node)
    assert 'finalized' in robot.log(node)


@pytest.mark.field(
    'ros-navigation/navigation2 #817',
    'an error in a transition is not reported to who manages the node')
@pytest.mark.parametrize(('node', 'parameters', 'sentence'), [
    ('camera', {'source': '/nowhere'}, '/nowhere: does not exist'),
    ('camera', {'rate_hz': 'fast'}, 'parameter `rate_hz`: a number is needed, received'),
    ('classifier', {'bundle': 'nothing'}, '"nothing" was not found'),
    ('classifier', {'engine': 'magic'}, '`engine`: one of auto, litert, tensorflow, onnx'),
    ('policy', {'rules': 'nothing.yaml'}, '"nothing.yaml" was not found'),
    ('gate', {'lease_s': 99.0}, 'parameter `lease_s`'),
])
def test_node_invalid_parameter_stays_unconfigured(robot, node, parameters, sentence):
    process = robot.start(node, **parameters)
    robot.wait(lambda: sentence in robot.message(node), sentence)
    assert robot.value(node, 'phase') == 'unconfigured'
    assert robot.value(node, 'fix').startswith(f'ros2 lifecycle set /{node} configure && ')
    assert process.poll() is None
    assert 'Traceback' not in robot.log(node)


@pytest.mark.parametrize('lease_s', [0.4, 0.5])
def test_node_corrected_parameter_configures(robot, lease_s):
    robot.start('gate', lease_s=99.0)
    robot.wait(lambda: robot.value('gate', 'phase') == 'unconfigured', 'diagnostics')
    assert not robot.transition('gate', CONFIGURE)
    assert robot.set_parameter('gate', 'lease_s', lease_s).successful
    assert robot.transition('gate', CONFIGURE)


@pytest.mark.field(
    'ros2/teleop_twist_keyboard #40', 'a parameter can be set at run time and has no effect')
def test_node_configured_refuses_a_startup_parameter_with_the_reason(robot):
    robot.start('gate')
    robot.is_active('gate')
    result = robot.set_parameter('gate', 'lease_s', 0.4)
    assert not result.successful
    assert 'read when the node is configured' in result.reason


def dump(robot, node):
    """Return the parameters of a node, as in ``ros2 param dump``."""
    from rcl_interfaces.msg import Parameter
    from rcl_interfaces.srv import GetParameters, ListParameters
    names = robot.call(ListParameters, f'{node}/list_parameters',
                       ListParameters.Request()).result.names
    values = robot.call(GetParameters, f'{node}/get_parameters',
                        GetParameters.Request(names=names)).values
    return [Parameter(name=name, value=value) for name, value in zip(names, values, strict=True)]


@pytest.mark.parametrize('node', ['camera', 'classifier', 'policy', 'gate'])
def test_node_active_loads_its_own_parameter_dump(robot, node):
    from rcl_interfaces.srv import SetParameters, SetParametersAtomically
    robot.start(node)
    robot.is_active(node)
    own = dump(robot, node)
    assert {'autostart', 'use_sim_time'} < {one.name for one in own}
    for result in robot.call(SetParameters, f'{node}/set_parameters',
                             SetParameters.Request(parameters=own)).results:
        assert result.successful, result.reason
    assert robot.call(SetParametersAtomically, f'{node}/set_parameters_atomically',
                      SetParametersAtomically.Request(parameters=own)).result.successful


def test_node_changed_value_among_unchanged_ones_is_checked_alone(robot):
    from rcl_interfaces.srv import SetParameters
    from rclpy.parameter import Parameter
    robot.start('gate')
    robot.is_active('gate')
    changes = [Parameter(name, value=value).to_parameter_msg() for name, value in (
        ('rate_hz', 50.0), ('lease_s', 0.4), ('stop_on_duplicate_publishers', True),
        ('nothing', 1))]
    results = robot.call(SetParameters, 'gate/set_parameters',
                         SetParameters.Request(parameters=changes)).results
    assert [one.successful for one in results] == [True, False, True, False]


@pytest.mark.parametrize('node', ['camera', 'classifier', 'policy', 'gate', 'triage'])
def test_node_negative_clock_is_ignored(robot, tmp_path, node):
    from rosgraph_msgs.msg import Clock
    own = {'audit_log': str(tmp_path / 'audit.jsonl')} if node == 'triage' else {}
    process = robot.start(node, use_sim_time=True, **own)
    clock = robot.speak(Clock, '/clock')

    def publish(second):
        message = Clock()
        message.clock.sec, message.clock.nanosec = second, 4_000_000_000 if second > 0 else 0
        clock.publish(message)

    def refused():
        publish(-5)
        return '/clock is -5 s, which is below zero' in robot.log(node)
    robot.poll(refused, 'refusal')
    # zero, and more nanoseconds than a second has
    for second in (0, 3):
        publish(second)
    robot.is_active(node)
    assert process.poll() is None
    assert robot.log(node).count('is below zero') == 1
    assert 'Traceback' not in robot.log(node)
