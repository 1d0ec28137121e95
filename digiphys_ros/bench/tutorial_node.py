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
An image classification node as tutorials write it, for comparison.

Usage: tutorial_node.py KERAS_FILE. Reliable with a queue depth of 10; copies the image, converts
its colors, and calls ``model.predict`` and publishes a Twist in the callback.
"""

import sys

import cv2
from geometry_msgs.msg import TwistStamped
import numpy as np
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image


class TutorialNode(Node):
    """Subscribe, predict, publish."""

    def __init__(self, model_file: str) -> None:
        super().__init__('tutorial')
        import tensorflow as tf
        self.model = tf.keras.models.load_model(model_file, compile=False)
        self.size = self.model.input_shape[1:3]
        self.model.predict(np.zeros((1, *self.model.input_shape[1:]), np.float32), verbose=0)
        self.publisher = self.create_publisher(TwistStamped, 'cmd_vel', 10)
        self.subscription = self.create_subscription(Image, 'image', self.on_image, 10)

    def on_image(self, message: Image) -> None:
        """Classify one image and drive."""
        # as cv_bridge converts rgb8 to bgr8: copy the bytes, then the colors
        image = np.frombuffer(bytes(message.data), np.uint8).reshape(
            message.height, message.width, 3).copy()
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        rgb = cv2.cvtColor(cv2.resize(image, self.size[::-1]), cv2.COLOR_BGR2RGB)
        logits = self.model.predict(rgb[np.newaxis].astype(np.float32) / 255.0, verbose=0)
        command = TwistStamped(header=message.header)
        command.twist.linear.x = 0.2 if int(np.argmax(logits)) < 43 else 0.5
        self.publisher.publish(command)


def main() -> None:
    rclpy.init()
    rclpy.spin(TutorialNode(sys.argv[1]))


if __name__ == '__main__':
    main()
