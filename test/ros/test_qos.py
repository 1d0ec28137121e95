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

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


def test_adaptive_subscription_replaced_has_no_gap_and_no_duplicate(robot):
    from digiphys_ros.ros.qos import AdaptiveSubscription
    from std_msgs.msg import Int64
    heard, sent = [], 0
    subscription = AdaptiveSubscription(
        robot.node, Int64, 'numbers', lambda message: heard.append(message.data), depth=1000)
    publisher = robot.speak(Int64, 'numbers', 1000)

    def arrive():
        nonlocal sent
        publisher.publish(Int64(data=sent))
        sent += 1
        return heard
    robot.poll(arrive, 'first message')
    first = sent
    # longer than the period in which it adapts
    for _ in range(100):
        arrive()
        robot.poll(lambda: heard[-1] == sent - 1, f'message {sent - 1}')
    assert heard[heard.index(first):] == list(range(first, sent))
    subscription.destroy()
