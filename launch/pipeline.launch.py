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
Start the nodes of an application: those that its parameters file in config/ names.

Examples::

    ros2 launch digiphys_ros pipeline.launch.py
    ros2 launch digiphys_ros pipeline.launch.py app:=sorting
    ros2 launch digiphys_ros pipeline.launch.py camera:=false image:=/camera/image_raw
    ros2 launch digiphys_ros pipeline.launch.py --show-args
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
import os
from pathlib import Path

from digiphys_ros.nodes.configuration import check_parameters, unused_sections
from digiphys_ros.nodes.middleware import check_remap
from digiphys_ros.resources import find_resource
from digiphys_ros.respawn import RESPAWN
from digiphys_ros.transport import (
    memory_note,
    network_exposure,
    PROFILES,
    transport_environment,
)
from launch import Action, Condition, LaunchContext, LaunchDescription, Substitution
from launch.actions import DeclareLaunchArgument, GroupAction, LogInfo, SetEnvironmentVariable
from launch.conditions import IfCondition, UnlessCondition
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, SetParameter

BOOLEAN = ['true', 'false']
ARGUMENTS = (
    DeclareLaunchArgument(
        'app', default_value='traffic', choices=['traffic', 'signals', 'sorting', 'triage'],
        description='Application: it chooses config/<app>.yaml.'),
    DeclareLaunchArgument(
        'config', default_value='',
        description='ROS parameters file instead, a path or a name in config/: the nodes that it '
                    'names are started. Empty: that of the application.'),
    DeclareLaunchArgument(
        'namespace', default_value='',
        description='Namespace of every node; all topic names are relative to it.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='false', choices=BOOLEAN,
        description='Take the time from /clock.'),
    DeclareLaunchArgument(
        'camera', default_value='true', choices=BOOLEAN,
        description='Start the node that makes the images, camera or sim; false where a driver '
                    'or Gazebo does.'),
    DeclareLaunchArgument(
        'source', default_value='',
        description='What the camera plays: course, a folder, a video, a device, a stream, a '
                    'ROS 2 bag, a data set. Empty: as the parameters file says.'),
    DeclareLaunchArgument(
        'image', default_value='image',
        description='Image topic, published by the camera and read by the classifier.'),
    DeclareLaunchArgument(
        'bundle', default_value='',
        description='Model bundle: a path, or a name in models/. '
                    'Empty: as the parameters file says.'),
    DeclareLaunchArgument(
        'transport', default_value='local', choices=[*PROFILES, 'none'],
        description='Fast DDS profile: local (this machine only), robot (all its interfaces), '
                    'local_udp or robot_udp (without shared memory, for images between users '
                    'or containers) or none (as the environment says).'),
    DeclareLaunchArgument(
        'log_level', default_value='info', choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='Least severity that the nodes log.'),
    DeclareLaunchArgument(
        'autostart', default_value='true', choices=BOOLEAN,
        description='Let each node configure and activate itself, or, with false, leave both to '
                    'a lifecycle manager. `autostart` in the parameters file goes first.'),
    DeclareLaunchArgument(
        'respawn', default_value='true', choices=BOOLEAN,
        description='Start a node again when it dies.'),
)


class ConfigFile(Substitution):
    """The chosen parameters file; a missing one ends the launch, where launch would only warn."""

    def perform(self, context: LaunchContext) -> str:
        """Return its absolute path."""
        chosen, app = (LaunchConfiguration(name).perform(context) for name in ('config', 'app'))
        return str(find_resource(chosen or f'{app}.yaml', 'config'))


@lru_cache(maxsize=1)
def nodes_of(config: Path, namespace: str, image: str) -> tuple[str, ...]:
    """Return the nodes that a file names; what ROS would refuse or pass over ends the launch."""
    check_remap(f'image:={image}')
    nodes = check_parameters(config, namespace)
    for sentence in unused_sections(config, namespace):
        get_logger('digiphys_ros').warning(sentence)
    return nodes


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the nodes, of which those start that the file names."""
    return LaunchDescription([
        *ARGUMENTS,
        *_exposure(),
        SetParameter('use_sim_time', True,
                     condition=IfCondition(LaunchConfiguration('use_sim_time'))),
        SetParameter('autostart', False,
                     condition=UnlessCondition(LaunchConfiguration('autostart'))),
        GroupAction([
            *_transport(images=True),
            _node('sim', condition=_if('sim', {'camera': 'true'})),
            *_with_optional('camera', 'source', {'camera': 'true'}),
            *_with_optional('classifier', 'bundle', {}),
            _node('triage', condition=_if('triage')),
        ]),
        GroupAction([
            *_transport(images=False),
            *(_node(executable, condition=_if(executable)) for executable in ('policy', 'gate')),
        ]),
    ])


def _exposure() -> Iterator[Action]:
    """Log who can reach the nodes, where not only this machine can, and scarce shared memory."""
    for profile in (*PROFILES, 'none'):
        for sentence in (network_exposure(profile, os.environ), memory_note(profile)):
            if sentence:
                yield LogInfo(msg=sentence, condition=_if('', {'transport': profile}))


def _transport(*, images: bool) -> Iterator[Action]:
    """Set the environment of the chosen profile."""
    for profile in PROFILES:
        environment = transport_environment(profile, os.environ, images=images)
        for name, value in environment.items() - os.environ.items():
            yield SetEnvironmentVariable(name, value, condition=_if('', {'transport': profile}))


def _with_optional(executable: str, argument: str, only: Mapping[str, str]) -> Iterator[Node]:
    """Describe a node with and without an override: an argument left empty overrides nothing."""
    yield _node(executable, condition=_if(executable, {**only, argument: ''}))
    yield _node(executable, {argument: LaunchConfiguration(argument)},
                condition=_if(executable, only, given=argument))


def _node(executable: str, overrides: Mapping[str, LaunchConfiguration] | None = None,
          condition: Condition | None = None) -> Node:
    image = LaunchConfiguration('image')
    return Node(
        package='digiphys_ros', executable=executable, name=executable,
        namespace=LaunchConfiguration('namespace'),
        parameters=[ConfigFile(), *([dict(overrides)] if overrides else [])],
        remappings=[('image', image), ('image/compressed', [image, '/compressed'])],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        respawn=LaunchConfiguration('respawn'), respawn_delay=0.2,
        additional_env={RESPAWN: LaunchConfiguration('respawn')},
        output='screen', emulate_tty=True, condition=condition)


def _if(named: str, equal: Mapping[str, str] | None = None, *, given: str = '') -> Condition:
    """
    Return a condition in the one form that Humble to Kilted share.

    :param named: a node that the parameters file has to name.
    :param equal: what arguments have to be.
    :param given: an argument that must not be empty.
    """
    def holds(context: LaunchContext) -> bool:
        def value(name: str) -> str:
            return str(LaunchConfiguration(name).perform(context))
        return (all(value(name) == text for name, text in (equal or {}).items())
                and (not given or bool(value(given)))
                and (not named or named in nodes_of(
                    Path(ConfigFile().perform(context)), value('namespace'), value('image'))))
    return Condition(predicate=holds)
