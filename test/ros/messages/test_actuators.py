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

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
ARM = Actuator('joint_trajectory', 'arm', {'elbow': Limits(-1.0, 1.0, None, 0.5),
                                           'wrist': Limits(0.0, 2.0, None, 0.5)})


@pytest.mark.parametrize(('reach_s', 'seconds', 'nanoseconds'), [
    (0.1, 0, 100_000_000), (4.5, 4, 500_000_000)])
def test_joint_trajectory_message_has_the_time_to_reach_its_positions(
        reach_s, seconds, nanoseconds):
    from digiphys_ros.ros.messages.actuators import actuator_message
    message = actuator_message(ARM, {'elbow': 0.5, 'wrist': 1.5}, 10.0, reach_s)
    point, = message.points
    assert (message.joint_names, list(point.positions)) == (['elbow', 'wrist'], [0.5, 1.5])
    assert (point.time_from_start.sec, point.time_from_start.nanosec) == (seconds, nanoseconds)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)


def test_joint_trajectory_message_time_is_never_zero():
    from digiphys_ros.ros.messages.actuators import actuator_message
    message = actuator_message(ARM, {'elbow': 0.5, 'wrist': 1.5}, 10.0)
    assert message.points[0].time_from_start.nanosec > 0


@pytest.mark.parametrize(('maximum', 'refused'), [(200.0, False), (300.0, True)])
def test_check_message_of_a_holding_field_checks_its_limits(maximum, refused):
    from digiphys_ros.ros.messages.actuators import check_message
    actuator = Actuator('message', 'lift', {'level': Limits(0.0, maximum, None, 10.0)},
                        type='std_msgs/msg/UInt8', field_map={'level': 'data'})
    if not refused:
        check_message(actuator)
        return
    with pytest.raises(ConfigError, match='`max` of field `level` is 300'):
        check_message(actuator)


@pytest.mark.parametrize('kind', ['twist_stamped', 'twist', 'float64', 'bool', 'joint_trajectory'])
def test_message_values_equal_the_written_values(kind):
    from digiphys_ros.control.actuator_kind import ACTUATOR_KINDS
    from digiphys_ros.ros.messages.actuators import (
        actuator_message, actuator_type, check_message, message_values)
    values = {name: 1.0 for name in ACTUATOR_KINDS[kind].fields or ('elbow', 'wrist')}
    actuator = Actuator(kind, 'out', {name: Limits(0.0, 1.0, 0.0, 1.0) for name in values})
    check_message(actuator)
    message = actuator_message(actuator, values, 10.0)
    assert type(message) is actuator_type(actuator)
    assert message_values(actuator, message) == values


def test_check_message_faulty_conversion_is_refused(add_package):
    from digiphys_ros.ros.messages.actuators import check_message
    add_package('odd_package', 'digiphys_ros.actuators', 'odd = odd_package:ODD',
                'gone = odd_package:GONE', source="""
from digiphys_ros.control.actuator_kind import ActuatorKind
ODD, GONE = ActuatorKind('odd_package:CONVERSION'), ActuatorKind('odd_package:NOTHING')

class Conversion:
    def message_type(self, actuator):
        from std_msgs.msg import Float64
        return Float64

    def write(self, actuator, values, message, reach_s):
        if values['data'] > 1:
            raise ValueError('too far')
        message.data = round(values['data'], 2)

    def read(self, actuator, message):
        return ['data'], [message.data]

CONVERSION = Conversion()
""")
    check_message(Actuator('odd', 'out', {'data': Limits(0.0, 1.0, 0.0, 1.0)}))
    with pytest.raises(ConfigError, match=r'`max` of field `data` is 0\.999, but the message of a '
                       'odd would carry 1:'):
        check_message(Actuator('odd', 'out', {'data': Limits(0.0, 0.999, 0.0, 1.0)}))
    with pytest.raises(ConfigError, match='cannot be written into the message of a odd'):
        check_message(Actuator('odd', 'out', {'data': Limits(0.0, 2.0, 0.0, 1.0)}))
    with pytest.raises(ConfigError, match='"gone" cannot be imported from odd_package:NOTHING'):
        check_message(Actuator('gone', 'out', {'data': Limits(0.0, 1.0, 0.0, 1.0)}))
