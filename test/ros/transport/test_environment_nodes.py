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

"""Nodes of other users and in containers, with separate shared memory."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile

from digiphys_ros.ros.transport import environment as transport
from digiphys_ros.ros.transport.environment import transport_environment
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]
AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason='only root may become another user or mount a small /dev/shm')

AS_ANOTHER_USER = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                   # its Python may be in a folder of root
                   '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']


@AS_ROOT
@pytest.mark.field('eProsima/Fast-DDS #1750', "an e-stop of another user's process is not heard")
def test_gate_of_another_user_receives_the_estop(robot):
    with another_user(robot, 'local', images=False):
        gate = robot.start('gate')
    hears_the_estop(robot, gate)
    gate.send_signal(signal.SIGINT)
    gate.wait(60)


@AS_ROOT
@pytest.mark.field(
    'eProsima/Fast-DDS #2956', 'a camera in a container is found and its images never come')
@pytest.mark.field('eProsima/Fast-DDS #3475', 'a root shell hears nothing of the nodes of a user')
def test_doctor_unreceived_images_of_another_user_are_reported_with_the_fix(robot):
    from sensor_msgs.msg import Image
    publisher = robot.node.create_publisher(Image, 'image', 1)
    robot.node.create_timer(0.1, lambda: publisher.publish(Image()))
    with another_user(robot, 'local'):
        classifier = robot.start('classifier')
    found = {}

    def names_the_process():
        done = subprocess.run(
            [sys.executable, '-m', 'digiphys_ros.cli.main', 'doctor', '--json', '-', '--seconds',
             '0.5'], env=robot.environment, capture_output=True, text=True, timeout=300)
        found.update({one['check']: one for one in json.loads(done.stdout)['findings']})
        return f'process {os.getpid()} of user' in found.get('chain', {}).get('found', '')
    robot.poll(names_the_process, 'finding', timeout_s=180.0)
    assert 'no images reach /classifier' in found['chain']['found']
    assert '--transport local_udp' in found['chain']['fix']
    classifier.send_signal(signal.SIGINT)
    classifier.wait(60)
    # the fix works: these images are received, and broken
    with another_user(robot, 'local_udp'):
        classifier = robot.start('classifier')
    robot.poll(lambda: 'image of 0x0 pixels' in robot.log('classifier'), 'images')
    classifier.send_signal(signal.SIGINT)
    classifier.wait(60)


@contextlib.contextmanager
def another_user(robot, profile, *, images=True):
    """Make the robot start nodes as user nobody with this transport."""
    own, run = robot.environment, robot.run
    home = robot.home_of_nobody = tempfile.mkdtemp()
    os.chmod(home, 0o777)
    robot.environment = transport_environment(
        profile, {**own, 'ROS_HOME': home, 'HOME': home}, images=images)
    robot.run = lambda name, words: run(name, [*AS_ANOTHER_USER, *words])
    yield
    robot.run, robot.environment = run, own


def addresses(pid):
    """Return the addresses of the UDP sockets of a process."""
    folder = f'/proc/{pid}/fd'
    inodes = {os.readlink(f'{folder}/{name}')[8:-1] for name in os.listdir(folder)}
    with open('/proc/net/udp') as table:
        rows = [line.split() for line in table][1:]
    return {socket.inet_ntoa(bytes.fromhex(row[1].partition(':')[0])[::-1])
            for row in rows if row[9] in inodes}


def hears_the_estop(robot, gate):
    from std_msgs.msg import Bool
    robot.wait(lambda: robot.value('gate', 'base.state') == 'waiting', 'gate that obeys')
    assert not robot.shared_memory(gate.pid)
    assert os.stat(f'/proc/{gate.pid}').st_uid != os.geteuid()
    assert addresses(gate.pid) <= {'127.0.0.1', '239.255.0.1'}
    button = robot.speak(Bool, 'estop')

    def is_pressed():
        button.publish(Bool(data=True))
        return robot.value('gate', 'base.state') == 'estopped'
    robot.poll(is_pressed, 'e-stop')
    assert 'not heard' not in robot.log('gate')


@pytest.mark.field(
    'ros2/rmw_zenoh #867', 'a node finds no room for its segment of shared memory')
@pytest.mark.parametrize('profile', ['local', 'robot'])
def test_fast_dds_uses_the_segment_for_a_small_dev_shm(robot, monkeypatch, profile):
    monkeypatch.setattr(transport, 'room_bytes', lambda: 64 << 20)
    robot.environment = transport_environment(profile, robot.environment)
    policy = robot.start('policy')

    def takes_it():
        sizes = [os.stat(f'/dev/shm/{name}').st_size for name in robot.shared_memory(policy.pid)]
        return any(16 << 20 <= size < 20 << 20 for size in sizes)
    robot.poll(takes_it, 'segment of 16 MiB')


SMALL_SHM = 'mount -t tmpfs -o size=64m tmpfs /dev/shm && exec "$@"'
RUN_IN_A_SMALL_SHM = """
import collections, signal, subprocess, sys, time
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
run = subprocess.Popen([sys.executable, '-m', 'digiphys_ros.cli.main', 'run', '--config',
                        'traffic_signs.yaml', '--set', 'camera.source=course'],
                       stdout=sys.stderr, stdin=subprocess.DEVNULL)
rclpy.init()
node = rclpy.create_node('listener')
counts = collections.defaultdict(list)
def take(array):
    for status in array.status:
        for value in status.values:
            if (status.name, value.key) in [('/camera', 'frames_sent'),
                                            ('/classifier', 'received')]:
                # once the classifier listens
                if int(value.value) and (counts['/classifier'] or status.name != '/camera'):
                    counts[status.name].append(int(value.value))
node.create_subscription(DiagnosticArray, '/diagnostics', take, 10)
end_s = time.monotonic() + 90
while len(counts['/camera']) < 10 and time.monotonic() < end_s:
    rclpy.spin_once(node, timeout_sec=0.1)
run.send_signal(signal.SIGINT)
run.wait(60)
print(*(counts[name][-1] - counts[name][0] for name in ('/camera', '/classifier')))
"""


@AS_ROOT
@pytest.mark.field(
    'eProsima/Fast-DDS #1606', 'images are lost where /dev/shm is as small as in Docker')
def test_run_with_the_shared_memory_of_a_container_loses_no_images(robot):
    environment = transport_environment('local', robot.environment, images=False)
    done = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', SMALL_SHM, 'sh', sys.executable, '-c',
         RUN_IN_A_SMALL_SHM], env=environment, timeout=300,
        capture_output=True, text=True)
    if 'unshare' in done.stderr:
        pytest.skip(f'no mount namespace here: {done.stderr}')
    sent, received = map(int, done.stdout.split() or (0, 0))
    assert 0 < sent < 2 * received, done.stderr
    assert 'image nodes get 17 MB each' in done.stderr
