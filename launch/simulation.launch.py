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
Start an application in Gazebo: world, machine, bridges and the pipeline, all on simulated time.

Examples::

    ros2 launch digiphys_ros simulation.launch.py
    ros2 launch digiphys_ros simulation.launch.py app:=sorting headless:=true namespace:=line1
    ros2 launch digiphys_ros simulation.launch.py --show-args
"""

from collections.abc import Iterator
import os
from pathlib import Path
import shlex
from string import Template
from xml.etree import ElementTree

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from digiphys_ros import renamed
from digiphys_ros.applications import APPLICATIONS, DEFAULT, find_application
from digiphys_ros.errors import ConfigError
from digiphys_ros.resources import find_resource, share_dir
from digiphys_ros.ros.launch_arguments import MODEL_ARGUMENTS, refuse_unknown, rename_application
from digiphys_ros.ros.transport.distro import ros_distro
from digiphys_ros.ros.transport.environment import PROFILES, transport_environment
from digiphys_ros.simulation.specification import Gazebo
from launch import Action, Condition, LaunchContext, LaunchDescription, Substitution
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.logging import launch_config
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

BOOLEAN = ['true', 'false']
ARGUMENTS = (
    DeclareLaunchArgument(
        'app', default_value=DEFAULT, choices=[*APPLICATIONS, *renamed.APPLICATIONS],
        description='Application: selects the world, the machine in it and the parameters file. '
                    'Without a world in Gazebo, the node sim publishes its images.'),
    DeclareLaunchArgument(
        'world', default_value='',
        description='SDF world: a path, or a name in worlds/. Empty: that of the application.'),
    DeclareLaunchArgument(
        'headless', default_value='false', choices=BOOLEAN,
        description='No window: only the server, which renders for the cameras with EGL.'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='true', choices=BOOLEAN,
        description="Take the time from Gazebo's clock."),
    DeclareLaunchArgument(
        'namespace', default_value='',
        description='Namespace of every node, and name of the machine in Gazebo.'),
    DeclareLaunchArgument(
        'x_pose', default_value='0.0',
        description='Position of the machine along x [m]. For the base: the parts on a belt and '
                    'the roads of the junction do not move with it.'),
    DeclareLaunchArgument(
        'y_pose', default_value='0.0',
        description='Position of the machine along y [m]; see x_pose.'),
    DeclareLaunchArgument(
        'rviz', default_value='false', choices=BOOLEAN,
        description='Show the annotated camera image and the odometry in RViz.'),
    DeclareLaunchArgument(
        'config', default_value='',
        description='ROS parameters file of the pipeline: a path, or a name in config/. '
                    'Empty: that of the application.'),
    *MODEL_ARGUMENTS,
    DeclareLaunchArgument(
        'autostart', default_value='true', choices=BOOLEAN,
        description='As in pipeline.launch.py; also for the node gazebo_adapter.'),
    DeclareLaunchArgument(
        'transport', default_value='local', choices=[*PROFILES, 'none'],
        description="Fast DDS profile, as in pipeline.launch.py; with local, Gazebo's own "
                    'transport stays on this machine too.'),
)


def _gazebo_of(context: LaunchContext) -> Gazebo:
    """Return the Gazebo parts of the chosen application, which has a world there."""
    gazebo = find_application(LaunchConfiguration('app').perform(context)).gazebo
    assert gazebo is not None
    return gazebo


class World(Substitution):
    """The chosen world, as a file or as the name in it; a missing file ends the launch."""

    def __init__(self, *, name: bool) -> None:
        super().__init__()
        self._name = name

    def perform(self, context: LaunchContext) -> str:
        """Return an absolute path or a name."""
        chosen = LaunchConfiguration('world').perform(context) or _gazebo_of(context).world
        path = find_resource(chosen if Path(chosen).suffix else f'{chosen}.sdf', 'worlds')
        return _name_inside(path) if self._name else str(path)


def _name_inside(path: Path) -> str:
    try:
        world = ElementTree.parse(path).find('world')
    except (OSError, ElementTree.ParseError) as error:
        raise ConfigError(f'{path}: is not an SDF world: {error}') from error
    if world is None or not world.get('name'):
        raise ConfigError(f'{path}: is not an SDF world: it has no <world name="...">.')
    return str(world.get('name'))


class Machine(Substitution):
    """The machine's name in Gazebo: the namespace as one word."""

    def perform(self, context: LaunchContext) -> str:
        """Return the name; without a namespace, that of the application."""
        namespace: str = LaunchConfiguration('namespace').perform(context).strip('/')
        return namespace.replace('/', '_') or str(LaunchConfiguration('app').perform(context))


class MachineFile(Substitution):
    """The model of the application's machine."""

    def perform(self, context: LaunchContext) -> str:
        """Return its absolute path."""
        return str(find_resource(
            f'{_gazebo_of(context).world}_machine/model.sdf', 'worlds/models'))


class GazeboArguments(Substitution):
    """Gazebo's arguments, quoted: gz_sim.launch.py passes them to a shell."""

    def perform(self, context: LaunchContext) -> str:
        """Return one line of arguments."""
        headless = LaunchConfiguration('headless').perform(context) == 'true'
        return (f'-r {"-s --headless-rendering " if headless else ""}'
                f'{shlex.quote(World(name=False).perform(context))}')


class GazeboShare(Substitution):
    """The folder of ros_gz_sim; if missing, the launch ends with the command to install it."""

    def perform(self, context: LaunchContext) -> str:
        """Return its share folder."""
        try:
            return str(get_package_share_directory('ros_gz_sim'))
        except PackageNotFoundError as error:
            raise ConfigError('Gazebo for ROS is not installed: sudo apt-get install '
                              f'ros-{ros_distro(os.environ)}-ros-gz') from error


class BridgeFile(Substitution):
    """The bridge's topics for this world and machine, in a file in the log folder."""

    def perform(self, context: LaunchContext) -> str:
        """Return its path."""
        template = find_resource(_gazebo_of(context).bridge, 'config/gazebo').read_text('utf-8')
        machine = Machine().perform(context)
        path = Path(launch_config.log_dir) / f'bridge_{machine}.yaml'
        path.write_text(Template(template).substitute(
            world=World(name=True).perform(context), machine=machine), encoding='utf-8')
        return str(path)


class OwnImages(Substitution):
    """Whether the pipeline publishes its own images: only without a world in Gazebo."""

    def perform(self, context: LaunchContext) -> str:
        """Return true or false."""
        return str(not _in_gazebo(context)).lower()


class Config(Substitution):
    """The chosen parameters file; by default that of the application's simulated world."""

    def perform(self, context: LaunchContext) -> str:
        """Return its name or path."""
        config, app = (LaunchConfiguration(name).perform(context) for name in ('config', 'app'))
        return config or find_application(app).sim_config


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, Gazebo, its bridges and the pipeline."""
    return refuse_unknown(LaunchDescription([
        *ARGUMENTS,
        OpaqueFunction(function=rename_application),
        GroupAction([*_environment(), _gazebo(), _create(), *_bridges(), _adapter(), _rviz()],
                    condition=Condition(predicate=_in_gazebo)),
        _pipeline(),
    ]), 'simulation.launch.py')


def _environment() -> Iterator[Action]:
    """Set Gazebo's model path, the DDS profile, and local transport for a local run."""
    for variable in ('GZ_SIM_RESOURCE_PATH', 'IGN_GAZEBO_RESOURCE_PATH'):
        yield AppendEnvironmentVariable(variable, str(share_dir() / 'worlds/models'))
    for profile in PROFILES:
        environment = transport_environment(profile, os.environ)
        if profile in ('local', 'local_udp'):
            environment.update(GZ_IP='127.0.0.1', IGN_IP='127.0.0.1')
        for name, value in environment.items() - os.environ.items():
            yield SetEnvironmentVariable(name, value, condition=_if_transport(profile))


def _if_transport(profile: str) -> Condition:
    return Condition(predicate=lambda context: bool(
        LaunchConfiguration('transport').perform(context) == profile))


def _in_gazebo(context: LaunchContext) -> bool:
    return find_application(LaunchConfiguration('app').perform(context)).gazebo is not None


def _gazebo() -> Action:
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource([GazeboShare(), '/launch/gz_sim.launch.py']),
        launch_arguments=[('gz_args', GazeboArguments()), ('on_exit_shutdown', 'true')])


def _create() -> Action:
    return Node(
        package='ros_gz_sim', executable='create', output='screen',
        arguments=['-world', World(name=True), '-file', MachineFile(), '-name', Machine(),
                   '-x', LaunchConfiguration('x_pose'), '-y', LaunchConfiguration('y_pose')])


def _bridges() -> Iterator[Action]:
    common = {'use_sim_time': _boolean('use_sim_time')}
    yield Node(
        package='ros_gz_bridge', executable='parameter_bridge', name='gazebo_bridge',
        namespace=LaunchConfiguration('namespace'), output='screen',
        parameters=[{'config_file': BridgeFile(), **common}])
    image: list[str | Substitution] = ['/world/', World(name=True), '/model/', Machine(),
                                       '/link/camera/sensor/camera/image']
    yield Node(
        package='ros_gz_image', executable='image_bridge', name='gazebo_image_bridge',
        namespace=LaunchConfiguration('namespace'), output='screen', arguments=[image],
        parameters=[common], remappings=[(image, 'image')])


def _adapter() -> Action:
    return Node(
        package='digiphys_ros', executable='gazebo_adapter', name='gazebo_adapter',
        namespace=LaunchConfiguration('namespace'), output='screen',
        parameters=[{'app': LaunchConfiguration('app'), 'autostart': _boolean('autostart'),
                     'use_sim_time': _boolean('use_sim_time')}])


def _rviz() -> Action:
    return Node(
        package='rviz2', executable='rviz2', namespace=LaunchConfiguration('namespace'),
        arguments=['-d', str(share_dir() / 'config/gazebo/view.rviz')],
        parameters=[{'use_sim_time': _boolean('use_sim_time')}],
        condition=IfCondition(LaunchConfiguration('rviz')))


def _boolean(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=bool)


def _pipeline() -> Action:
    forwarded = ('app', 'autostart', 'namespace', 'use_sim_time', 'transport',
                 *(argument.name for argument in MODEL_ARGUMENTS))
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(share_dir() / 'launch/pipeline.launch.py')),
        launch_arguments={'camera': OwnImages(), 'config': Config(), **{
            name: LaunchConfiguration(name) for name in forwarded}}.items())
