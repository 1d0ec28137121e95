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

"""
Start the nodes of an application: those in its parameters file in config/.

Examples::

    ros2 launch digiphys_ros pipeline.launch.py
    ros2 launch digiphys_ros pipeline.launch.py app:=sorting
    ros2 launch digiphys_ros pipeline.launch.py camera:=false image:=/camera/image_raw
    ros2 launch digiphys_ros pipeline.launch.py --show-args
"""

from collections.abc import Iterable, Iterator
import os

from digiphys_ros import renamed
from digiphys_ros.applications import APPLICATIONS, DEFAULT, find_application
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.launch_arguments import (
    MODEL_ARGUMENTS,
    overrides,
    refuse_unknown,
    rename_application,
)
from digiphys_ros.ros.parameters.configuration import Configuration, load_configuration
from digiphys_ros.ros.supervision.respawn import RESPAWN
from digiphys_ros.ros.transport.environment import (
    memory_note,
    network_exposure,
    PROFILES,
    transport_environment,
)
from digiphys_ros.ros.transport.middleware import check_remap
from launch import Action, Condition, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, SetParameter

BOOLEAN = ['true', 'false']
IMAGE_MAKERS = ('sim', 'camera')
NOT_HERE = ('gazebo_adapter',)
"""Nodes that simulation.launch.py starts."""
ORDER = {True: (*IMAGE_MAKERS, 'classifier', 'triage'), False: ('policy', 'gate')}
"""The nodes with images, which need the shared memory of a profile, and the others."""
ARGUMENTS = (
    DeclareLaunchArgument(
        'app', default_value=DEFAULT, choices=[*APPLICATIONS, *renamed.APPLICATIONS],
        description='Application: selects the parameters file.'),
    DeclareLaunchArgument(
        'config', default_value='',
        description='Another ROS parameters file, a path or a name in config/. The nodes in it '
                    'are started; with /** alone, those of the application. Empty: the file of '
                    'the application.'),
    DeclareLaunchArgument(
        'namespace', default_value='',
        description='Namespace of every node; all topic names are relative to it.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='false', choices=BOOLEAN,
        description='Take the time from /clock.'),
    DeclareLaunchArgument(
        'camera', default_value='true', choices=BOOLEAN,
        description='Start the node that publishes the images, camera or sim; false if a driver '
                    'or Gazebo does.'),
    DeclareLaunchArgument(
        'source', default_value='',
        description='What the camera plays: course, a folder, a video, a device, a stream, a '
                    'ROS 2 bag, a data set. Empty: as in the parameters file.'),
    DeclareLaunchArgument(
        'image', default_value='image',
        description='Image topic, published by the camera and read by the classifier.'),
    *MODEL_ARGUMENTS,
    DeclareLaunchArgument(
        'transport', default_value='local', choices=[*PROFILES, 'none'],
        description='Fast DDS profile: local (this machine only), robot (all its interfaces), '
                    'local_udp or robot_udp (without shared memory, for images between users '
                    'or containers) or none (as in the environment).'),
    DeclareLaunchArgument(
        'log_level', default_value='info', choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='Lowest severity that the nodes log.'),
    DeclareLaunchArgument(
        'autostart', default_value='true', choices=BOOLEAN,
        description='Each node configures and activates itself; false leaves both to a '
                    'lifecycle manager. `autostart` in the parameters file has precedence.'),
    DeclareLaunchArgument(
        'respawn', default_value='true', choices=BOOLEAN,
        description='Restart a node that dies.'),
)


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the nodes; only the nodes in the file start."""
    return refuse_unknown(LaunchDescription([
        *ARGUMENTS,
        OpaqueFunction(function=rename_application),
        *_exposure(),
        SetParameter('use_sim_time', True,
                     condition=IfCondition(LaunchConfiguration('use_sim_time'))),
        SetParameter('autostart', False,
                     condition=UnlessCondition(LaunchConfiguration('autostart'))),
        OpaqueFunction(function=_nodes),
    ]), 'pipeline.launch.py')


def _exposure() -> Iterator[Action]:
    """Log which other hosts can reach the nodes, and a lack of shared memory."""
    for profile in (*PROFILES, 'none'):
        for sentence in (network_exposure(profile, os.environ), memory_note(profile)):
            if sentence:
                yield LogInfo(msg=sentence, condition=_if_transport(profile))


def _if_transport(profile: str) -> Condition:
    # in the form that Humble to Kilted share
    return Condition(predicate=lambda context: bool(
        LaunchConfiguration('transport').perform(context) == profile))


def _nodes(context: LaunchContext) -> list[Action]:
    """Return the nodes; settings that ROS would refuse or ignore end the launch."""
    def value(name: str) -> str:
        return str(LaunchConfiguration(name).perform(context))
    check_remap(f'image:={value("image")}')
    base = find_resource(find_application(value('app')).config, 'config')
    config = find_resource(value('config'), 'config') if value('config') else base
    without = NOT_HERE if value('camera') == 'true' else (*NOT_HERE, *IMAGE_MAKERS)
    found = load_configuration(
        config, value('namespace'), base=base, without=without)
    for sentence in found.notes:
        get_logger('digiphys_ros').warning(sentence)
    if not found.nodes:
        raise ConfigError(f'{config}: nothing to start: name a node, as /**/gate.')
    given = overrides(context, found.nodes)
    return [GroupAction([
        *_transport(value('transport'), images),
        *(_node(node, found, given[node]) for node in ORDER[images] if node in found.nodes)])
        for images in (True, False)]


def _transport(profile: str, images: bool) -> Iterable[Action]:
    """Set the environment of the chosen profile."""
    environment = transport_environment(profile, os.environ, images=images)
    return [SetEnvironmentVariable(name, value)
            for name, value in environment.items() - os.environ.items()]


def _node(executable: str, found: Configuration, given: dict[str, str]) -> Node:
    image = LaunchConfiguration('image')
    return Node(
        package='digiphys_ros', executable=executable, name=executable,
        namespace=LaunchConfiguration('namespace'),
        parameters=[*map(str, found.files), *([given] if given else [])],
        remappings=[('image', image), ('image/compressed', [image, '/compressed'])],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        respawn=LaunchConfiguration('respawn'), respawn_delay=0.2,
        additional_env={RESPAWN: LaunchConfiguration('respawn')},
        output='screen', emulate_tty=True)
