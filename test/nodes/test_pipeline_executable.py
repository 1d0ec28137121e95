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

"""Classifier and policy in one process."""

from array import array

import numpy as np
import pytest

pytest.importorskip('rclpy')

pytestmark = pytest.mark.ros


def image(seed):
    return np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8)


def publish(robot, publisher, seed):
    from sensor_msgs.msg import Image
    message = Image(height=64, width=64, encoding='rgb8', step=192,
                    data=array('B', image(seed).tobytes()))
    message.header.stamp = robot.now()
    publisher.publish(message)
    return message


def test_pipeline_executable_command_follows_an_image_directly(robot):
    from digiphys_ros.ros.parameters.configuration import command
    from geometry_msgs.msg import TwistStamped
    from sensor_msgs.msg import Image
    from vision_msgs.msg import Classification
    robot.run('pipeline', [*command('classifier')[:2], 'digiphys_ros.nodes', 'pipeline'])
    answers = robot.listen(Classification, 'classification')
    commands = robot.listen(TwistStamped, 'desired/base')
    images = robot.speak(Image, 'image')
    robot.is_active('classifier')
    robot.is_active('policy')
    robot.poll(lambda: robot.node.count_publishers('desired/base'), 'publisher')
    for seed in range(4):
        before = len(answers)
        message = publish(robot, images, seed)
        robot.wait(lambda count=before: len(answers) > count, 'classification')
    robot.wait(lambda: commands, 'command')
    assert commands[-1].header.stamp in [one.header.stamp for one in answers]
    assert answers[-1].header == message.header
    # no node in the process subscribes to it
    assert all(one.node_name != 'policy'
               for one in robot.node.get_subscriptions_info_by_topic('/classification'))


def test_pipeline_executable_several_cameras_are_refused(robot):
    from digiphys_ros.ros.parameters.configuration import command
    words = command('classifier', parameters={'cameras': 'front,rear'})
    robot.run('pipeline', [*words[:2], 'digiphys_ros.nodes', 'pipeline', *words[4:]])
    robot.wait(lambda: 'one policy cannot follow several cameras' in robot.message('classifier'),
               'refusal')
