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

import itertools
import re
import signal
import sys
import threading

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
LEASE_S = 0.4
PERIOD_S = 0.02


class SimulationClock:
    """A simulation's /clock in real time, which can jump."""

    def __init__(self, robot, start_s):
        from rosgraph_msgs.msg import Clock
        self._message = Clock
        self._clock = robot.speak(Clock, '/clock')
        self._time_s = start_s
        self._ended = threading.Event()
        self.start()

    def start(self):
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def now(self):
        message = self._message()
        message.clock.sec, nanoseconds = divmod(round(self._time_s * 1e9), 1_000_000_000)
        message.clock.nanosec = nanoseconds
        return message.clock

    def jump(self, to_s):
        self._time_s = to_s

    def stop(self):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(0.01):
            self._time_s += 0.01
            self._clock.publish(self._message(clock=self.now()))


@pytest.fixture
def simulated(robot, make_base):
    """Return a gate on simulation time, and the clock."""
    base = make_base(use_sim_time=True)
    clock = SimulationClock(robot, 1000.0)
    base.now = clock.now
    robot.is_active('gate')
    yield base, clock
    base.stop_driving()
    clock.stop()


@pytest.mark.field(
    'ipa320/cob_simulation #127', 'the simulation is reset and its clock starts again')
def test_gate_restarted_simulation_clock_stops_and_recovers(simulated):
    base, clock = simulated
    base.drive()
    base.robot.wait(base.moves, 'motion on simulation time')
    clock.jump(5.0)
    count = len(base.commands)
    base.robot.wait(lambda: any(one.twist.linear.x == 0.0 for one in base.commands[count:]),
                    'safe state')
    base.robot.wait(base.moves, 'motion after the jump')
    assert stamp_s(base.commands[-1]) < 1000.0


@pytest.mark.field('ros/ros_comm #1396', 'a recording with its clock plays in a loop')
def test_gate_looping_recording_of_any_length_moves_in_each_lap(simulated):
    base, clock = simulated
    base.drive()
    base.robot.wait(base.moves, 'motion on simulation time')
    for lap_s in (0.3, 2.0, 600.0):
        clock.jump(clock.now().sec - lap_s)
        count = len(base.commands)
        base.robot.wait(lambda count=count: any(
            one.twist.linear.x == 0.0 for one in base.commands[count:]), 'safe state')
        base.robot.wait(base.moves, f'motion after a lap of {lap_s} s')
    base.robot.wait(lambda: 'obeying' in base.robot.message('gate'), 'report')


def ahead_of(robot, seconds):
    """Return a camera's clock: a third of its images are stamped ahead of the gate's clock."""
    from rclpy.duration import Duration
    offsets = itertools.cycle([Duration(seconds=-0.005), Duration(seconds=-0.005),
                               Duration(seconds=seconds)])
    return lambda: (robot.node.get_clock().now() + next(offsets)).to_msg()


def starts(commands):
    """Return how often a base started to move."""
    speeds = [0.0, *(one.twist.linear.x for one in commands)]
    return sum(before == 0.0 < after for before, after in itertools.pairwise(speeds))


@pytest.mark.field('christianrauch/camera_ros #117',
                   'a camera clock is ahead, so that some images are from the future')
def test_gate_camera_clock_ahead_is_refused_steadily_with_its_offset(base):
    base.now = ahead_of(base.robot, 0.06)
    base.drive()
    base.robot.wait(lambda: int(base.robot.value('gate', 'base.refused.future') or 0) > 40,
                    'refusals')
    assert starts(base.commands) <= 1
    base.hears_still()
    assert re.search(r'future \(images are up to \d+(\.\d+)? ms ahead of the clock; '
                     r'future_tolerance_s is 1 ms\)', base.robot.message('gate'))
    assert 0.0 < float(base.robot.value('gate', 'base.images_ahead_ms')) <= 60.0
    # the figures differ from image to image, but the state is the same
    assert base.robot.log('gate').count('ahead of the clock') <= 2


def test_gate_camera_clock_ahead_within_tolerance_is_obeyed_steadily_with_its_offset(make_base):
    base = make_base(future_tolerance_s=0.09)
    base.robot.wait(lambda: base.robot.value('gate', 'base.state') == 'waiting', 'gate')
    base.now = ahead_of(base.robot, 0.06)
    base.drive()
    base.robot.wait(lambda: int(base.robot.value('gate', 'base.accepted') or 0) > 20, 'commands')
    assert starts(base.commands) == 1
    assert base.robot.value('gate', 'base.refused.future') == ''
    assert 0.0 < float(base.robot.value('gate', 'base.images_ahead_ms')) <= 60.0


def test_gate_stopped_simulation_clock_stops_the_robot_until_it_continues(simulated):
    base, clock = simulated
    base.drive()
    base.robot.wait(base.moves, 'motion on simulation time')
    clock.stop()
    base.robot.wait(lambda: not base.moves(), 'safe state')
    base.hears_still(5)
    clock.start()
    base.robot.wait(base.moves, 'motion as the clock goes on')


def stamp_s(message):
    return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9


def test_gate_before_the_first_valid_command_does_not_move(base):
    base.hears_still()
    message_from_the_past = base.robot.now()
    message_from_the_past.sec -= 60
    base.want(0.5, message_from_the_past)
    base.want(float('nan'))
    base.hears_still()
    base.robot.wait(lambda: base.robot.value('gate', 'base.refused.not_finite') == '1', 'counter')
    # a message that arrives while the subscription is replaced may be received by both
    assert base.robot.value('gate', 'base.refused.stale') in ('1', '2')
    assert base.robot.value('gate', 'base.accepted') == '0'


@pytest.mark.field(
    'amor-ros-pkg/rosaria #51', 'the node that commands the base crashes while it moves')
def test_gate_obeys_and_stops_without_commands(base):
    base.drive()
    base.robot.wait(base.moves, 'motion')
    base.robot.wait(lambda: base.commands[-1].twist.linear.x == 0.5, 'full speed')
    base.stop_driving()
    base.robot.wait(lambda: not base.moves(), 'safe state')
    last_motion = [one for one in base.commands if one.twist.linear.x][-1]
    first_stop = base.commands[base.commands.index(last_motion) + 1]
    assert stamp_s(first_stop) - stamp_s(last_motion) < LEASE_S
    base.hears_still()


def test_gate_accelerates_at_the_rate_limit(base):
    base.drive()
    base.robot.wait(lambda: base.moves() and base.commands[-1].twist.linear.x == 0.5, 'speed')
    for before, after in zip(base.commands, base.commands[1:], strict=False):
        change = after.twist.linear.x - before.twist.linear.x
        # stamps and ramps use two clocks that are read one after the other
        assert change <= 2.0 * (stamp_s(after) - stamp_s(before)) + 0.01


@pytest.mark.field(
    'farm-ng/tractor #82',
    'commands from before or during an e-stop move the robot once it is cleared')
def test_gate_estop_latches_until_reset_and_reset_alone_does_not_move(base):
    from std_srvs.srv import Trigger
    base.drive()
    base.robot.wait(base.moves, 'motion')
    base.press(True)
    base.robot.wait(lambda: not base.moves(), 'stop')
    base.press(False)
    base.hears_still()
    base.press(True)
    base.hears_still(5)
    assert not base.robot.call(Trigger, 'gate/reset', Trigger.Request()).success
    base.press(False)
    base.stop_driving()
    base.robot.poll(
        lambda: base.robot.call(Trigger, 'gate/reset', Trigger.Request()).success, 'reset')
    base.hears_still()
    base.want(0.5)
    base.robot.wait(base.moves, 'motion after reset and a new command')


def test_gate_sends_the_safe_state_when_it_ends(base):
    base.drive()
    base.robot.wait(base.moves, 'motion')
    base.process.send_signal(signal.SIGTERM)
    assert base.process.wait(60) == 0
    base.robot.wait(lambda: not base.moves(), 'safe state')


def latched_button(robot):
    """Return a pressed e-stop button for a gate that starts later."""
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import Bool
    return robot.node.create_publisher(Bool, 'estop', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))


def test_gate_estop_pressed_before_the_start_is_received_among_others_before_motion(
        robot, make_base):
    from std_msgs.msg import Bool
    latched_button(robot).publish(Bool(data=True))
    robot.node.create_publisher(Bool, 'estop', 1)
    base = make_base(estop_wait_s=3.0)
    base.drive()
    try:
        robot.wait(lambda: robot.value('gate', 'base.state') == 'estopped', 'e-stop')
        base.hears_still()
    finally:
        base.stop_driving()
    assert not any(one.twist.linear.x for one in base.commands)


def test_gate_listens_for_an_estop_before_it_obeys(robot, make_base):
    base = make_base(estop_wait_s=1.5)
    robot.wait(lambda: 'listens for an e-stop' in robot.message('gate'), 'sentence')
    base.drive()
    try:
        robot.wait(base.moves, 'motion')
    finally:
        base.stop_driving()


def killed_and_started(base):
    base.process.kill()
    base.process.wait()
    base.robot.diagnostics.clear()
    base.robot.start('gate', lease_s=LEASE_S)
    base.robot.is_active('gate')


def cleaned_up_and_activated(base):
    for number in (4, 2, 1, 3):
        assert base.robot.transition('gate', number)


@pytest.mark.parametrize('restarted', [killed_and_started, cleaned_up_and_activated])
def test_gate_estop_outlasts_the_process(base, restarted):
    from std_srvs.srv import Trigger
    base.press(True)
    base.robot.wait(lambda: base.robot.value('gate', 'base.state') == 'estopped', 'e-stop')
    restarted(base)
    base.drive()
    base.hears_still()
    base.press(False)
    base.robot.poll(
        lambda: base.robot.call(Trigger, 'gate/reset', Trigger.Request()).success, 'reset')
    base.robot.wait(base.moves, 'motion after the reset')


@pytest.mark.field('yujinrobot/yujin_ocs #16', 'what switches commands off sends no zero')
def test_gate_deactivated_keeps_sending_the_safe_state(base):
    base.drive()
    base.robot.wait(base.moves, 'motion')
    assert base.robot.transition('gate', 4)
    base.robot.wait(lambda: not base.moves(), 'safe state')
    base.hears_still()


def test_gate_publishes_the_stamp_of_the_obeyed_image(base):
    from std_msgs.msg import Header
    obeyed = base.robot.listen(Header, 'obeyed/base')
    base.robot.poll(lambda: base.robot.node.count_publishers('obeyed/base') > 0, 'publisher')
    stamp = base.now()
    base.want(0.5, stamp)
    base.robot.wait(lambda: obeyed, 'obeyed stamp')
    assert obeyed[-1].stamp == stamp


def test_gate_refused_commands_add_no_messages(robot, make_base):
    # alone: on a busy machine its guard may add some
    base = make_base(guard=False)
    robot.wait(lambda: robot.value('gate', 'base.state') == 'waiting', 'gate that obeys')
    base.hears_still()
    past = base.now()
    past.sec -= 60
    before = len(base.commands)

    def many_were_refused():
        base.want(0.5, past)
        return int(base.robot.value('gate', 'base.refused.stale') or 0) > 100
    base.robot.poll(many_were_refused, 'refused commands')
    heard = base.commands[before:]
    span_s = stamp_s(heard[-1]) - stamp_s(heard[0])
    assert len(heard) < 1.3 * span_s / PERIOD_S + 5


def test_gate_new_commands_replace_messages_of_the_fixed_rate(make_base):
    # alone: on a busy machine its guard may add some
    base = make_base(guard=False)
    base.drive()
    base.robot.wait(base.moves, 'motion')
    first = len(base.commands)
    base.robot.wait(lambda: len(base.commands) > first + 100, 'commands')
    from_s, to_s = (stamp_s(base.commands[index]) for index in (first, first + 100))
    # 33 new ones a second on top would be 83; a busy machine may only be slower
    assert 100 / (to_s - from_s) < 1.1 / PERIOD_S


def test_gate_limits_that_the_message_cannot_represent_are_refused(robot, tmp_path):
    rules = tmp_path / 'lamp.yaml'
    rules.write_text(LAMP)
    robot.start('gate', rules=str(rules))
    robot.wait(lambda: '`max` of field `level` is 300, but data of std_msgs/msg/UInt8 would carry '
               '44' in robot.message('gate'), 'sentence')
    assert robot.value('gate', 'phase') == 'unconfigured'
    rules.write_text(LAMP.replace('data', 'date'))
    assert not robot.transition('gate', 1)
    robot.wait(lambda: 'cannot be written into std_msgs/msg/UInt8' in robot.message('gate'),
               'sentence')


@pytest.mark.field('turtlebot/turtlebot4 #481', 'no base subscribes to the commands')
def test_gate_without_subscriber_warns(robot):
    robot.start('gate')
    robot.wait(lambda: 'nobody listens to /cmd_vel (TwistStamped)'
               in robot.diagnostics.get('/gate', ('',))[0], 'warning')


LAMP = """\
actuators:
  lamp:
    kind: message
    topic: lamp
    type: std_msgs/msg/UInt8
    field_map: {level: data}
    fields:
      level: {min: 0, max: 300, safe: 0, max_rate_per_s: 100}
rules:
  - {name: unsure, when: [abstain], command: {lamp: {level: 0}}}
  - {name: otherwise, default: true, command: {lamp: {level: 1}}}
"""

SIGNALS = """\
actuators:
  junction:
    kind: signals
    topic: signal_heads
    plan:
      heads: [north, east]
      conflicts: {north: [east]}
      phases: {across: [north], along: [east]}
      min_green_s: 0.3
      max_green_s: 1.0
      yellow_s: 0.2
      all_red_s: 0.2
votes: {window: 1, needed: 1, max_age_s: 1.0}
rules:
  - {name: unsure, when: [abstain], command: {junction: {across: 0.5, along: 0.5}}}
  - {name: otherwise, default: true, command: {junction: {across: 1.0}}}
"""
RED, YELLOW, GREEN = 0.0, 1.0, 2.0


def colors(messages):
    """Return the states of the heads, without repetitions."""
    shown = [dict(zip(one.name, one.position, strict=True)) for one in messages]
    return [one for index, one in enumerate(shown) if index == 0 or one != shown[index - 1]]


def test_gate_signals_any_requests_go_through_yellow_and_red(robot, tmp_path):
    from sensor_msgs.msg import JointState
    rules = tmp_path / 'signals.yaml'
    rules.write_text(SIGNALS)
    process = robot.start('gate', lease_s=LEASE_S, rules=str(rules))
    heads = robot.listen(JointState, 'signal_heads')
    desired = robot.speak(JointState, 'desired/junction')
    robot.is_active('gate')

    def request(across, along):
        message = JointState(name=['across', 'along'], position=[across, along])
        message.header.stamp = robot.now()
        desired.publish(message)

    def until(shown, requests):
        while colors(heads)[-1:] != [shown]:
            if requests:
                request(*requests)
            count = len(heads)
            robot.wait(lambda: len(heads) > count, 'heads')  # noqa: B023

    until({'north': GREEN, 'east': RED}, (1.0, 0.0))
    until({'north': RED, 'east': GREEN}, (0.0, 1.0))
    # without requests the lease ends the green
    until({'north': RED, 'east': RED}, None)
    until({'north': GREEN, 'east': RED}, (1.0, 0.5))
    assert colors(heads) == [
        {'north': RED, 'east': RED}, {'north': GREEN, 'east': RED},
        {'north': YELLOW, 'east': RED}, {'north': RED, 'east': RED},
        {'north': RED, 'east': GREEN}, {'north': RED, 'east': YELLOW},
        {'north': RED, 'east': RED}, {'north': GREEN, 'east': RED}]
    # a gate that ends leaves no green behind
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    robot.wait(lambda: colors(heads)[-1] == {'north': RED, 'east': RED}, 'red at the end')


def test_gate_estop_under_two_floods_of_commands_is_obeyed(base):
    writers = [base.robot.run(f'flood{number}', [sys.executable, '-c', FLOOD])
               for number in range(2)]
    base.robot.poll(lambda: base.robot.node.count_publishers('desired/base') == 3, 'floods')
    base.robot.wait(base.moves, 'motion')
    base.press(True)
    base.robot.wait(lambda: not base.moves(), 'stop')
    base.hears_still()
    assert all(writer.poll() is None for writer in writers)


FLOOD = """
import rclpy
from geometry_msgs.msg import TwistStamped
from std_msgs.msg import Bool
rclpy.init()
node = rclpy.create_node('flood')
publisher = node.create_publisher(TwistStamped, 'desired/base', 10)
released = node.create_publisher(Bool, 'estop', 10)
while True:
    message = TwistStamped()
    message.header.stamp = node.get_clock().now().to_msg()
    message.twist.linear.x = 0.5
    publisher.publish(message)
    released.publish(Bool(data=False))
"""


def test_gate_with_simulation_time_obeys_images_between_two_ticks(robot, make_base):
    from builtin_interfaces.msg import Time
    from rosgraph_msgs.msg import Clock
    base = make_base(use_sim_time=True)
    clocks = robot.speak(Clock, '/clock')
    robot.wait(lambda: robot.value('gate', 'base.state') == 'waiting', 'gate that obeys')
    base.want(0.5, Time(sec=1000))
    base.hears_still()
    for index in range(4000):
        now_ns = 1000 * 10**9 + index * 25_000_000
        clocks.publish(Clock(clock=Time(sec=now_ns // 10**9, nanosec=now_ns % 10**9)))
        threading.Event().wait(0.025)
        # stamped just before the next tick
        ahead_ns = now_ns + 24_000_000
        base.want(0.5, Time(sec=ahead_ns // 10**9, nanosec=ahead_ns % 10**9))
        if base.moves() and index > 40:
            break
    assert base.moves()
    assert 'fault' not in robot.log('gate')
    base.want(0.5, Time(sec=2000))
    robot.wait(lambda: robot.value('gate', 'base.refused.future') == '1', 'refusal')
