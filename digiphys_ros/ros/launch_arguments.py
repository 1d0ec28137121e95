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

"""Launch arguments of all launch files; an unknown argument ends the launch."""

from collections.abc import Sequence
from pathlib import Path
import sys

from digiphys_ros.errors import did_you_mean, UsageError
from digiphys_ros.renamed import new_application
from digiphys_ros.ros.parameters.configuration import allowed
from launch import LaunchContext, LaunchDescription  # type: ignore[attr-defined]
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

UNSET = 'Empty: as in the parameters file.'
TARGETS = {'source': ('camera',), 'bundle': ('classifier',), 'engine': ('classifier',),
           'rules': ('policy', 'gate'), 'image_transport': ('camera', 'classifier', 'triage')}
"""Argument -> the nodes whose parameter of the same name it sets."""

MODEL_ARGUMENTS = (
    DeclareLaunchArgument(
        'bundle', default_value='',
        description=f'Model bundle: a path, or a name in models/. {UNSET}'),
    DeclareLaunchArgument(
        'engine', default_value='',
        description=f'Inference engine: auto, litert, tensorflow or onnx. {UNSET}'),
    DeclareLaunchArgument(
        'rules', default_value='',
        description='Rules file of policy, gate and simulator: a path, or a name in config/. '
                    f'{UNSET}'),
    DeclareLaunchArgument(
        'image_transport', default_value='',
        description='How images are published and read: raw (Image) or compressed '
                    f'(CompressedImage). {UNSET}'),
)
OF_ROS = ('launch-prefix', 'launch-prefix-filter')
"""Arguments that ``ros2 launch`` itself adds."""


def refuse_unknown(description: LaunchDescription, file: str) -> LaunchDescription:
    """
    Return a description that ends a launch with an undeclared argument.

    This applies only if ``ros2 launch`` was called with the file: another launch file that
    includes it may have more arguments.

    :param file: the name of the launch file.
    """
    def check(context: LaunchContext) -> None:
        if file not in [Path(word).name for word in sys.argv]:
            return
        known = [argument.name for argument in description.get_launch_arguments()]
        for word in context.argv:
            name = str(word).partition(':=')[0]
            if name not in (*known, *OF_ROS):
                raise UsageError(f'{word}: {file} has no argument {name}'
                                 f'{did_you_mean(name, known)}, it has {", ".join(known)}.')
    description.entities.insert(0, OpaqueFunction(function=check))
    return description


def rename_application(context: LaunchContext) -> None:
    """Replace a deprecated name of an application."""
    names = context.launch_configurations
    names['app'] = new_application(names['app'])


def overrides(context: LaunchContext, nodes: Sequence[str]) -> dict[str, dict[str, str]]:
    """
    Return the parameters that arguments set, by node; an empty argument sets none.

    :param nodes: the nodes that are started.
    :raises UsageError: for an argument that no node takes.
    :raises ConfigError: for a value that is not allowed.
    """
    given: dict[str, dict[str, str]] = {node: {} for node in nodes}
    for name, targets in TARGETS.items():
        value = LaunchConfiguration(name).perform(context)
        takers = [node for node in targets if node in nodes]
        if value and not takers:
            raise UsageError(f'{name}:={value}: it is for {" and ".join(targets)}, but only '
                             f'{", ".join(nodes)} are started.')
        # the simulated machine has the actuators of the gate's rules
        takers += ['sim'] if name == 'rules' and 'sim' in nodes else []
        for node in takers if value else ():
            given[node][name] = allowed(node)[name].check(value)
    return given
