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

import pytest

pytestmark = pytest.mark.ros
CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, SHUTDOWN_INACTIVE = 1, 2, 3, 4, 6


@pytest.fixture
def default_signals():
    """Let nodes start as in a terminal, also where the tests run under nohup."""
    before = {number: signal.signal(number, signal.SIG_DFL)
              for number in (signal.SIGHUP, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('node', ['camera', 'classifier', 'policy', 'gate'])
def test_every_transition(robot, node):
    process = robot.start(node, autostart=False)
    for number, phase in ((CONFIGURE, 'inactive'), (ACTIVATE, 'active'), (DEACTIVATE, 'inactive'),
                          (CLEANUP, 'unconfigured'), (CONFIGURE, 'inactive'),
                          (ACTIVATE, 'active'), (DEACTIVATE, 'inactive')):
        assert robot.transition(node, number), f'{phase}: {robot.log(node)}'
        robot.wait(lambda wanted=phase: robot.value(node, 'phase') == wanted, phase)
    assert robot.transition(node, SHUTDOWN_INACTIVE)
    robot.wait(lambda: robot.value(node, 'phase') == 'finalized', 'finalized')
    process.send_signal(signal.SIGTERM)
    assert process.wait(5.0) == 0
    assert 'Traceback' not in robot.log(node)


@pytest.mark.parametrize(('node', 'number'), [
    *((node, number) for node in ('camera', 'classifier', 'policy', 'gate')
      for number in (signal.SIGINT, signal.SIGTERM)),
    ('gate', signal.SIGHUP), ('gate', signal.SIGQUIT)])
def test_a_signal_ends_the_process_cleanly(robot, default_signals, node, number):
    process = robot.start(node)
    robot.is_active(node)
    own = robot.shared_memory(process.pid) - robot.shared_memory(os.getpid())
    assert own
    process.send_signal(number)
    assert process.wait(5.0) == 0
    assert not own & {path.name for path in Path('/dev/shm').iterdir()}
    assert 'Traceback' not in robot.log(node)
    assert 'finalized' in robot.log(node)


@pytest.mark.parametrize(('node', 'parameters', 'sentence'), [
    ('camera', {'source': '/nowhere'}, '/nowhere: does not exist'),
    ('camera', {'rate_hz': 'fast'}, 'parameter `rate_hz`: a number is needed, received'),
    ('classifier', {'bundle': 'nothing'}, '"nothing" was not found'),
    ('classifier', {'engine': 'magic'}, '`engine`: one of auto, litert, tensorflow, onnx'),
    ('policy', {'rules': 'nothing.yaml'}, '"nothing.yaml" was not found'),
    ('gate', {'lease_s': 99.0}, 'parameter `lease_s`'),
])
def test_a_wrong_parameter_leaves_the_node_unconfigured(robot, node, parameters, sentence):
    process = robot.start(node, **parameters)
    robot.wait(lambda: sentence in robot.message(node), sentence)
    assert robot.value(node, 'phase') == 'unconfigured'
    assert process.poll() is None
    assert 'Traceback' not in robot.log(node)


def test_a_corrected_parameter_lets_it_configure(robot):
    robot.start('gate', lease_s=99.0)
    robot.wait(lambda: robot.value('gate', 'phase') == 'unconfigured', 'diagnostics')
    assert not robot.transition('gate', CONFIGURE)
    assert robot.set_parameter('gate', 'lease_s', 0.4).successful
    assert robot.transition('gate', CONFIGURE)


def test_a_parameter_of_a_configured_node_is_refused_with_the_reason(robot):
    robot.start('gate')
    robot.is_active('gate')
    result = robot.set_parameter('gate', 'lease_s', 0.4)
    assert not result.successful
    assert 'read when the node is configured' in result.reason


@pytest.mark.parametrize('node', ['camera', 'classifier', 'policy', 'gate', 'triage'])
def test_a_negative_clock_is_refused_and_the_node_lives_on(robot, tmp_path, node):
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
