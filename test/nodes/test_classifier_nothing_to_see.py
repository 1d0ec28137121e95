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

"""Images without known content, with real nodes, models and rules: the robot stops."""

from itertools import cycle, islice
import threading
import zipfile

import cv2
from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.bench.blind_cameras import add_noise, KINDS
from digiphys_ros.resources import find_resource
import numpy as np
import pytest

pytestmark = pytest.mark.ros
RATE_HZ = 15.0
STILL_S = 2.0
"""No command may move for so long after the last motion."""

UNSEEN = ('bird', 'dog', 'ship', 'truck')
"""Classes that no image of nothing in training had."""


class Camera:
    """The test's own camera with a changing view."""

    def __init__(self, robot):
        from sensor_msgs.msg import Image
        self._type, self._now = Image, robot.now
        self._publisher = robot.speak(Image, 'image')
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def show(self, frames, sigma=1.0):
        self._sigma, self._frames = sigma, cycle(frames)
        if not self._thread.is_alive():
            self._thread.start()

    def _run(self):
        rng = np.random.default_rng(0)
        while not self._stop.wait(1 / RATE_HZ):
            pixels = add_noise(next(self._frames), rng, self._sigma)
            height, width = pixels.shape[:2]
            message = self._type(height=height, width=width, encoding='rgb8', step=3 * width,
                                 data=pixels.tobytes())
            message.header.stamp = self._now()
            self._publisher.publish(message)

    def stop(self):
        self._stop.set()
        self._thread.join()


@pytest.fixture
def road():
    return [frame.pixels for frame in islice(Course().frames(), 60)]


@pytest.fixture
def camera(robot):
    made = []

    def make():
        made.append(Camera(robot))
        return made[-1]
    yield make
    for one in made:
        one.stop()


def start(robot, application, message_type, topic, rules=None):
    """Start classifier, policy and gate; return the commands."""
    from digiphys_ros.ros.parameters.configuration import command
    config = find_resource(f'{application}.yaml', 'config')
    for node in ('classifier', 'policy', 'gate'):
        own = {'rules': str(rules)} if rules and node != 'classifier' else {}
        robot.run(node, command(node, config=config, parameters=own))
    commands = robot.listen(message_type, topic)
    robot.is_active('classifier', 'policy', 'gate')
    return commands


def stops_for_good(robot, commands, moves, rate_hz=50.0):
    """Wait until no command has moved for ``STILL_S``."""
    count = int(STILL_S * rate_hz)
    robot.wait(lambda: len(commands) >= count and not any(map(moves, commands[-count:])), 'stop',
               30.0)


def moves_base(command):
    return command.twist.linear.x != 0.0


def unseen_images(data_dir, count=60):
    with zipfile.ZipFile(data_dir / 'cifar10_train.zip') as archive:
        names = [name for name in archive.namelist() if name.split('/')[-2:-1] and name.split(
            '/')[-2] in UNSEEN and not name.endswith('/')][::300][:count]
        images = [cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 1) for name in names]
    assert len(images) == count
    return [cv2.resize(image, (160, 120)) for image in images]


@pytest.mark.parametrize('kind', ['hand', 'bottom half gray with noise 2'])
def test_robot_with_a_blind_camera_stops(robot, camera, road, kind):
    from geometry_msgs.msg import TwistStamped
    commands = start(robot, 'traffic_signs', TwistStamped, 'cmd_vel')
    view = camera()
    view.show(road)
    robot.wait(lambda: commands and moves_base(commands[-1]), 'motion')
    blind = KINDS[kind](np.random.default_rng(0))
    view.show([blind(frame) for frame in road])
    stops_for_good(robot, commands, moves_base)
    assert not robot.message('classifier').startswith(('no frames arrive', 'fresh'))
    assert robot.message('classifier')
    view.show(road)
    robot.wait(lambda: moves_base(commands[-1]), 'motion again')


def test_robot_with_a_repeating_camera_stops(robot, camera, road):
    from geometry_msgs.msg import TwistStamped
    commands = start(robot, 'traffic_signs', TwistStamped, 'cmd_vel')
    view = camera()
    view.show(road)
    robot.wait(lambda: commands and moves_base(commands[-1]), 'motion')
    view.show(road[:40], sigma=0.0)
    stops_for_good(robot, commands, moves_base)
    robot.wait(lambda: robot.message('classifier').startswith('frozen'), 'reason')


def test_robot_with_unknown_scenes_stops(robot, camera, road, data_dir):
    from geometry_msgs.msg import TwistStamped
    commands = start(robot, 'traffic_signs', TwistStamped, 'cmd_vel')
    view = camera()
    view.show(road)
    robot.wait(lambda: commands and moves_base(commands[-1]), 'motion')
    view.show(unseen_images(data_dir))
    stops_for_good(robot, commands, moves_base)


def test_belt_without_belt_or_part_in_view_stops(robot, camera, data_dir):
    from std_msgs.msg import Bool, Float64
    diverted = robot.listen(Bool, 'diverter')
    commands = start(robot, 'sorting', Float64, 'belt')
    camera().show(unseen_images(data_dir))
    robot.wait(lambda: any(one.data for one in commands), 'motion')
    stops_for_good(robot, commands, lambda command: command.data != 0.0)
    assert diverted and all(one.data for one in diverted)


def test_junction_without_road_in_view_turns_all_red(robot, camera, data_dir, tmp_path):
    from sensor_msgs.msg import JointState
    shipped = find_resource('signals_rules.yaml', 'config').read_text()
    rules = tmp_path / 'rules.yaml'
    # no two minutes in a test
    rules.write_text(shipped.replace('max_unsure_s: 120.0', 'max_unsure_s: 6.0'))
    assert rules.read_text() != shipped
    heads = start(robot, 'signals', JointState, 'signal_heads', rules)
    camera().show(unseen_images(data_dir))

    def is_open(message):
        return any(message.position)
    robot.wait(lambda: any(map(is_open, heads)), 'green', 30.0)
    # longer than the all red between two greens
    stops_for_good(robot, heads, is_open, rate_hz=50.0)
    assert 'no class recognised' in robot.message('policy')
