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

from digiphys_ros.control import Actuator, Limits
from digiphys_ros.errors import ConfigError
import pytest

pytestmark = pytest.mark.ros
ARM = Actuator('joint_trajectory', 'arm', {'elbow': Limits(-1.0, 1.0, None, 0.5),
                                           'wrist': Limits(0.0, 2.0, None, 0.5)})


@pytest.mark.parametrize(('reach_s', 'seconds', 'nanoseconds'), [
    (0.1, 0, 100_000_000), (4.5, 4, 500_000_000)])
def test_joint_trajectory_message_carries_the_time_to_reach_its_positions(
        reach_s, seconds, nanoseconds):
    from digiphys_ros.ros.messages.actuators import actuator_message
    message = actuator_message(ARM, {'elbow': 0.5, 'wrist': 1.5}, 10.0, reach_s)
    point, = message.points
    assert (message.joint_names, list(point.positions)) == (['elbow', 'wrist'], [0.5, 1.5])
    assert (point.time_from_start.sec, point.time_from_start.nanosec) == (seconds, nanoseconds)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)


def test_joint_trajectory_message_is_never_to_be_reached_at_once():
    from digiphys_ros.ros.messages.actuators import actuator_message
    message = actuator_message(ARM, {'elbow': 0.5, 'wrist': 1.5}, 10.0)
    assert message.points[0].time_from_start.nanosec > 0


@pytest.mark.parametrize(('maximum', 'refused'), [(200.0, False), (300.0, True)])
def test_message_of_a_field_that_holds_is_checked_at_its_limits(maximum, refused):
    from digiphys_ros.ros.messages.actuators import check_message
    actuator = Actuator('message', 'lift', {'level': Limits(0.0, maximum, None, 10.0)},
                        type='std_msgs/msg/UInt8', field_map={'level': 'data'})
    if not refused:
        check_message(actuator)
        return
    with pytest.raises(ConfigError, match='`max` of field `level` is 300'):
        check_message(actuator)
