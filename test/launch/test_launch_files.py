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

from configparser import ConfigParser
import importlib.util
from pathlib import Path
import shutil
import signal
import subprocess

import pytest

launch = pytest.importorskip('launch', reason='launch is not installed (apt: ros-DISTRO-launch)')
launch_ros = pytest.importorskip('launch_ros', reason='launch_ros is not installed')
REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / 'launch').glob('*.launch.py'))


def description(path):
    spec = importlib.util.spec_from_file_location(path.name.split('.')[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def started(path, **arguments):
    """Walk a launch file with these arguments; return its nodes as they would be started."""
    from launch.actions import DeclareLaunchArgument
    from launch_ros.actions import Node
    context = launch.LaunchContext()
    context.launch_configurations.update(arguments)
    nodes = []

    def walk(entities):
        for entity in entities:
            if entity.condition is not None and not entity.condition.evaluate(context):
                continue
            if isinstance(entity, Node):
                entity._perform_substitutions(context)
                nodes.append(entity)
            elif isinstance(entity, DeclareLaunchArgument):
                entity.visit(context)
            else:
                walk(entity.get_sub_entities())
    walk(description(path).entities)
    return {node.node_name: node for node in nodes}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_argument_is_described_and_has_a_default(path):
    arguments = description(path).get_launch_arguments()
    assert arguments
    for argument in arguments:
        assert '.' in argument.description, argument.name
        assert argument.default_value is not None, argument.name


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_executable_is_installed(path):
    setup = ConfigParser()
    setup.read(REPOSITORY / 'setup.cfg')
    scripts = (REPOSITORY / 'setup.py').read_text()
    for node in started(path).values():
        assert node.node_executable in scripts


def test_pipeline_starts_four_nodes_in_a_namespace():
    nodes = started(REPOSITORY / 'launch/pipeline.launch.py', namespace='robot1')
    assert set(nodes) == {f'/robot1/{name}' for name in ('camera', 'classifier', 'policy', 'gate')}


def test_a_camera_of_ones_own_replaces_the_camera_node():
    nodes = started(REPOSITORY / 'launch/pipeline.launch.py', camera='false',
                    image='/camera/image_raw')
    assert set(nodes) == {'/classifier', '/policy', '/gate'}
    assert ('image', '/camera/image_raw') in nodes['/classifier'].expanded_remapping_rules


@pytest.mark.ros
@pytest.mark.skipif(shutil.which('ros2') is None, reason='the ros2 command is not installed')
def test_ros2_launch_moves_the_robot_and_ends_clean(robot):
    from geometry_msgs.msg import TwistStamped
    commands = robot.listen(TwistStamped, 'r1/cmd_vel')
    process = robot.run('launch', [
        'ros2', 'launch', 'digiphys_ros', 'pipeline.launch.py', 'namespace:=r1'])
    robot.wait(lambda: commands and commands[-1].twist.linear.x > 0, 'motion', 40.0)
    process.send_signal(signal.SIGINT)
    assert process.wait(10.0) == 0
    assert commands[-1].twist.linear.x == 0.0
    left = subprocess.run(['pgrep', '-s', str(process.pid)], capture_output=True, text=True)
    assert not left.stdout
