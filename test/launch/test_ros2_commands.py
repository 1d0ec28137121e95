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

"""The package under ROS's own command line and launch system, as an engineer types it."""

import os
import re
import shutil
import signal
import subprocess

from digiphys_ros.ros.parameters.configuration import load_configuration
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.ros_tools]
NODES = ('camera', 'classifier', 'policy', 'gate')
LAUNCH = ('launch', 'digiphys_ros', 'pipeline.launch.py')
GATE = '{ros__parameters: {lease_s: 0.4}}'


@pytest.fixture
def ros2(robot):
    """Return a function that runs a `ros2` command to its end, in the robot's domain."""
    if shutil.which('ros2') is None:
        pytest.skip('the ros2 command is not installed')

    def command(*words, code=0):
        # a launch that does not end by itself ends its nodes on SIGINT
        done = subprocess.run(['timeout', '-s', 'INT', '60', 'ros2', *map(str, words)],
                              env=robot.environment, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True)
        assert done.returncode == code, done.stdout + done.stderr
        if 'does not contain any valid parameters' in done.stderr:
            pytest.skip('this ros2param calls another rclpy')
        # Fast DDS reports leftovers of killed processes on the other stream
        return done.stdout if code == 0 else done.stdout + done.stderr
    if subprocess.run(['ros2', 'pkg', 'prefix', 'digiphys_ros'], capture_output=True).returncode:
        pytest.skip('no workspace with digiphys_ros is sourced')
    return command


@pytest.fixture
def launch(robot, ros2):
    """Return a function that starts the pipeline by `ros2 launch` and waits for its nodes."""
    def start(*arguments, namespace='', nodes=NODES):
        robot.diagnostics.clear()
        process = robot.run('launch', ['ros2', *LAUNCH, *map(str, arguments),
                                       *([f'namespace:={namespace}'] if namespace else [])])
        robot.is_active(*(f'{namespace}/{node}'.strip('/') for node in nodes))
        processes.append(process)
        return process
    processes = []
    yield start
    for process in processes:
        end(process)


def end(process):
    """Press Ctrl-C, which a terminal sends to `ros2` and to the nodes that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 0


def ask(ros2, *words):
    """Run a command that looks for a node, without the daemon that outlives it."""
    return ros2(*words, '--no-daemon', '--spin-time', '2')


def values(ros2, *names):
    """Return the answers of `ros2 param get` for names such as /gate.lease_s."""
    return [ask(ros2, 'param', 'get', *name.split('.')).split('is: ')[1].strip()
            for name in names]


@pytest.mark.parametrize('node', ['classifier', 'gate'])
def test_ros2_param_load_accepts_the_dump_of_an_active_node(robot, ros2, tmp_path, node):
    robot.start(node, namespace='r1')
    robot.is_active(f'r1/{node}')
    (tmp_path / 'own.yaml').write_text(ask(ros2, 'param', 'dump', f'/r1/{node}'))
    output = ask(ros2, 'param', 'load', f'/r1/{node}', tmp_path / 'own.yaml').splitlines()
    assert output and all(line.endswith('successful') for line in output)
    found = load_configuration(tmp_path / 'own.yaml', 'r1')
    assert (found.nodes, found.notes) == ((node,), ())


@pytest.mark.parametrize('namespace', ['', 'r1'])
def test_ros2_launch_accepts_the_dumps_of_all_nodes_as_config(
        robot, ros2, launch, tmp_path, namespace):
    first = launch('rules:=traffic_sim_rules.yaml', namespace=namespace)
    full = [f'/{namespace}/{node}'.replace('//', '/') for node in NODES]
    ask(ros2, 'param', 'set', full[1], 'min_sharpness', '0.25')
    (tmp_path / 'own.yaml').write_text(''.join(ask(ros2, 'param', 'dump', name) for name in full))
    end(first)
    launch(f'config:={tmp_path / "own.yaml"}', namespace=namespace)
    assert values(ros2, f'{full[1]}.min_sharpness', f'{full[3]}.rules') == [
        '0.25', 'traffic_sim_rules.yaml']
    assert 'applies to no node' not in robot.log('launch')


@pytest.mark.parametrize(('text', 'arguments', 'words'), [
    ('', ['cofig:=own.yaml'], ['no argument cofig', 'did you mean config']),
    (f'gate: {GATE}', ['namespace:=r1'], ['/r1/gate', 'write /**/gate']),
    (f'classifier: {{ros__parameters: {{}}}}\n/**/gate: {GATE}', ['namespace:=r1'],
     ['/r1/classifier', 'defaults']),
    ('amcl: {ros__parameters: {a: 1}}', [], ['`amcl`', '/gate']),
    ('/**/gate: {ros__parameters: {leese_s: 0.4}}', [], ['did you mean lease_s']),
    ('', ['engine:=gpu'], ['one of auto, litert, tensorflow, onnx']),
    ('', ['image_transport:=theora'], ['one of raw, compressed']),
    ('', ['app:=triage', 'rules:=traffic_rules.yaml'], ['is for policy and gate']),
])
def test_ros2_launch_invalid_config_starts_no_node(ros2, tmp_path, text, arguments, words):
    (tmp_path / 'own.yaml').write_text(text)
    config = [f'config:={tmp_path / "own.yaml"}'] if text else []
    output = ros2(*LAUNCH, *config, *arguments, code=1)
    assert 'process started' not in output
    for word in words:
        assert word in output


def test_ros2_launch_names_sections_without_a_node(robot, launch, tmp_path):
    (tmp_path / 'own.yaml').write_text(f'/**/gate: {GATE}\namcl: {{ros__parameters: {{a: 1}}}}')
    launch(f'config:={tmp_path / "own.yaml"}', nodes=['gate'])
    before, _, _ = robot.log('launch').partition('process started')
    assert '`amcl`' in before


def test_ros2_launch_arguments_reach_their_nodes(ros2, launch):
    launch('image_transport:=compressed', 'rules:=traffic_sim_rules.yaml', 'engine:=litert')
    assert values(ros2, '/camera.image_transport', '/classifier.image_transport',
                  '/classifier.engine', '/policy.rules', '/gate.rules') == [
        'compressed', 'compressed', 'litert', *2 * ['traffic_sim_rules.yaml']]


def test_ros2_topic_hz_of_cmd_vel_is_the_rate_of_the_gate(robot, ros2, launch):
    launch()
    robot.run('hz', ['ros2', 'topic', 'hz', '--window', '200', '/cmd_vel'])

    def rates():
        return [float(rate) for rate in re.findall(r'average rate: ([\d.]+)', robot.log('hz'))]
    robot.poll(lambda: len(rates()) >= 5, 'rates')
    assert 48.0 < rates()[-1] < 52.0


@pytest.fixture
def gate(robot, ros2):
    """Start a gate that waits for a lifecycle manager."""
    process = robot.run('gate', ['ros2', 'run', 'digiphys_ros', 'gate', '--ros-args', '-p',
                                 'autostart:=false', '-p', 'estop_wait_s:=0.0'])
    robot.wait(lambda: robot.value('gate', 'phase') == 'unconfigured', 'node')
    yield
    end(process)


def test_ros2_lifecycle_takes_a_node_through_every_transition(robot, ros2, gate):
    assert '/gate' in ask(ros2, 'lifecycle', 'nodes').split()
    assert '- configure ' in ask(ros2, 'lifecycle', 'list', '/gate')
    for transition, phase in (
            ('configure', 'inactive'), ('activate', 'active'), ('deactivate', 'inactive'),
            ('cleanup', 'unconfigured'), ('configure', 'inactive'), ('activate', 'active'),
            ('shutdown', 'finalized')):
        assert 'Transitioning successful' in ask(ros2, 'lifecycle', 'set', '/gate', transition)
        robot.wait(lambda wanted=phase: robot.value('gate', 'phase') == wanted, phase)
    assert ask(ros2, 'lifecycle', 'get', '/gate').startswith('finalized')


def test_ros2_run_gate_without_a_section_ends(ros2, tmp_path):
    (tmp_path / 'own.yaml').write_text(f'gate: {GATE}')
    output = ros2('run', 'digiphys_ros', 'gate', '--ros-args', '-r', '__ns:=/r1', '--params-file',
                  tmp_path / 'own.yaml', code=2)
    assert '/r1/gate' in output and 'Traceback' not in output
