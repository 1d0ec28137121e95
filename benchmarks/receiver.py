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
Receive images and do nothing else: the floor of an image hop.

Usage: receiver.py [tuned]. Ends two seconds after the last image; prints p50 and p99 of publish to
callback in milliseconds, and the count, as JSON. Tuned, it has the executor and the memory
settings of the nodes, else those that rclpy.spin and the C library bring along.
"""

import json
import sys
import time

from digiphys_ros.nodes.executor import make_executor
from digiphys_ros.nodes.process import keep_freed_memory
from digiphys_ros.statistics import percentile
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image


def main() -> None:
    tuned = sys.argv[1:] == ['tuned']
    if tuned:
        keep_freed_memory()
    rclpy.init()
    node = Node('receiver')
    latencies_ms: list[float] = []
    last_s = [time.monotonic() + 15.0]

    def take(message: Image) -> None:
        stamp_ns = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        latencies_ms.append((node.get_clock().now().nanoseconds - stamp_ns) / 1e6)
        last_s[0] = time.monotonic()

    node.create_subscription(
        Image, 'image', take, QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    executor = make_executor() if tuned else SingleThreadedExecutor()
    executor.add_node(node)
    while time.monotonic() < last_s[0] + 2.0:
        executor.spin_once(timeout_sec=0.1)
    print(json.dumps({'p50': percentile(latencies_ms, 50), 'p99': percentile(latencies_ms, 99),
                      'received': len(latencies_ms)}))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
