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
Publish images of the drawn course at a fixed rate.

Usage: sender.py WIDTH HEIGHT RATE_HZ SECONDS raw|jpeg NAMESPACE|- [now] [reliable] [at=SECONDS].
Prints as JSON the number of frames sent, and from when to when on the monotonic clock. Without
``now`` it waits for a subscription, so discovery loses no frame, and with ``at`` for that time.
It publishes as best effort; ``reliable`` publishes as tutorials do, with a queue of 10.
"""

from contextlib import suppress
from itertools import islice
import json
import signal
import sys
import time
from typing import Any

import cv2
from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.ros.messages.images import image_message, jpeg_message
import numpy as np
import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

IMAGES = {'raw': 12, 'jpeg': 67}
"""Raw images change each time; there are more JPEGs than the frozen-camera check remembers."""


def images(encoding: str, size: tuple[int, int]) -> list[Image | CompressedImage]:
    """Return frames of the course with sensor noise."""
    make = jpeg_message if encoding == 'jpeg' else image_message
    rng = np.random.default_rng(0)
    messages = []
    for frame in islice(Course().frames(), 60, 60 + IMAGES[encoding]):
        pixels = cv2.resize(frame.pixels, size)
        noise = rng.integers(0, 8, pixels.shape, np.uint8)
        messages.append(make(cv2.add(pixels, noise), 'rgb8', Header()))
    return messages


def change(message: Image, index: int) -> None:
    """Change a pixel in each block of 8x8, as sensor noise does, so no frame repeats."""
    pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, -1)
    pixels[4::8, 4::8] += np.uint8(1)
    # no frame equals an earlier one when the images start again
    pixels[0, 0] = np.frombuffer(index.to_bytes(3, 'little'), np.uint8)


def wait_for_reader(publisher: 'Publisher[Any]') -> None:
    """Wait for a subscription."""
    while not publisher.get_subscription_count():
        time.sleep(0.02)
    # discovery on the subscriber's side cannot be observed here
    time.sleep(0.5)


def main() -> None:
    width, height, rate_hz, seconds = (float(word) for word in sys.argv[1:5])
    encoding, namespace, *words = sys.argv[5:]
    rclpy.init()
    node = Node('sender', namespace='' if namespace == '-' else namespace)
    publisher = node.create_publisher(
        CompressedImage if encoding == 'jpeg' else Image,
        'image/compressed' if encoding == 'jpeg' else 'image',
        QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE) if 'reliable' in words else
        QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    messages = images(encoding, (int(width), int(height)))
    if 'now' not in words:
        wait_for_reader(publisher)
    # end between two frames, so no publish is interrupted
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    [at_s] = [float(word[3:]) for word in words if word.startswith('at=')] or [0.0]
    started_s, sent = max(at_s, time.monotonic()), 0
    for index in range(int(rate_hz * seconds)):
        time.sleep(max(started_s + index / rate_hz - time.monotonic(), 0.0))
        if stopping:
            break
        message = messages[index % len(messages)]
        if encoding == 'raw':
            change(message, index)
        message.header.stamp = node.get_clock().now().to_msg()
        # a frame that the middleware cannot take in time is lost, as with a camera driver
        with suppress(RCLError):
            publisher.publish(message)
        sent += 1
    # a late frame uses the time of the next one
    ended_s = max(time.monotonic(), started_s + sent / rate_hz)
    # a thread of the middleware sends the last frame
    time.sleep(0.2)
    print(json.dumps({'sent': sent, 'from_s': started_s, 'to_s': ended_s}))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
