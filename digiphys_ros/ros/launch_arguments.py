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

"""Launch arguments that the launch files share; one that does not exist ends the launch."""

from collections.abc import Sequence
from pathlib import Path
import sys

from digiphys_ros.errors import did_you_mean, UsageError
from digiphys_ros.renamed import new_application
from digiphys_ros.ros.parameters.configuration import allowed
from launch import LaunchContext, LaunchDescription  # type: ignore[attr-defined]
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

SAID = 'Empty: as the parameters file says.'
TARGETS = {'source': ('camera',), 'bundle': ('classifier',), 'engine': ('classifier',),
           'rules': ('policy', 'gate'), 'image_transport': ('camera', 'classifier', 'triage')}
"""The nodes whose parameter of the same name an argument sets."""

MODEL_ARGUMENTS = (
    DeclareLaunchArgument(
        'bundle', default_value='',
        description=f'Model bundle: a path, or a name in models/. {SAID}'),
    DeclareLaunchArgument(
        'engine', default_value='',
        description=f'Inference engine: auto, litert, tensorflow or onnx. {SAID}'),
    DeclareLaunchArgument(
        'rules', default_value='',
        description='Rules file of policy, gate and simulator: a path, or a name in config/. '
                    f'{SAID}'),
    DeclareLaunchArgument(
        'image_transport', default_value='',
        description='How images are published and read: raw (Image) or compressed '
                    f'(CompressedImage). {SAID}'),
)
OF_ROS = ('launch-prefix', 'launch-prefix-filter')
"""What ``ros2 launch`` itself adds to the arguments."""


def refuse_unknown(description: LaunchDescription, file: str) -> LaunchDescription:
    """
    Return a description that ends a launch with an argument that nobody declares.

    Only where its file is the one that ``ros2 launch`` was asked for: in a launch file of
    somebody else that includes it, the arguments are that file's.

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
    """Replace the name that an application had in an earlier release."""
    names = context.launch_configurations
    names['app'] = new_application(names['app'])


def overrides(context: LaunchContext, nodes: Sequence[str]) -> dict[str, dict[str, str]]:
    """
    Return the parameters of each node that arguments set; one left empty sets none.

    :param nodes: those that are started.
    :raises UsageError: for an argument that no node takes.
    :raises ConfigError: for a value that is not allowed.
    """
    given: dict[str, dict[str, str]] = {node: {} for node in nodes}
    for name, targets in TARGETS.items():
        value = LaunchConfiguration(name).perform(context)
        takers = [node for node in targets if node in nodes]
        if value and not takers:
            raise UsageError(f'{name}:={value}: it is for {" and ".join(targets)}, started are '
                             f'{", ".join(nodes)}.')
        # the simulated machine has the actuators of the gate's rules
        takers += ['sim'] if name == 'rules' and 'sim' in nodes else []
        for node in takers if value else ():
            given[node][name] = allowed(node)[name].check(value)
    return given
