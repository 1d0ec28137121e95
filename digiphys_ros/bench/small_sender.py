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
Publish classifications at 30 Hz, to measure the transport latency of small messages.

Usage: small_sender.py SECONDS. Prints the number of messages sent as JSON.
"""

import json
import sys
import time

from digiphys_ros.ros import qos
from digiphys_ros.ros.messages.images import classification_message
import rclpy
from rclpy.node import Node
from std_msgs.msg import Header
from vision_msgs.msg import Classification

RATE_HZ = 30.0


def main() -> None:
    rclpy.init()
    node = Node('small_sender')
    publisher = node.create_publisher(Classification, 'classification', qos.RELIABLE)
    while not publisher.get_subscription_count():
        time.sleep(0.02)
    time.sleep(0.5)
    count = int(float(sys.argv[1]) * RATE_HZ)
    for _ in range(count):
        time.sleep(1 / RATE_HZ)
        header = Header(stamp=node.get_clock().now().to_msg())
        publisher.publish(classification_message(
            [('stop', 0.9), ('yield', 0.05), ('no entry', 0.01)], header))
    time.sleep(0.2)
    print(json.dumps({'sent': count}))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
