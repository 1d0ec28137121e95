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

"""The topics of a simulated robot: image, camera_info, label, odom and /clock."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from digiphys_ros.control import Actuator
from digiphys_ros.ros import qos
from digiphys_ros.ros.condition_log import without_numbers
from digiphys_ros.ros.lifecycle import PipelineNode
from digiphys_ros.ros.messages.actuators import actuator_type, message_values
from digiphys_ros.ros.messages.images import classification_message, image_message, set_stamp
from digiphys_ros.ros.messages.simulation import (
    camera_info_message,
    clock_message,
    odometry_message,
)
from digiphys_ros.simulation.application import Application
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification


class SimTopics:
    """
    Publish the images and the state of a world, and receive the commands for its actuators.

    :param frame_id: for the header of every image.
    :param actuators: actuators to receive commands for, by name.
    :ivar commands: the newest values of each actuator.
    :ivar refused: number of invalid commands.
    """

    def __init__(self, node: PipelineNode[Any], frame_id: str, actuators: Mapping[str, Actuator]
                 ) -> None:
        self.commands: dict[str, dict[str, float]] = {}
        self.refused = 0
        self._node, self._frame_id = node, frame_id
        self._times = node.create_publisher(Clock, '/clock', qos.RELIABLE)
        self._images = node.create_publisher(Image, 'image', qos.BEST_EFFORT)
        self._infos = node.create_publisher(CameraInfo, 'camera_info', qos.BEST_EFFORT)
        self._labels = node.create_publisher(Classification, 'label', qos.RELIABLE)
        self._odometry = node.create_publisher(Odometry, 'odom', qos.RELIABLE)
        self._entities: list[Any] = [
            self._times, self._images, self._infos, self._labels, self._odometry,
            *(node.create_subscription(actuator_type(actuator), actuator.topic,
                                       partial(self._on_command, name, actuator), qos.RELIABLE)
              for name, actuator in actuators.items())]

    def destroy(self) -> None:
        """Withdraw the topics."""
        for entity in self._entities:
            entity.destroy()

    @property
    def listeners(self) -> int:
        """Return the number of subscriptions of images."""
        return self._images.get_subscription_count()

    def _on_command(self, name: str, actuator: Actuator, message: Any) -> None:
        try:
            self.commands[name] = message_values(actuator, message)
            self._node.note('', about=actuator.topic)
        except ValueError as error:
            self.refused += 1
            self._node.note(f'{actuator.topic}: not obeyed, {error}', about=actuator.topic,
                            warn=True, state=without_numbers(str(error)))

    def publish_state(self, world: Application, now_s: float) -> None:
        """Publish the time, and the odometry of a mobile robot."""
        self._times.publish(clock_message(now_s))
        state = world.state()
        if 'heading_rad' in state:
            self._odometry.publish(odometry_message(state, now_s))

    def publish_image(self, world: Application, now_s: float) -> None:
        """Publish the camera's image, and its label if there is one."""
        header = Header(frame_id=self._frame_id)
        set_stamp(header, now_s)
        image = world.image()
        self._images.publish(image_message(
            image, 'mono8' if image.ndim == 2 else 'rgb8', header))
        if world.focal_px:
            self._infos.publish(camera_info_message(image.shape, world.focal_px, header))
        ground_truth = world.ground_truth()
        if ground_truth is not None:
            self._labels.publish(classification_message([(ground_truth, 1.0)], header))
