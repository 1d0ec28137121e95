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

"""The vision_msgs types in use are the official ones, from any build."""

from importlib import import_module
from typing import Any

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]

# Taken from vision_msgs 4.1.1; the same on Jazzy and Kilted. DDS endpoints whose types differ in
# a name, a type or an order have other hashes and do not talk to each other.
HASHES = {
    'Classification': 'f74db28d0eaef3afb78f48bf2161cd709a1383a0309d3454383b25be11345143',
    'LabelInfo': '3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
    'ObjectHypothesis': '51da43cec11c01957a64d1e05a24acd18aae7745ec30b74348ad5f6d634f7f90',
    'VisionClass': '1e4a11f0fed50b5623cb8ff26ca0e37952a48a9c074d16f804b44e9164c2037a',
    'VisionInfo': '95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284',
}


@pytest.mark.field(
    'ros-perception/vision_msgs #54', 'the same message is another one in another distribution')
def test_message_types_have_the_official_hashes(robot: Any) -> None:
    messages = import_module('vision_msgs.msg')
    for name in HASHES:
        robot.node.create_publisher(getattr(messages, name), name, 1)

    def announced() -> list[Any]:
        return [endpoint for name in HASHES
                for endpoint in robot.node.get_publishers_info_by_topic(name)]
    robot.poll(lambda: len(announced()) == len(HASHES), 'announcement of every type')
    if not hasattr(announced()[0], 'topic_type_hash'):
        pytest.skip('this ROS distro has no type hashes')
    assert {endpoint.topic_type: str(endpoint.topic_type_hash) for endpoint in announced()} == {
        f'vision_msgs/msg/{name}': f'RIHS01_{digest}' for name, digest in HASHES.items()}
