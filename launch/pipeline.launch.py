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
Start the pipeline: camera, classifier, policy and gate.

Examples::

    ros2 launch digiphys_ros pipeline.launch.py
    ros2 launch digiphys_ros pipeline.launch.py camera:=false image:=/camera/image_raw
    ros2 launch digiphys_ros pipeline.launch.py --show-args
"""

from collections.abc import Iterator, Mapping
import os

from digiphys_ros.resources import find_resource
from digiphys_ros.transport import PROFILES, transport_environment
from launch import Action, Condition, LaunchContext, LaunchDescription, Substitution
from launch.actions import DeclareLaunchArgument, GroupAction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, SetParameter

BOOLEAN = ['true', 'false']
ARGUMENTS = (
    DeclareLaunchArgument(
        'config', default_value='traffic.yaml',
        description='ROS parameters file of the nodes: a path, or a name in config/.'),
    DeclareLaunchArgument(
        'namespace', default_value='',
        description='Namespace of every node; all topic names are relative to it.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='false', choices=BOOLEAN,
        description='Take the time from /clock.'),
    DeclareLaunchArgument(
        'camera', default_value='true', choices=BOOLEAN,
        description='Start the camera node; false where a driver publishes the images.'),
    DeclareLaunchArgument(
        'source', default_value='',
        description='What the camera plays: course, a folder, a video, a device, a data set. '
                    'Empty: as the parameters file says.'),
    DeclareLaunchArgument(
        'image', default_value='image',
        description='Image topic, published by the camera and read by the classifier.'),
    DeclareLaunchArgument(
        'bundle', default_value='',
        description='Model bundle: a path, or a name in models/. '
                    'Empty: as the parameters file says.'),
    DeclareLaunchArgument(
        'transport', default_value='local', choices=[*PROFILES, 'none'],
        description='Fast DDS profile: local (this machine only), robot (all its interfaces) or '
                    'none (as the environment says).'),
    DeclareLaunchArgument(
        'log_level', default_value='info', choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='Least severity that the nodes log.'),
    DeclareLaunchArgument(
        'respawn', default_value='true', choices=BOOLEAN,
        description='Start a node again when it dies.'),
)


class ConfigFile(Substitution):
    """The chosen parameters file; a missing one ends the launch, where launch would only warn."""

    def perform(self, context: LaunchContext) -> str:
        """Return its absolute path."""
        return str(find_resource(LaunchConfiguration('config').perform(context), 'config'))


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the four nodes."""
    enabled = {'camera': 'true'}
    return LaunchDescription([
        *ARGUMENTS,
        SetParameter('use_sim_time', True,
                     condition=IfCondition(LaunchConfiguration('use_sim_time'))),
        GroupAction([
            *_transport(images=True),
            *_with_optional('camera', 'source', enabled),
            *_with_optional('classifier', 'bundle', {}),
        ]),
        GroupAction([*_transport(images=False), _node('policy'), _node('gate')]),
    ])


def _transport(*, images: bool) -> Iterator[Action]:
    """Set the environment of the chosen profile."""
    for profile in PROFILES:
        environment = transport_environment(profile, os.environ, images=images)
        for name, value in environment.items() - os.environ.items():
            yield SetEnvironmentVariable(name, value, condition=_if({'transport': profile}))


def _with_optional(executable: str, argument: str, only: Mapping[str, str]) -> Iterator[Node]:
    """Describe a node with and without an override: an argument left empty overrides nothing."""
    yield _node(executable, condition=_if({**only, argument: ''}))
    yield _node(executable, {argument: LaunchConfiguration(argument)},
                condition=_if(only, given=argument))


def _node(executable: str, overrides: Mapping[str, LaunchConfiguration] | None = None,
          condition: Condition | None = None) -> Node:
    image = LaunchConfiguration('image')
    return Node(
        package='digiphys_ros', executable=executable, name=executable,
        namespace=LaunchConfiguration('namespace'),
        parameters=[ConfigFile(), *([dict(overrides)] if overrides else [])],
        remappings=[('image', image), ('image/compressed', [image, '/compressed'])],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        respawn=LaunchConfiguration('respawn'), respawn_delay=1.0,
        output='screen', emulate_tty=True, condition=condition)


def _if(equal: Mapping[str, str], *, given: str = '') -> Condition:
    """Return a condition on arguments, in the one form that Humble to Kilted share."""
    def holds(context: LaunchContext) -> bool:
        values = {name: LaunchConfiguration(name).perform(context) for name in (*equal, given)
                  if name}
        return all(values[name] == text for name, text in equal.items()) \
            and (not given or bool(values[given]))
    return Condition(predicate=holds)
