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
import math
import signal
import threading

from digiphys_ros.resources import share_dir
import pytest
import yaml

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


@pytest.fixture
def base(robot):
    """Return a gate, a base in Gazebo and the forwarded commands, around a running adapter."""
    from geometry_msgs.msg import TwistStamped
    from nav_msgs.msg import Odometry

    class Base:
        forwarded = robot.listen(TwistStamped, 'gazebo/cmd_vel')
        process = robot.start('gazebo_adapter', app='traffic_signs')

        def __init__(self):
            robot.is_active('gazebo_adapter')
            self.commands = robot.speak(TwistStamped, 'cmd_vel')
            self.odometry = robot.speak(Odometry, 'odom')
            robot.wait(lambda: robot.value('gazebo_adapter', 'listeners') == '1', 'listener')

        def is_at(self, y_m):
            message = Odometry()
            message.pose.pose.position.x = 1.0
            message.pose.pose.position.y = y_m
            self.odometry.publish(message)

        def sent(self, linear, angular=0.0):
            message = TwistStamped()
            message.header.frame_id = 'base_link'
            message.header.stamp.sec = 7
            message.twist.linear.x, message.twist.angular.z = linear, angular
            before = len(self.forwarded)
            self.commands.publish(message)
            robot.wait(lambda: len(self.forwarded) > before, 'command')
            assert self.forwarded[-1].header == message.header
            return self.forwarded[-1].twist.linear.x, self.forwarded[-1].twist.angular.z
    return Base()


def test_gazebo_adapter_moving_base_is_steered_to_its_line_only(robot, base):
    # without odometry there is no correction
    assert base.sent(0.3) == (0.3, 0.0)

    def led_back():
        base.is_at(0.5)
        return base.sent(0.3)[1] < -0.1
    robot.poll(led_back, 'correction')
    assert base.sent(0.3)[0] == 0.3
    base.is_at(0.5)
    assert base.sent(0.25, 0.5) == (0.25, 0.5)
    base.is_at(0.5)
    assert base.sent(0.0) == (0.0, 0.0)


def test_gazebo_adapter_old_or_invalid_odometry_corrects_nothing(robot, base):
    base.is_at(math.nan)
    assert base.sent(0.3) == (0.3, 0.0)
    base.is_at(0.5)
    robot.poll(lambda: base.sent(0.3) == (0.3, 0.0), 'end of the correction')


def test_gazebo_adapter_silent_gate_stays_silent_and_the_end_stops(robot, base):
    base.sent(0.3)
    before = len(base.forwarded)
    robot.poll(lambda: robot.value('gazebo_adapter', 'passed') == str(before), 'diagnostics')
    assert len(base.forwarded) == before
    base.process.send_signal(signal.SIGTERM)
    assert base.process.wait(60) == 0
    robot.wait(lambda: len(base.forwarded) > before, 'stop')
    assert base.forwarded[-1].twist.linear.x == 0.0


def test_gazebo_adapter_deactivated_ignores_pending_messages(robot, base):
    from geometry_msgs.msg import TwistStamped
    moving = TwistStamped()
    moving.twist.linear.x = 0.3
    ended = threading.Event()

    def flood():
        while not ended.wait(0.001):
            base.commands.publish(moving)
    driver = threading.Thread(target=flood, daemon=True)
    driver.start()
    try:
        for _ in range(5):
            before = len(base.forwarded)
            robot.wait(lambda: len(base.forwarded) > before + 20, 'commands')  # noqa: B023
            assert robot.transition('gazebo_adapter', 4)
            robot.wait(lambda: base.forwarded[-1].twist.linear.x == 0.0, 'stop')
            assert robot.transition('gazebo_adapter', 3)
    finally:
        ended.set()
        driver.join()


def test_gazebo_adapter_lane_becomes_the_blade_angle(robot):
    from std_msgs.msg import Bool, Float64
    angles = robot.listen(Float64, 'diverter_rad')
    process = robot.start('gazebo_adapter', app='sorting')
    robot.is_active('gazebo_adapter')
    lanes = robot.speak(Bool, 'diverter')
    robot.wait(lambda: robot.value('gazebo_adapter', 'listeners') == '1', 'listener')
    lanes.publish(Bool(data=False))
    robot.wait(lambda: angles, 'angle')
    assert angles[-1].data == pytest.approx(0.9)
    lanes.publish(Bool(data=True))
    robot.wait(lambda: angles[-1].data == 0.0, 'reject lane')
    lanes.publish(Bool(data=False))
    robot.wait(lambda: angles[-1].data > 0.5, 'good lane')
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    robot.wait(lambda: angles[-1].data == 0.0, 'reject lane at the end')


@pytest.mark.parametrize(('app', 'rules'), [
    ('traffic_signs', 'traffic_signs_sim_rules.yaml'), ('sorting', 'sorting_rules.yaml'),
    ('traffic_lights', 'traffic_lights_rules.yaml')])
def test_gazebo_adapter_and_gate_publish_all_topics_of_the_bridge(robot, app, rules):
    bridge = yaml.safe_load((share_dir() / f'config/gazebo/bridge_{app}.yaml').read_text())
    wanted = {f'/{one["ros_topic_name"]}': one['ros_type_name'] for one in bridge
              if one['direction'] == 'ROS_TO_GZ'}
    assert wanted
    robot.start('gate', rules=rules)
    robot.start('gazebo_adapter', app=app)
    robot.is_active('gate', 'gazebo_adapter')

    def offered():
        # not by node: discovery may still miss a node that already publishes
        return {topic: kinds for topic, kinds in robot.node.get_topic_names_and_types()
                if robot.node.count_publishers(topic)}
    robot.poll(lambda: all(offered().get(topic) == [kind] for topic, kind in wanted.items()),
               f'publishers of {wanted}')


def test_gazebo_adapter_head_shows_the_lamp_of_its_state(robot):
    from sensor_msgs.msg import JointState
    from std_msgs.msg import Float64
    turns = {side: robot.listen(Float64, f'lamps_{side}_rad')
             for side in ('north', 'south', 'east', 'west')}
    process = robot.start('gazebo_adapter', app='traffic_lights')
    robot.is_active('gazebo_adapter')
    heads = robot.speak(JointState, 'signal_heads')
    robot.wait(lambda: robot.value('gazebo_adapter', 'listeners') == '1', 'listener')

    def shown(*states):
        before = len(turns['west'])
        heads.publish(JointState(name=[*turns, 'tram'], position=[*states, 2.0]))
        robot.wait(lambda: len(turns['west']) > before and len({*map(len, turns.values())}) == 1,
                   'turns')
        return [one[-1].data for one in turns.values()]
    assert shown(0.0, 1.0, 2.0, 0.0) == pytest.approx([0.0, math.pi / 2, math.pi, 0.0])
    flashes = set()

    def both():
        flashes.add(round(shown(3.0, 3.0, 2.0, 0.0)[0], 3))
        return len(flashes) == 2
    robot.poll(both, 'flashes')
    assert flashes == {round(math.pi / 2, 3), round(1.5 * math.pi, 3)}
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    robot.wait(lambda: all(one[-1].data == 0.0 for one in turns.values()), 'red at the end')
