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

"""A robot that does not move: doctor names the broken link and the fix."""

import json
import signal
import subprocess
import sys
import threading
import time

from digiphys_ros.doctor.finding import Finding
import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel,
              pytest.mark.usefixtures('fixes_are_commands')]
DEACTIVATE, ACTIVATE = 4, 3


class Driver:
    """A camera driver with the usual faults of drivers."""

    def __init__(self, robot):
        self._robot = robot
        self._publisher = self._stamp_s = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def publish(self, topic, stamp_s=time.time, *, compressed=False):
        """Publish only on this topic, stamped by this function; without a topic not at all."""
        from sensor_msgs.msg import CompressedImage, Image
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            self._robot.node.destroy_publisher(publisher)
        self._stamp_s = stamp_s
        if topic:
            self._publisher = self._robot.node.create_publisher(
                CompressedImage if compressed else Image, topic, 1)

    def _play(self):
        from digiphys_ros.applications.traffic_signs.drawn_course import sample_crop
        from digiphys_ros.ros.messages.images import image_message, jpeg_message, set_stamp
        from sensor_msgs.msg import Image
        from std_msgs.msg import Header
        seed = 0
        while not self._stopped.wait(0.1):
            seed, publisher, header = seed + 1, self._publisher, Header()
            if publisher is None:
                continue
            set_stamp(header, self._stamp_s())
            make = image_message if publisher.msg_type is Image else jpeg_message
            pixels = sample_crop(np.random.default_rng(seed), 'stop', 64)
            try:
                publisher.publish(make(pixels, 'rgb8', header))
            except Exception:
                # it was destroyed meanwhile
                continue

    def end(self):
        self._stopped.set()
        self._thread.join()


@pytest.fixture(scope='module')
def driver(shared_robot):
    """Start the nodes, a base, and a camera driver that is silent at first."""
    from geometry_msgs.msg import TwistStamped
    commands = shared_robot.listen(TwistStamped, 'cmd_vel')
    shared_robot.start('classifier')
    shared_robot.start('policy')
    shared_robot.start('gate', guard=False, realtime=False)
    shared_robot.is_active('classifier', 'policy', 'gate')
    one = Driver(shared_robot)
    one.commands = commands
    yield one
    one.end()


def doctor(robot, *words):
    """Return doctor's report and its exit code."""
    done = subprocess.run(
        [sys.executable, '-m', 'digiphys_ros.cli.main', 'doctor', '--json', '-', '--seconds', '1',
         *words], env=robot.environment, capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    # each of them is checked in `fixes_are_commands`
    assert [Finding(**one) for one in report['findings']]
    assert done.returncode == (0 if report['healthy'] else 1)
    return report, done.returncode


def diagnose(robot, says, *words, fix=''):
    """Return the failed finding with this text once doctor reports it, and the whole report."""
    reports = []

    def found():
        reports.append(doctor(robot, *words))
        return fails(reports[-1][0], says, fix)
    robot.poll(found, f'finding "{says}"', timeout_s=180.0)
    report, code = reports[-1]
    assert code == 1
    assert not report['healthy']
    return fails(report, says, fix)[0], report


def fails(report, says, fix):
    return [one for one in report['findings']
            if one['status'] == 'fail' and says in one['found'] and fix in one['fix']]


def boot_s():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize(('topic', 'stamp_s', 'compressed', 'says', 'fix'), [
    pytest.param('', time.time, False, 'nobody publishes images', 'start the driver',
                 id='no images'),
    pytest.param(
        'camera/image_raw', time.time, False, 'images are on /camera/image_raw (Image of /test_',
        '--remap image:=/camera/image_raw', id='another topic', marks=pytest.mark.field(
            'christianrauch/camera_ros #108',
            'a camera that publishes on another topic than expected')),
    pytest.param(
        'image/compressed', time.time, True, 'images are on /image/compressed (CompressedImage',
        '--set classifier.image_transport=compressed', id='compressed', marks=pytest.mark.field(
            'leggedrobotics/darknet_ros #8', 'a camera that publishes compressed images alone')),
    pytest.param('image', lambda: 0.0, False, 'images are stamped 0', 'header.stamp',
                 id='zero stamps', marks=pytest.mark.field(
                     'stereolabs/zed-ros-wrapper #969', 'a driver whose images are stamped 0')),
    pytest.param('image', boot_s, False, 'days): their clock counts from the start',
                 'stamp by the ROS clock', id='boot clock', marks=pytest.mark.field(
                     'nasa/astrobee #412', 'a driver that stamps by the time since boot')),
    # before the next: the gate remembers the largest offset
    pytest.param('image', lambda: time.time() + 0.05, False, 's ahead of the clock',
                 'digiphys run --set gate.future_tolerance_s=0.0', id='slightly future'),
    pytest.param('image', lambda: time.time() + 0.3, False, 'images are stamped up to 0.',
                 '`future_tolerance_s` of the gate', id='future', marks=pytest.mark.field(
                     'christianrauch/camera_ros #117', 'a driver whose stamps lie in the future')),
    pytest.param('image', lambda: time.time() - 2.5, False, 'images are 2.',
                 'digiphys run --set gate.lease_s=2.', id='slow camera', marks=pytest.mark.field(
                     'AutoModelCar/AutoModelCarWiki #34', 'images that arrive with a delay')),
])
def test_doctor_images_without_motion_are_explained(shared_robot, driver, topic, stamp_s,
                                                    compressed, says, fix):
    driver.publish(topic, stamp_s, compressed=compressed)
    if says != 'images are 2.':
        shared_robot.wait(lambda: says in shared_robot.message('classifier')
                          and fix in shared_robot.value('classifier', 'fix'), 'own diagnostics')
    finding, report = diagnose(shared_robot, says, fix=fix)
    assert finding['check'] == 'chain'
    assert [one for one in report['chain'] if one['source'].startswith('/gate')]


def test_doctor_moving_robot_is_healthy_and_has_rates(shared_robot, driver):
    driver.publish('image')
    shared_robot.wait(lambda: shared_robot.value('gate', 'base.state') == 'obeying', 'motion')
    report = {}

    def healthy():
        report.update(doctor(shared_robot)[0])
        return report['healthy']
    shared_robot.poll(healthy, 'healthy robot', timeout_s=180.0)
    assert not [one for one in report['findings'] if one['status'] == 'fail']
    assert [(one['source'], one['target'], one['topic'], one['status'])
            for one in report['chain']] == [
        ('/test_robot', '/classifier', '/image', 'ok'),
        ('/classifier', '/policy', '/classification', 'ok'),
        ('/policy', '/gate', '/desired/base', 'ok'), ('/gate', '/test_robot', '/cmd_vel', 'ok')]
    assert all(0 < one['rate_hz'] < 100 for one in report['chain'])


def test_doctor_model_that_does_not_fit_the_rules_is_named_and_nothing_moves(shared_robot, driver):
    driver.publish('image')
    shared_robot.wait(lambda: shared_robot.value('gate', 'base.state') == 'obeying', 'motion')
    assert shared_robot.set_parameter('classifier', 'bundle', 'sorting_line').successful
    shared_robot.wait(lambda: 'has no class' in shared_robot.message('policy'), 'error')
    shared_robot.wait(lambda: shared_robot.value('gate', 'base.state') != 'obeying', 'stop')
    before = len(driver.commands)
    finding, _ = diagnose(shared_robot, 'the model sorting_line@', fix='optional_labels')
    assert finding['fix'].startswith('ros2 param set /classifier bundle traffic_signs')
    assert len(driver.commands) > before
    assert not any(one.twist.linear.x for one in driver.commands[before:])
    assert shared_robot.set_parameter('classifier', 'bundle', 'traffic_signs').successful
    shared_robot.wait(lambda: shared_robot.value('gate', 'base.state') == 'obeying', 'motion')


def test_doctor_inactive_gate_is_named_with_the_command(shared_robot, driver):
    driver.publish('image')
    assert shared_robot.transition('gate', DEACTIVATE)
    finding, _ = diagnose(shared_robot, '/gate is configured and not active')
    assert finding['fix'] == 'ros2 lifecycle set /gate activate'
    assert shared_robot.transition('gate', ACTIVATE)


def test_doctor_gate_stopped_by_a_signal_is_named_with_the_command(shared_robot, driver):
    driver.publish('image')
    process = shared_robot.process('gate')
    process.send_signal(signal.SIGSTOP)
    try:
        finding, _ = diagnose(shared_robot, f'gate (process {process.pid}) was stopped')
    finally:
        process.send_signal(signal.SIGCONT)
    assert finding['fix'] == f'kill -CONT {process.pid}'


def test_doctor_estop_pressed_then_latched_is_named_with_the_command(shared_robot, driver):
    from std_msgs.msg import Bool
    from std_srvs.srv import Trigger
    driver.publish('image')
    button = shared_robot.speak(Bool, 'estop')

    def press(pressed, says):
        # again and again, as buttons do: a gate that has just met this one may miss the first
        def heard():
            button.publish(Bool(data=pressed))
            return shared_robot.value('gate', 'estop') == says
        shared_robot.poll(heard, f'gate that says "{says}"')
    press(True, 'pressed: /test_robot')
    finding, _ = diagnose(shared_robot, '/gate is e-stopped, pressed: /test_robot')
    assert finding['fix'].startswith('ros2 service call /gate/reset std_srvs/srv/Trigger  # ')
    assert finding['fix'] == shared_robot.value('gate', 'fix')
    assert 'pressed: /test_robot' in shared_robot.message('gate')
    press(False, '')
    finding, _ = diagnose(shared_robot, 'pressed and released, and stays latched')
    assert finding['fix'] == 'ros2 service call /gate/reset std_srvs/srv/Trigger'
    shared_robot.call(Trigger, 'gate/reset', Trigger.Request())
    shared_robot.node.destroy_publisher(button)


@pytest.mark.field('ros-controls/ros2_control #870', 'two nodes that publish on one topic')
def test_doctor_two_drivers_on_one_image_topic_are_named(shared_robot, driver):
    import rclpy
    from sensor_msgs.msg import Image
    driver.publish('image')
    other = rclpy.create_node('player', context=shared_robot.node.context)
    other.create_publisher(Image, 'image', 1)
    finding, _ = diagnose(shared_robot, '2 publishers: /player, /test_robot')
    assert 'stop all except one' in finding['fix']
    shared_robot.wait(lambda: '/player' in shared_robot.message('classifier'), 'own diagnostics')
    other.destroy_node()


@pytest.mark.field('ros2/rclcpp #940', 'use_sim_time without a node that publishes /clock')
def test_doctor_clock_that_does_not_run_is_named(shared_robot):
    shared_robot.start('gate', 'sim', use_sim_time=True, guard=False, realtime=False)
    finding, _ = diagnose(shared_robot, 'the clock does not run', '--namespace', 'sim')
    assert finding['check'] == 'diagnostics of /sim/gate'
    assert 'nobody publishes /clock' in finding['found']
    assert 'ros2 param set /sim/gate use_sim_time false' in finding['fix']


@pytest.mark.field(
    'AlexeyAB/darknet #3929', 'a model and its file of names have other classes, without a word')
def test_doctor_model_that_does_not_fit_the_rules_is_named_with_one_that_does(shared_robot):
    for node in ('policy', 'classifier'):
        shared_robot.start(node, 'misfit', **({'bundle': 'sorting_line'} if node == 'classifier'
                                              else {}))
    finding, _ = diagnose(shared_robot, 'sorting_line', '--namespace', 'misfit',
                          fix='ros2 param set /misfit/classifier bundle traffic_signs')
    assert finding['check'] == 'diagnostics of /misfit/policy'
    assert 'has no class' in finding['found']
    # the fix works
    assert shared_robot.set_parameter('misfit/classifier', 'bundle', 'traffic_signs').successful
    shared_robot.wait(lambda: 'has no class' not in shared_robot.message('misfit/policy'), 'fit')


@pytest.mark.field('eProsima/Fast-DDS #5258', 'an e-stop publisher that matches is never heard')
def test_doctor_silent_estop_is_named_with_the_command(shared_robot):
    from std_msgs.msg import Bool
    button = shared_robot.node.create_publisher(Bool, 'unheard/estop', 1)
    shared_robot.start('gate', 'unheard', guard=False, realtime=False)
    finding, _ = diagnose(shared_robot, 'published and not heard once', '--namespace', 'unheard',
                          fix='digiphys run --transport local_udp  #')
    assert finding['check'] == 'diagnostics of /unheard/gate'
    assert '/test_robot' in finding['found']
    assert 'estop_unheard_stops=false' in finding['fix']
    shared_robot.node.destroy_publisher(button)
