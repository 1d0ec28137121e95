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
Receive messages and do nothing else: the lower bound of the transport latency.

Usage: receiver.py raw|jpeg|small [tuned] [NAMESPACE...]. Ends two seconds after the last
message; prints the milliseconds from publish to callback as JSON. ``tuned`` uses the executor and
the memory settings of the nodes; the default is rclpy.spin and the C library's memory settings.
"""

import json
import sys
import time

from digiphys_ros.ros.executor import make_executor
from digiphys_ros.ros.process import keep_freed_memory
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Classification

TOPICS = {'raw': (Image, 'image'), 'jpeg': (CompressedImage, 'image/compressed'),
          'small': (Classification, 'classification')}


def main() -> None:
    encoding, tuned = sys.argv[1], 'tuned' in sys.argv
    namespaces = [word for word in sys.argv[2:] if word != 'tuned'] or ['']
    if tuned:
        keep_freed_memory()
    rclpy.init()
    node = Node('receiver')
    latencies_ms: list[float] = []
    last_s = [time.monotonic() + 15.0]

    def take(message: Image | CompressedImage | Classification) -> None:
        stamp_ns = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        latencies_ms.append((node.get_clock().now().nanoseconds - stamp_ns) / 1e6)
        last_s[0] = time.monotonic()

    reliability = (ReliabilityPolicy.RELIABLE if encoding == 'small'
                   else ReliabilityPolicy.BEST_EFFORT)
    message_type, topic = TOPICS[encoding]
    for namespace in namespaces:
        node.create_subscription(message_type, f'{namespace}/{topic}' if namespace else topic,
                                 take, QoSProfile(depth=1, reliability=reliability))
    executor = make_executor() if tuned else SingleThreadedExecutor()
    executor.add_node(node)
    while time.monotonic() < last_s[0] + 2.0:
        executor.spin_once(timeout_sec=0.1)
    print(json.dumps({'ms': latencies_ms}))
    node.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
