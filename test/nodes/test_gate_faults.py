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

"""The gate under faults of real processes: full terminals, stops, kills, broken disks."""

from contextlib import suppress
import itertools
import os
from pathlib import Path
import pty
import signal
import sys
import termios
import time

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


@pytest.fixture
def stopped_terminal():
    """Return a terminal after Ctrl-S."""
    reader, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    yield terminal
    os.close(reader)
    os.close(terminal)


@pytest.fixture
def full_disk():
    """Return a file without free space."""
    with open('/dev/full', 'wb') as file:
        yield file.fileno()


@pytest.fixture(params=['full_pipe', 'stopped_terminal', 'full_disk'])
def blocked(request, robot):
    """Send the output of all nodes to a blocked reader."""
    robot.output = request.getfixturevalue(request.param)


def refuse_parameters(robot, count):
    for _ in range(count):
        assert not robot.set_parameter('gate', 'lease_s', 3.0).successful


@pytest.mark.field('gabime/spdlog #3104', 'a terminal in scroll mode blocks who logs')
def test_gate_with_blocked_output_stops_on_lease_end_and_estop(blocked, base):
    base.drive()
    base.robot.wait(base.moves, 'motion')
    refuse_parameters(base.robot, 50)
    base.stop_driving()
    base.robot.wait(lambda: not base.moves(), 'safe state')
    base.press(True)
    base.robot.wait(lambda: base.robot.value('gate', 'base.state') == 'estopped', 'e-stop')
    base.hears_still()


def test_gate_with_a_broken_log_disk_moves_and_stops(robot, make_base, broken_disk):
    robot.environment['ROS_LOG_DIR'] = str(broken_disk)
    base = make_base()
    base.drive()
    robot.wait(base.moves, 'motion')
    refuse_parameters(robot, 50)
    robot.wait(base.moves, 'motion')
    base.stop_driving()
    robot.wait(lambda: not base.moves(), 'safe state')
    base.hears_still()


def test_gate_with_blocked_output_ends_on_sigint(blocked, base):
    base.process.send_signal(signal.SIGINT)
    assert base.process.wait(60) == 0


LISTENER = """
import rclpy
from geometry_msgs.msg import TwistStamped
rclpy.init()
node = rclpy.create_node('stopped_base')
node.create_subscription(TwistStamped, 'cmd_vel', lambda _: None, 5)
rclpy.spin(node)
"""


def test_gate_with_a_stopped_subscriber_keeps_its_rate_and_stops(base):
    listener = base.robot.run('listener', [sys.executable, '-c', LISTENER])
    base.robot.poll(lambda: base.robot.node.count_subscribers('cmd_vel') == 2, 'listener')
    listener.send_signal(signal.SIGSTOP)
    try:
        base.drive()
        base.robot.wait(base.moves, 'motion')
        # more than the capacity of any queue between the two processes
        base.robot.wait(lambda: len(base.commands) > 400, 'commands', 60)
        base.stop_driving()
        base.robot.wait(lambda: not base.moves(), 'safe state')
    finally:
        listener.send_signal(signal.SIGCONT)


@pytest.fixture
def driven(base):
    """Return a base that moves."""
    base.robot.wait(lambda: base.robot.value('gate', 'guard') == 'watching', 'guard')
    base.drive()
    base.robot.wait(base.moves, 'motion')
    return base


def test_guard_of_a_stopped_gate_sends_the_safe_state_and_ends_the_gate(driven):
    driven.process.send_signal(signal.SIGSTOP)
    driven.robot.wait(lambda: not driven.moves(), 'safe state')
    driven.hears_still()
    # it hangs, so its supervisor restarts it
    assert driven.process.wait(60) == -signal.SIGKILL


def test_guard_of_a_killed_gate_sends_the_safe_state_and_ends(driven):
    [guard] = guards_of(driven.process.pid)
    driven.process.kill()
    driven.robot.wait(lambda: not driven.moves(), 'safe state')
    driven.hears_still()
    assert runs(guard)
    driven.robot.poll(lambda: not runs(guard), 'end of the guard')


def test_guard_of_a_killed_gate_falls_silent_after_another_gate_starts(driven):
    from digiphys_ros.ros.gate.guard import SEND_S
    [guard] = guards_of(driven.process.pid)
    driven.process.kill()
    killed_s = time.monotonic()
    driven.robot.wait(lambda: not driven.moves(), 'safe state')
    # without a guard and without a wait for an e-stop it obeys while the guard would still send
    driven.robot.start('gate', lease_s=2.0, guard=False, estop_wait_s=0.0,
                       estop_unheard_stops=False)
    driven.robot.wait(driven.moves, 'motion')
    moved_s = time.monotonic()
    # it may learn the other's name a moment later
    driven.robot.poll(lambda: not runs(guard), 'end of the guard')
    # on a machine that starts a gate too slowly the guard may have ended by itself
    assert time.monotonic() - killed_s < SEND_S or moved_s - killed_s > SEND_S / 2
    driven.robot.wait(lambda: len(driven.commands) > 30
                      and all(one.twist.linear.x for one in driven.commands[-30:]), 'motion')


def test_gate_before_the_guard_reaches_the_first_subscriber_does_not_move(robot):
    from geometry_msgs.msg import TwistStamped
    process = robot.start('gate', lease_s=2.0)
    robot.wait(lambda: robot.value('gate', 'guard') == 'watching', 'guard')
    [guard] = guards_of(process.pid)
    os.kill(guard, signal.SIGSTOP)
    try:
        commands = robot.listen(TwistStamped, 'cmd_vel')
        desired = robot.speak(TwistStamped, 'desired/base')

        def moves():
            message = TwistStamped()
            message.header.stamp = robot.now()
            message.twist.linear.x = 0.5
            desired.publish(message)
            return bool(commands) and commands[-1].twist.linear.x > 0
        # a guard that hangs is replaced; the next one may reach the subscribers a moment later
        robot.poll(lambda: moves() or (commands and guards_of(process.pid) != [guard]), 'commands')
        assert not any(one.twist.linear.x for one in commands)
    finally:
        with suppress(ProcessLookupError):
            os.kill(guard, signal.SIGCONT)
    robot.poll(moves, 'motion')


def test_guard_of_a_gate_that_recovers_lets_it_continue(driven):
    driven.process.send_signal(signal.SIGSTOP)
    driven.robot.wait(lambda: not driven.moves(), 'safe state')
    driven.process.send_signal(signal.SIGCONT)
    driven.robot.wait(driven.moves, 'motion')
    driven.robot.wait(lambda: int(driven.robot.value('gate', 'base.safe_stops')) >= 1, 'count')


def test_guard_held_up_with_its_gate_does_not_kill_it(driven):
    [guard] = guards_of(driven.process.pid)
    driven.process.send_signal(signal.SIGSTOP)
    os.kill(guard, signal.SIGSTOP)
    # longer than a gate may hang: a sleeping or overloaded machine
    time.sleep(2.0)
    os.kill(guard, signal.SIGCONT)
    driven.process.send_signal(signal.SIGCONT)
    driven.robot.poll(lambda: int(driven.robot.value('gate', 'base.safe_stops')) >= 1, 'stop')
    driven.robot.wait(driven.moves, 'motion')
    assert driven.process.poll() is None


def test_gate_with_a_dead_guard_stops_until_another_watches(driven):
    [guard] = guards_of(driven.process.pid)
    os.kill(guard, signal.SIGKILL)
    driven.robot.wait(lambda: not driven.moves(), 'stop')
    driven.robot.poll(lambda: guards_of(driven.process.pid) not in ([], [guard]), 'guard')
    driven.robot.wait(driven.moves, 'motion')


def test_guard_then_gate_killed_leave_no_motion(driven):
    [guard] = guards_of(driven.process.pid)
    os.kill(guard, signal.SIGKILL)
    # held from its first stop on, before another guard watches
    driven.robot.wait(lambda: not driven.moves() and not driven.process.send_signal(
        signal.SIGSTOP), 'stop')
    for other in guards_of(driven.process.pid):
        os.kill(other, signal.SIGKILL)
    driven.process.kill()
    driven.process.wait()
    time.sleep(0.5)
    assert not driven.moves()


@pytest.mark.parametrize('realtime', [True, False])
def test_gate_and_guard_are_realtime_if_configured_and_allowed(
        robot, make_base, may_be_realtime, realtime):
    base = make_base(realtime=realtime)
    robot.wait(lambda: robot.value('gate', 'guard') == 'watching', 'guard')
    gate = base.process.pid
    policies = {os.sched_getscheduler(int(thread)) for pid in (gate, *guards_of(gate))
                for thread in os.listdir(f'/proc/{pid}/task')}
    assert policies == {os.SCHED_RR if realtime and may_be_realtime else os.SCHED_OTHER}
    assert robot.value('gate', 'realtime') == str(os.SCHED_RR in policies)


def test_gate_with_a_hanging_guard_starts_another(driven):
    [guard] = guards_of(driven.process.pid)
    os.kill(guard, signal.SIGSTOP)
    driven.robot.poll(lambda: 'the guard is hung' in driven.robot.log('gate'), 'word of it')
    driven.robot.poll(lambda: guards_of(driven.process.pid) not in ([], [guard]), 'guard')
    driven.robot.wait(driven.moves, 'motion')


DECELERATING = """\
actuators:
  base:
    kind: twist_stamped
    topic: cmd_vel
    fields:
      linear.x: {min: 0.0, max: 1.0, safe: 0.0, max_rate_per_s: 0.5, max_decel_per_s: 0.2}
rules:
  - {name: unsure, when: [abstain], command: {base: {linear.x: 0.0}}}
  - {name: otherwise, default: true, command: {base: {linear.x: 0.5}}}
"""


def test_gate_after_its_guard_acted_continues_from_the_safe_state(
        robot, make_base, tmp_path):
    rules = tmp_path / 'rules.yaml'
    rules.write_text(DECELERATING)
    base = make_base(rules=str(rules))
    robot.wait(lambda: robot.value('gate', 'guard') == 'watching', 'guard')
    base.drive()
    robot.wait(lambda: base.commands and base.commands[-1].twist.linear.x == 0.5, 'motion')
    base.stop_driving()
    base.process.send_signal(signal.SIGSTOP)
    robot.wait(lambda: not base.moves(), 'safe state')
    base.process.send_signal(signal.SIGCONT)
    # not the rest of its ramp
    robot.wait(lambda: int(robot.value('gate', 'base.safe_stops')) >= 1, 'count')
    base.hears_still()


def test_gate_that_ends_sends_the_safe_state_instead_of_its_ramp(
        robot, make_base, tmp_path):
    rules = tmp_path / 'rules.yaml'
    rules.write_text(DECELERATING)
    # without a guard, which would send it too
    base = make_base(rules=str(rules), guard=False)
    robot.wait(lambda: robot.value('gate', 'base.state') == 'waiting', 'gate that obeys')
    base.drive()
    robot.wait(lambda: base.commands and base.commands[-1].twist.linear.x == 0.5, 'motion')
    base.process.send_signal(signal.SIGTERM)
    assert base.process.wait(60) == 0
    robot.wait(lambda: not base.moves(), 'safe state')
    # the ramp takes 2.5 s, and the end did not wait for it
    assert base.commands[-2].twist.linear.x > 0.1


THREAD_THAT_HANGS = """
import sys, time
from digiphys_ros.nodes import gate
take = gate.GateNode._on_desired
def hang(self, channel, message):
    take(self, channel, message)
    if message.twist.linear.x == 0.25:
        time.sleep(4.0)
gate.GateNode._on_desired = hang
sys.argv[1:] = sys.argv[2:]
gate.main()
"""


def test_gate_with_a_hanging_command_thread_sends_the_safe_state(robot, make_base, monkeypatch):
    start = robot.run
    monkeypatch.setattr(robot, 'run', lambda name, words: start(
        name, [words[0], '-c', THREAD_THAT_HANGS, *words[words.index('-m') + 1:]]))
    base = make_base(lease_s=1.0)
    robot.wait(lambda: robot.value('gate', 'base.state') == 'waiting', 'gate that obeys')

    def moves():
        base.want(0.25)
        return base.moves()
    robot.poll(moves, 'motion')
    robot.wait(lambda: not base.moves(), 'safe state')
    # by the watchdog of the thread, a moment before the lease ends
    robot.poll(lambda: "base: fault (the node's thread has been held up" in robot.log('gate'),
               'word of it')


def test_gate_that_ends_leaves_no_guard(driven):
    driven.process.send_signal(signal.SIGINT)
    assert driven.process.wait(60) == 0
    assert not guards_of(driven.process.pid)


def runs(pid):
    """Return whether a process is alive."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def guards_of(gate):
    """Return the pids of a gate's running guards."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                words = file.read().split(b'\0')
            with open(f'/proc/{pid}/stat') as file:
                state, parent = file.read().rpartition(')')[2].split()[:2]
        except OSError:
            continue
        if b'digiphys_ros.ros.gate.guard' in words and state != 'Z' and int(parent) == gate:
            found.append(int(pid))
    return found


# The e-stop.

QUALITIES = [(reliable, latched) for reliable in (True, False) for latched in (True, False)]


def quality(reliable, latched):
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)


class Button:
    """One e-stop publisher."""

    def __init__(self, robot, reliable=True, latched=False):
        from std_msgs.msg import Bool
        self._robot, self._bool = robot, Bool
        self._publisher = robot.node.create_publisher(Bool, 'estop', quality(reliable, latched))
        robot.poll(lambda: self._publisher.get_subscription_count() > 0, 'gate')

    def press(self, pressed):
        self._publisher.publish(self._bool(data=pressed))

    def until(self, pressed, condition, what):
        """Send repeatedly, like a best-effort button."""
        def done():
            self.press(pressed)
            return condition()
        self._robot.poll(done, what)

    def vanish(self):
        self._robot.node.destroy_publisher(self._publisher)


def is_estopped(base):
    return lambda: base.robot.value('gate', 'base.state') == 'estopped'


def call(base, service):
    from std_srvs.srv import Trigger
    return base.robot.call(Trigger, f'gate/{service}', Trigger.Request())


def test_estop_of_one_button_is_not_released_by_another_with_any_qos(base):
    for first, second in itertools.product(QUALITIES, QUALITIES):
        held, other = Button(base.robot, *first), Button(base.robot, *second)
        held.until(True, lambda: not call(base, 'reset').success, 'e-stop')
        for _ in range(3):
            other.press(False)
            answer = call(base, 'reset')
            assert not answer.success, (first, second)
            assert 'pressed' in answer.message
        held.until(False, lambda: call(base, 'reset').success, 'reset')
        held.vanish()
        other.vanish()


def test_estop_of_a_vanished_button_stays_until_override(base):
    button = Button(base.robot)
    button.until(True, is_estopped(base), 'e-stop')
    assert not call(base, 'override_estop').success
    button.vanish()
    base.press(False)
    base.robot.poll(lambda: 'vanished' in call(base, 'reset').message, 'reason')
    assert call(base, 'override_estop').success
    base.robot.poll(lambda: '/test_robot' in base.robot.log('gate'), 'log of it')
    assert is_estopped(base)()
    base.robot.poll(lambda: call(base, 'reset').success, 'reset')


def test_estop_required_without_publisher_does_not_move(robot, make_base):
    base = make_base(estop_required=True, estop_timeout_s=0.4)
    base.drive()
    robot.wait(lambda: 'e-stop required and silent' in robot.message('gate'), 'reason')
    base.hears_still()


def test_estop_required_that_goes_silent_stops_until_reset(robot, make_base):
    base = make_base(estop_required=True, estop_timeout_s=2.0)
    base.drive()

    def heartbeat(condition):
        def done():
            base.press(False)
            return condition()
        return done
    robot.poll(heartbeat(base.moves), 'motion with a heartbeat')
    robot.wait(lambda: not base.moves(), 'stop')
    robot.wait(is_estopped(base), 'latch')
    assert not call(base, 'reset').success
    robot.poll(heartbeat(lambda: call(base, 'reset').success), 'reset')
    robot.poll(heartbeat(base.moves), 'motion')


WRONG_TYPE = """
import rclpy
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node('panel')
publisher = node.create_publisher(String, 'estop', 1)
rclpy.spin(node)
"""


def test_estop_required_publisher_that_ends_stops(robot, make_base):
    base = make_base(estop_required=True, estop_timeout_s=2.0)
    base.drive()

    def moves_with_a_heartbeat():
        base.press(False)
        return base.moves()
    robot.poll(moves_with_a_heartbeat, 'motion')
    robot.node.destroy_publisher(base.estop)
    robot.wait(lambda: not base.moves(), 'stop')
    base.hears_still()
    robot.wait(is_estopped(base), 'latch')


def test_estop_required_one_of_two_that_ends_stops(robot, make_base):
    base = make_base(estop_required=True, estop_timeout_s=5.0)
    other = Button(robot)
    base.drive()

    def moves_with_heartbeats():
        base.press(False)
        other.press(False)
        return base.moves()
    robot.poll(moves_with_heartbeats, 'motion')
    other.vanish()

    def is_latched():
        base.press(False)
        return is_estopped(base)()
    robot.poll(is_latched, 'latch')
    base.hears_still()
    base.press(False)
    robot.poll(lambda: (base.press(False), call(base, 'reset').success)[1], 'reset')


@pytest.mark.field('eProsima/Fast-DDS #5258', 'an e-stop publisher that matches is never heard')
@pytest.mark.parametrize('stops', [True, False])
def test_estop_publisher_that_is_never_heard_counts_as_pressed(robot, make_base, stops):
    base = make_base(estop_unheard_stops=stops)
    base.drive()
    robot.wait(base.moves, 'motion')
    Button(robot)
    if stops:
        robot.wait(is_estopped(base), 'latch')
        assert 'published and not heard once' in robot.message('gate')
        assert robot.value('gate', 'fix').startswith('digiphys run --transport local_udp  #')
        base.hears_still()
    else:
        first = len(base.commands)
        robot.wait(lambda: len(base.commands) > first + 100, 'commands')
        assert base.moves()


@pytest.mark.parametrize('is_first', [True, False])
def test_estop_latched_released_publisher_that_joins_does_not_stop(
        robot, make_base, monkeypatch, is_first):
    from std_msgs.msg import Bool
    if is_first:
        # the gate has no latched subscription before
        speak = robot.speak
        monkeypatch.setattr(robot, 'speak', lambda kind, topic, *_: speak(kind, topic))
    base = make_base(estop_timeout_s=1.0)
    base.drive()

    def moves():
        base.press(False)
        return base.moves()
    robot.poll(moves, 'motion')
    # it sends before any subscriber exists
    robot.node.create_publisher(Bool, 'estop', quality(True, True)).publish(Bool(data=False))
    first = len(base.commands)
    robot.wait(lambda: len(base.commands) > first + 150, 'commands')
    assert all(one.twist.linear.x for one in base.commands[first:])


def test_estop_press_among_messages_of_other_publishers_is_not_lost(base):
    button, other = Button(base.robot, latched=True), Button(base.robot, latched=True)
    button.press(False)
    other.press(False)
    base.drive()
    base.robot.wait(base.moves, 'motion')
    button.press(True)
    for _ in range(300):
        other.press(False)
    base.robot.wait(lambda: not base.moves(), 'stop')
    base.robot.wait(is_estopped(base), 'latch')


def test_estop_of_a_wrong_message_type_is_reported(robot):
    # not by make_base, whose participant already publishes the right type
    robot.start('gate')
    robot.run('panel', [sys.executable, '-c', WRONG_TYPE])
    robot.wait(lambda: '/panel sends std_msgs/msg/String on /estop, std_msgs/msg/Bool is needed'
               in robot.message('gate'), 'sentence')
    assert robot.value('gate', 'fix').startswith('ros2 topic info --verbose /estop  #')


# The memory of the e-stop.

def folder_is_a_file(home):
    home.write_text('')


def folder_is_a_link_to_itself(home):
    home.symlink_to(home)


def folder_is_a_link_to_nowhere(home):
    home.symlink_to(home.parent / 'nowhere' / 'at' / 'all')


@pytest.fixture(params=[folder_is_a_file, folder_is_a_link_to_itself,
                        folder_is_a_link_to_nowhere])
def without_memory(request, robot, tmp_path):
    """Give the nodes a ROS_HOME that cannot store anything."""
    home = tmp_path / 'home'
    request.param(home)
    robot.environment['ROS_HOME'] = str(home)
    return robot


def test_gate_without_stored_estop_starts_estopped_and_reports(without_memory, make_base):
    base = make_base()
    base.robot.wait(is_estopped(base), 'latch')
    base.robot.wait(lambda: 'the e-stop cannot be remembered' in base.robot.message('gate'),
                    'reason')
    home = base.robot.environment['ROS_HOME']
    assert base.robot.value('gate', 'fix').startswith(f'sudo mkdir -p {home}/')
    assert 'Traceback' not in base.robot.log('gate')
    assert base.robot.log('gate').count('cannot be written') == 1
    base.drive()
    base.hears_still()
    assert call(base, 'reset').success
    base.robot.wait(base.moves, 'motion after the reset')
    assert 'the e-stop cannot be remembered' in base.robot.message('gate')


def test_gate_with_a_broken_disk_starts_estopped_and_reports(
        robot, make_base, broken_disk):
    robot.environment['ROS_HOME'] = str(broken_disk)
    base = make_base()
    robot.wait(is_estopped(base), 'latch')
    robot.wait(lambda: 'the e-stop cannot be remembered' in robot.message('gate'), 'reason')
    assert 'Traceback' not in robot.log('gate')
    base.drive()
    base.hears_still()


def test_gate_without_stored_estop_drives_if_configured(without_memory, make_base):
    base = make_base(latch_without_memory=False)
    base.drive()
    base.robot.wait(base.moves, 'motion')
    base.robot.wait(lambda: 'the e-stop cannot be remembered' in base.robot.message('gate'),
                    'reason')


# Two sources.

@pytest.mark.field('bit-bots/bitbots_main #288', 'two nodes give the base conflicting goals')
def test_gate_two_command_publishers_are_reported_and_stop_if_configured(base):
    base.drive()
    base.robot.wait(base.moves, 'motion')
    second = base.robot.node.create_publisher(type(base.commands[0]), 'desired/base', 10)
    base.robot.wait(lambda: '2 publishers on /desired/base' in base.robot.message('gate'),
                    'warning')
    assert base.moves()
    assert base.robot.set_parameter('gate', 'stop_on_duplicate_publishers', True).successful
    base.robot.wait(lambda: not base.moves(), 'stop')
    base.hears_still()
    base.robot.node.destroy_publisher(second)
    base.robot.wait(base.moves, 'motion of one source')


def test_gate_rate_that_stretches_times_is_refused(robot):
    robot.start('gate', rate_hz=5.0)
    robot.wait(lambda: 'rate_hz' in robot.message('gate'), 'sentence')
    assert robot.value('gate', 'phase') == 'unconfigured'


ARM = """\
actuators:
  arm:
    kind: joint_trajectory
    topic: arm_controller/joint_trajectory
    fields:
      shoulder: {min: -1.5, max: 1.5, max_rate_per_s: 0.5}
  lift:
    kind: float64
    topic: lift
    fields: {data: {min: 0.0, max: 1.0, safe: 0.0, max_rate_per_s: 5.0, stop_rate_per_s: 0.5}}
rules:
  - {name: unsure, when: [abstain], command: {arm: {shoulder: 0.0}}}
  - {name: otherwise, default: true, command: {arm: {shoulder: 1.5}}}
"""


@pytest.mark.field('enactic/openarm_ros2 #66', 'an arm leaps to zero when it is activated')
def test_gate_holding_arm_gets_nothing_at_first_and_never_jumps(robot, tmp_path):
    from sensor_msgs.msg import JointState
    from std_msgs.msg import Float64
    from trajectory_msgs.msg import JointTrajectory
    rules = tmp_path / 'arm.yaml'
    rules.write_text(ARM)
    process = robot.start('gate', lease_s=0.4, rules=str(rules))
    heard = robot.listen(JointTrajectory, 'arm_controller/joint_trajectory')
    lifts = robot.listen(Float64, 'lift')
    desired = robot.speak(JointState, 'desired/arm')
    desired_lift = robot.speak(JointState, 'desired/lift')
    robot.wait(lambda: robot.value('gate', 'arm.state') == 'waiting', 'gate that obeys')

    def want(shoulder):
        message = JointState(name=['shoulder'], position=[shoulder])
        message.header.stamp = robot.now()
        desired.publish(message)
        desired_lift.publish(JointState(header=message.header, name=['data'], position=[0.6]))

    def positions():
        return [one.points[0].positions[0] for one in heard]
    assert not heard
    assert not lifts
    robot.poll(lambda: want(1.0) or (heard and lifts), 'first positions')
    assert lifts[0].data == pytest.approx(0.6)
    first = heard[0].points[0].time_from_start
    assert first.sec + first.nanosec * 1e-9 >= 3.0 / 0.5 - 0.1
    robot.wait(lambda: robot.value('gate', 'arm.state') == 'expired', 'end of the lease')
    assert set(positions()) == {1.0}
    # it stands still at any position
    robot.wait(lambda: heard[-1].points[0].time_from_start.sec >= 86_400, 'message that stops it')
    # an arm holds its last commanded position, which the guard does not know
    robot.wait(lambda: 0.0 < lifts[-1].data < 0.55, 'way to the safe position')
    [guard] = guards_of(process.pid)
    process.kill()
    process.wait(60)
    robot.poll(lambda: not runs(guard), 'end of the guard')
    moves = [abs(after.data - before.data) for before, after in itertools.pairwise(lifts)]
    assert max(moves) <= 0.5 * 0.1 + 1e-6
    steps = [abs(after - before) for before, after in zip(positions(), positions()[1:],
                                                          strict=False)]
    assert max(steps) <= 0.5 * 0.1 + 1e-6
