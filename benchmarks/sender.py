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
Publish noise images at a fixed rate.

Usage: sender.py WIDTH HEIGHT RATE_HZ SECONDS [now]. Prints the number of frames sent. Unless it is
to start now, it waits for a subscription, so that no frame is lost to discovery.
"""

from array import array
import signal
import sys
import time

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image


def main() -> None:
    width, height, rate_hz, seconds = (float(word) for word in sys.argv[1:5])
    rclpy.init()
    node = Node('sender')
    publisher = node.create_publisher(
        Image, 'image', QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    rng = np.random.default_rng(0)
    messages = []
    for _ in range(6):
        pixels = rng.integers(0, 255, (int(height), int(width), 3), np.uint8)
        messages.append(Image(width=int(width), height=int(height), encoding='rgb8',
                              step=int(width) * 3, data=array('B', pixels.tobytes())))
    if sys.argv[5:] != ['now']:
        while not publisher.get_subscription_count():
            time.sleep(0.02)
        # the reader's half of the match is not seen from here
        time.sleep(0.5)
    # terminated between two frames, so that no publish is cut off
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
    started_s, sent = time.monotonic(), 0
    for index in range(int(rate_hz * seconds)):
        time.sleep(max(started_s + index / rate_hz - time.monotonic(), 0.0))
        if stopping:
            break
        message = messages[index % len(messages)]
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)
        sent += 1
    # the last frame leaves on a thread of the middleware
    time.sleep(0.2)
    print(sent)
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
