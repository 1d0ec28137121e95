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

import importlib.util
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import tempfile
from unittest import mock

from digiphys_ros.applications import find_application
from digiphys_ros.errors import ConfigError, UsageError
from digiphys_ros.renamed import RenamedWarning
import pytest
import yaml

launch = pytest.importorskip('launch', reason='launch is not installed (apt: ros-DISTRO-launch)')
launch_ros = pytest.importorskip('launch_ros', reason='launch_ros is not installed')
pytestmark = pytest.mark.ros_tools
REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / 'launch').glob('*.launch.py'))
PIPELINE = REPOSITORY / 'launch/pipeline.launch.py'
SIMULATION = REPOSITORY / 'launch/simulation.launch.py'
STAND_IN = """#!{python}
import json, pathlib, signal, sys
pathlib.Path('{folder}', pathlib.Path(sys.argv[0]).name + '.json').write_text(json.dumps(sys.argv))
if not sys.argv[0].endswith('create'):
    signal.sigwait([signal.SIGINT])
"""
GZ_SIM = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('gz_args', default_value=''),
        DeclareLaunchArgument('on_exit_shutdown', default_value='false'),
        Node(package='ros_gz_sim', executable='server', name='server', arguments=[
            LaunchConfiguration('gz_args'), LaunchConfiguration('on_exit_shutdown')])])
"""


def description(path):
    spec = importlib.util.spec_from_file_location(path.name.split('.')[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def started(path, argv=(), **arguments):
    """Walk a launch file with these arguments; return its nodes as they would be started."""
    from launch.actions.execute_local import ExecuteLocal
    context = launch.LaunchContext(argv=argv)
    context.launch_configurations.update(arguments)
    nodes = {}

    def note(process, _context):
        process.prepare(context)
        process.words = process.process_description.final_cmd
        process.environment = dict(os.environ)
        nodes[process.node_name.replace('<node_namespace_unspecified>', '')] = process

    def walk(entities):
        for entity in entities or []:
            walk(entity.visit(context))
    before = dict(os.environ)
    try:
        with mock.patch.object(ExecuteLocal, 'execute', note):
            walk(description(path).entities)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return nodes


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path, monkeypatch):
    """Give launch, which never removes its parameters files, a temporary folder."""
    monkeypatch.setenv('TMPDIR', str(tmp_path))
    monkeypatch.setattr(tempfile, 'tempdir', None)


@pytest.fixture
def gazebo(tmp_path, monkeypatch):
    """Install stubs for Gazebo's ROS packages, which report their command lines."""
    prefix = tmp_path / 'gazebo'
    index = prefix / 'share/ament_index/resource_index/packages'
    index.mkdir(parents=True)
    for package, executable in (('ros_gz_sim', 'create'), ('ros_gz_sim', 'server'),
                                ('ros_gz_bridge', 'parameter_bridge'),
                                ('ros_gz_image', 'image_bridge'), ('rviz2', 'rviz2')):
        (index / package).touch()
        program = prefix / 'lib' / package / executable
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STAND_IN.format(python=sys.executable, folder=tmp_path))
        program.chmod(0o755)
    file = prefix / 'share/ros_gz_sim/launch/gz_sim.launch.py'
    file.parent.mkdir(parents=True)
    file.write_text(GZ_SIM)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{prefix}:{os.environ.get("AMENT_PREFIX_PATH", "")}')
    return tmp_path


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_launch_argument_has_a_description_and_a_default(path):
    arguments = description(path).get_launch_arguments()
    assert arguments
    for argument in arguments:
        assert '.' in argument.description, argument.name
        assert argument.default_value is not None, argument.name


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_launch_executables_are_installed(path, gazebo):
    own = [node for node in started(path).values() if node.node_package == 'digiphys_ros']
    assert own
    for node in own:
        assert (REPOSITORY / 'resource/executables' / node.node_executable).exists()


def test_pipeline_launch_starts_four_nodes_in_a_namespace():
    nodes = started(PIPELINE, namespace='robot1')
    assert set(nodes) == {f'/robot1/{name}' for name in ('camera', 'classifier', 'policy', 'gate')}


def test_pipeline_launch_without_camera_omits_the_camera_node():
    nodes = started(PIPELINE, camera='false',
                    image='/camera/image_raw')
    assert set(nodes) == {'/classifier', '/policy', '/gate'}
    assert ('image', '/camera/image_raw') in nodes['/classifier'].expanded_remapping_rules


def test_pipeline_launch_without_autostart_waits_for_a_lifecycle_manager():
    for argument, expected in (('true', False), ('false', True)):
        for node in started(PIPELINE, autostart=argument).values():
            assert ('autostart:=False' in node.words) == expected


@pytest.mark.parametrize(('app', 'expected'), [
    ('traffic_signs', {'camera', 'classifier', 'policy', 'gate'}),
    ('triage', {'sim', 'classifier', 'triage'}),
])
def test_pipeline_launch_application_selects_the_nodes(app, expected):
    nodes = started(PIPELINE, app=app)
    assert {name.strip('/') for name in nodes} == expected
    for node in nodes.values():
        assert str(REPOSITORY / f'config/{app}.yaml') in node.words


@pytest.mark.parametrize('path', [PIPELINE, SIMULATION])
def test_old_application_name_warns_and_starts_the_new_one(gazebo, path):
    with pytest.warns(RenamedWarning, match='write "traffic_lights"'):
        nodes = started(path, app='signals')
    assert str(REPOSITORY / 'config/traffic_lights.yaml') in nodes['/classifier'].words


def test_launch_unknown_application_is_refused():
    with pytest.raises(RuntimeError, match='traffic_signs'):
        started(PIPELINE, app='flying')


def test_simulation_launch_passes_world_to_gazebo_and_namespace_to_ros(gazebo):
    nodes = started(SIMULATION, namespace='/fleet/r1', headless='true', x_pose='1.5')
    world = REPOSITORY / 'worlds/sign_course.sdf'
    assert f'-r -s --headless-rendering {world}' in nodes['/server'].words
    assert 'true' in nodes['/server'].words
    [create] = [node for node in nodes.values() if node.node_executable == 'create']
    for pair in (['-world', 'sign_course'], ['-name', 'fleet_r1'], ['-x', '1.5'], ['-y', '0.0']):
        assert ' '.join(pair) in ' '.join(create.words)
    image = '/world/sign_course/model/fleet_r1/link/camera/sensor/camera/image'
    images = nodes['/fleet/r1/gazebo_image_bridge']
    assert images.words[1] == image
    assert (image, 'image') in images.expanded_remapping_rules
    assert '/fleet/r1/gazebo_bridge' in nodes
    assert set(nodes) >= {f'/fleet/r1/{name}' for name in ('classifier', 'policy', 'gate')}
    assert '/fleet/r1/camera' not in nodes


def parameters(node):
    """Return the parameters of a walked node from its own files."""
    values = {}
    for file in node.words:
        if 'launch_params_' in file:
            [section] = yaml.safe_load(Path(file).read_text()).values()
            values.update(section['ros__parameters'])
    return values


@pytest.mark.parametrize('app', ['traffic_signs', 'traffic_lights', 'sorting'])
def test_simulation_launch_bridge_uses_world_machine_and_namespace(gazebo, app):
    nodes = started(SIMULATION, namespace='r1', app=app)
    given = parameters(nodes['/r1/gazebo_bridge'])
    topics = yaml.safe_load(Path(given['config_file']).read_text())
    assert given['use_sim_time'] is True
    by_name = {topic['ros_topic_name']: topic for topic in topics}
    world = find_application(app).gazebo.world
    assert by_name['/clock']['gz_topic_name'] == f'/world/{world}/clock'
    if app == 'traffic_signs':
        assert by_name['gazebo/cmd_vel']['gz_topic_name'] == '/model/r1/cmd_vel'
    assert [name for name in by_name if name.startswith('/')] == ['/clock']
    for topic in topics:
        assert set(topic) == {'ros_topic_name', 'gz_topic_name', 'ros_type_name', 'gz_type_name',
                              'direction'}
        assert '$' not in topic['gz_topic_name']


@pytest.mark.parametrize(('arguments', 'config'), [
    ({}, 'traffic_signs_sim.yaml'), ({'app': 'sorting'}, 'sorting.yaml'),
    ({'app': 'traffic_lights'}, 'traffic_lights.yaml'),
    ({'config': 'traffic_signs.yaml'}, 'traffic_signs.yaml')])
def test_simulation_launch_pipeline_has_the_region_of_the_world(gazebo, arguments, config):
    nodes = started(SIMULATION, **arguments)
    assert '/sim' not in nodes
    assert str(REPOSITORY / 'config' / config) in nodes['/classifier'].words


@pytest.mark.parametrize('app', ['traffic_signs', 'sorting', 'traffic_lights'])
def test_simulation_launch_starts_the_gazebo_adapter(gazebo, app):
    nodes = started(SIMULATION, app=app, namespace='r1')
    assert parameters(nodes['/r1/gazebo_adapter']) == {
        'app': app, 'autostart': True, 'use_sim_time': True}


def test_simulation_launch_without_autostart_waits_for_a_lifecycle_manager(gazebo):
    nodes = started(SIMULATION, autostart='false')
    assert parameters(nodes['/gazebo_adapter'])['autostart'] is False
    for name in ('classifier', 'policy', 'gate'):
        assert 'autostart:=False' in nodes[f'/{name}'].words


def test_simulation_launch_triage_needs_no_gazebo():
    nodes = started(SIMULATION, app='triage')
    assert {name.strip('/') for name in nodes} == {'sim', 'classifier', 'triage'}


def test_simulation_launch_pipeline_uses_simulated_time(gazebo):
    for wanted in ('true', 'false'):
        nodes = started(SIMULATION, use_sim_time=wanted)
        given = [word for name in ('classifier', 'policy', 'gate')
                 for word in nodes[f'/{name}'].words]
        assert ('use_sim_time:=True' in given) == (wanted == 'true')


@pytest.mark.parametrize(('transport', 'address'), [('local', '127.0.0.1'), ('robot', None)])
def test_simulation_launch_local_keeps_gazebos_transport_local(gazebo, monkeypatch, transport,
                                                               address):
    monkeypatch.delenv('GZ_IP', raising=False)
    node = started(SIMULATION, transport=transport)['/server']
    assert node.environment.get('GZ_IP') == address
    assert str(REPOSITORY / 'worlds/models') in node.environment['GZ_SIM_RESOURCE_PATH']


def test_simulation_launch_rviz_starts_on_request(gazebo):
    assert not [node for node in started(SIMULATION).values() if node.node_package == 'rviz2']
    [rviz] = [node for node in started(SIMULATION, rviz='true').values()
              if node.node_package == 'rviz2']
    assert Path(rviz.words[2]).is_file()


def test_simulation_launch_world_path_with_spaces_is_quoted(gazebo, tmp_path):
    world = tmp_path / 'my world.sdf'
    world.write_text('<sdf version="1.9"><world name="mine"/></sdf>')
    nodes = started(SIMULATION, world=str(world), headless='true')
    assert f"'{world}'" in ' '.join(nodes['/server'].words)


@pytest.mark.parametrize(('arguments', 'sentence'), [
    ({'world': 'moon'}, '"moon.sdf" was not found'),
    ({'world': str(REPOSITORY / 'package.xml')}, 'is not an SDF world'),
])
def test_simulation_launch_unknown_world_is_one_sentence(gazebo, arguments, sentence):
    with pytest.raises(ConfigError, match=sentence):
        started(SIMULATION, **arguments)


def test_simulation_launch_without_gazebo_names_the_install_command(monkeypatch, tmp_path):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    with pytest.raises(ConfigError, match=r'apt-get install ros-.*-ros-gz'):
        started(SIMULATION)


@pytest.mark.ros
@pytest.mark.skipif(shutil.which('ros2') is None, reason='the ros2 command is not installed')
def test_ros2_launch_moves_the_robot_and_ends_clean(robot):
    from geometry_msgs.msg import TwistStamped
    commands = robot.listen(TwistStamped, 'r1/cmd_vel')
    process = robot.run('launch', [
        'ros2', 'launch', 'digiphys_ros', 'pipeline.launch.py', 'namespace:=r1'])
    robot.wait(lambda: commands and commands[-1].twist.linear.x > 0, 'motion', 40.0)
    # a process waits for the death of the gate
    gate = f'pgrep -P $(pgrep -P {process.pid} -f __node:=gate) -f __node:=gate'
    assert subprocess.run(['sh', '-c', gate], capture_output=True).returncode == 0
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert commands[-1].twist.linear.x == 0.0
    left = subprocess.run(['pgrep', '-s', str(process.pid)], capture_output=True, text=True)
    assert not left.stdout


@pytest.mark.ros
@pytest.mark.skipif(shutil.which('ros2') is None, reason='the ros2 command is not installed')
def test_ros2_launch_starts_gazebo_bridges_and_pipeline(robot, gazebo):
    robot.environment['AMENT_PREFIX_PATH'] = os.environ['AMENT_PREFIX_PATH']
    process = robot.run('launch', [
        'ros2', 'launch', 'digiphys_ros', 'simulation.launch.py', 'namespace:=r1',
        'headless:=true'])
    robot.is_active('r1/classifier', 'r1/policy', 'r1/gate')
    calls = {name: json.loads((gazebo / f'{name}.json').read_text())
             for name in ('server', 'create', 'parameter_bridge', 'image_bridge')}
    assert calls['server'][1].startswith('-r -s --headless-rendering ')
    assert '__ns:=/r1' in calls['parameter_bridge']
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.mark.ros
@pytest.mark.skipif(not any(map(shutil.which, ('gz', 'ign'))) or shutil.which('ros2') is None,
                    reason='Gazebo and the ros2 command are not both installed')
def test_simulation_launch_robot_drives_in_gazebo(robot):
    pytest.importorskip('ament_index_python')
    from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
    try:
        get_package_share_directory('ros_gz_sim')
    except PackageNotFoundError:
        pytest.skip('ros_gz_sim is not installed (apt: ros-DISTRO-ros-gz)')
    from nav_msgs.msg import Odometry
    odometry = robot.listen(Odometry, 'r1/odom')
    process = robot.run('launch', [
        'ros2', 'launch', 'digiphys_ros', 'simulation.launch.py', 'namespace:=r1',
        'headless:=true'])
    robot.wait(lambda: odometry and odometry[-1].pose.pose.position.x > 0.5, 'motion', 120.0)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.mark.parametrize('transport', ['robot', 'local'])
def test_pipeline_launch_open_transport_is_logged_once(transport):
    context = launch.LaunchContext()
    for argument in description(PIPELINE).get_launch_arguments():
        argument.visit(context)
    context.launch_configurations['transport'] = transport
    messages = [launch.utilities.perform_substitutions(context, one.msg)
                for one in description(PIPELINE).entities
                if isinstance(one, launch.actions.LogInfo) and one.condition.evaluate(context)]
    assert len(messages) == (transport == 'robot')
    for sentence in messages:
        assert sentence.startswith('transport robot: listens on ')
        assert 'command the robot' in sentence


@pytest.mark.parametrize(('text', 'arguments', 'sentence'), [
    ('/robot1/gate:\n  ros__parameters: {lease_s: 0.4}\n', {}, 'does not apply to the node /gate'),
    ('/**/gate:\n  ros__parameters: {leese_s: 0.4}\n', {}, 'did you mean lease_s'),
    ('/**/classifier:\n  ros__parameters: {roi: [0, 0.2, 1, 1.0]}\n', {}, 'decimal point'),
    ('/**/gate:\n  ros__parameters: {}\n', {'namespace': 'my-robot'}, "namespace 'my-robot'"),
    ('/**/gate:\n  ros__parameters: {}\n', {'image': '/my-camera/image'}, 'FROM:=TO is needed'),
])
def test_pipeline_launch_invalid_file_ends_the_launch(tmp_path, text, arguments, sentence):
    (tmp_path / 'own.yaml').write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        started(PIPELINE, config=str(tmp_path / 'own.yaml'), **arguments)


def test_pipeline_launch_invalid_domain_ends_the_launch(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '300')
    with pytest.raises(ConfigError, match='ROS_DOMAIN_ID: a number from 0 to 232'):
        started(PIPELINE)


def test_pipeline_launch_nested_wildcard_sections_start_their_nodes(tmp_path):
    (tmp_path / 'own.yaml').write_text('/**:\n  gate:\n    ros__parameters: {lease_s: 0.4}\n')
    assert set(started(PIPELINE, config=str(tmp_path / 'own.yaml'))) == {'/gate'}


def test_pipeline_launch_file_for_all_nodes_overrides_the_application(tmp_path):
    (tmp_path / 'own.yaml').write_text('/**:\n  ros__parameters: {nice: 3}\n')
    nodes = started(PIPELINE, config=str(tmp_path / 'own.yaml'), app='sorting')
    assert set(nodes) == {'/sim', '/classifier', '/policy', '/gate'}
    for node in nodes.values():
        files = [node.words[index + 1] for index, word in enumerate(node.words)
                 if word == '--params-file']
        assert files == [str(REPOSITORY / 'config/sorting.yaml'), str(tmp_path / 'own.yaml')]


def test_pipeline_launch_section_without_a_node_is_logged_once(tmp_path, monkeypatch):
    (tmp_path / 'own.yaml').write_text('amcl:\n  ros__parameters: {a: 1}\n'
                                       '/**/gate:\n  ros__parameters: {}\n')
    from launch.logging import get_logger
    messages = []
    monkeypatch.setattr(get_logger('digiphys_ros'), 'warning', messages.append)
    assert set(started(PIPELINE, config=str(tmp_path / 'own.yaml'))) == {'/gate'}
    [sentence] = messages
    assert '`amcl`' in sentence


@pytest.mark.parametrize(('app', 'argument', 'value', 'nodes'), [
    ('traffic_signs', 'rules', 'traffic_signs_sim_rules.yaml', {'policy', 'gate'}),
    ('sorting', 'rules', 'sorting_rules.yaml', {'sim', 'policy', 'gate'}),
    ('traffic_signs', 'engine', 'onnx', {'classifier'}),
    ('traffic_signs', 'image_transport', 'compressed', {'camera', 'classifier'}),
    ('triage', 'image_transport', 'compressed', {'classifier', 'triage'}),
    ('traffic_signs', 'bundle', '2024', {'classifier'}),
    ('traffic_signs', 'source', '0', {'camera'}),
])
def test_pipeline_launch_argument_sets_the_parameter_of_its_nodes(app, argument, value, nodes):
    given = {name.strip('/'): parameters(node)
             for name, node in started(PIPELINE, app=app, **{argument: value}).items()}
    assert {name: values for name, values in given.items() if values} == {
        name: {argument: value} for name in nodes}


@pytest.mark.parametrize(('arguments', 'sentence'), [
    ({'engine': 'gpu'}, 'one of auto, litert, tensorflow, onnx'),
    ({'image_transport': 'theora'}, 'one of raw, compressed'),
    ({'app': 'triage', 'rules': 'traffic_signs_rules.yaml'}, 'rules:=.* is for policy and gate'),
    ({'camera': 'false', 'source': '0'}, 'source:=0: it is for camera'),
])
def test_pipeline_launch_invalid_argument_ends_the_launch(arguments, sentence):
    with pytest.raises((ConfigError, UsageError), match=sentence):
        started(PIPELINE, **arguments)


@pytest.mark.parametrize(('path', 'word', 'sentence'), [
    (PIPELINE, 'cofig:=a.yaml', r'no argument cofig \(did you mean config'),
    (PIPELINE, 'world:=a', 'no argument world'),
    (SIMULATION, 'wold:=a', 'did you mean world'),
])
def test_launch_unknown_argument_ends_the_launch(gazebo, monkeypatch, path, word, sentence):
    monkeypatch.setattr(sys, 'argv', ['ros2', 'launch', 'digiphys_ros', path.name, word])
    with pytest.raises(UsageError, match=sentence):
        started(path, argv=[word])


@pytest.mark.parametrize(('path', 'asked', 'argv'), [
    (PIPELINE, 'pipeline.launch.py', ['namespace:=r1', 'launch-prefix:=nice']),
    (PIPELINE, 'robot.launch.py', ['robot_name:=r1']),
    (SIMULATION, 'simulation.launch.py', ['world:=sign_course', 'image:=/camera']),
])
def test_launch_arguments_of_an_including_file_are_accepted(
        gazebo, monkeypatch, path, asked, argv):
    monkeypatch.setattr(sys, 'argv', ['ros2', 'launch', 'robot', asked, *argv])
    assert started(path, argv=argv)


def test_simulation_launch_forwards_model_arguments(gazebo):
    nodes = started(SIMULATION, engine='onnx', rules='traffic_signs_rules.yaml')
    assert parameters(nodes['/classifier']) == {'engine': 'onnx'}
    assert parameters(nodes['/gate']) == {'rules': 'traffic_signs_rules.yaml'}
