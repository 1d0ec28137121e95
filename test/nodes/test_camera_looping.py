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

from itertools import islice
import threading

from digiphys_ros.applications.traffic_signs.drawn_course import Course
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.parameters.configuration import command
import numpy as np
import pytest

pytestmark = pytest.mark.ros
RATE_HZ = 20.0
START_S = 1000.0
# fewer than 64 repeated images count as a frozen camera, as `/diagnostics` reports
OF_NODE = {'gate': {'estop_wait_s': 0.0}, 'classifier': {'drop_duplicate_frames': False}}


class Recording:
    """Images and their clock, played in a loop like `ros2 bag play --loop --clock`."""

    def __init__(self, robot):
        from rosgraph_msgs.msg import Clock
        from sensor_msgs.msg import Image
        self._image, self._clock = Image, Clock
        rng = np.random.default_rng(0)
        self._frames = [np.clip(frame.pixels + rng.normal(0.0, 2.0, frame.pixels.shape), 0, 255)
                        .astype(np.uint8) for frame in islice(Course().frames(), 40)]
        self._clocks = robot.node.create_publisher(Clock, '/clock', 10)
        self._images = robot.speak(Image, 'image')
        self.length, self.laps = len(self._frames), 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def stop(self):
        self._ended.set()
        self._thread.join()

    def _play(self):
        index = 0
        while not self._ended.wait(1 / RATE_HZ):
            if index >= self.length:
                index, self.laps = 0, self.laps + 1
            pixels = self._frames[index]
            height, width = pixels.shape[:2]
            message = self._image(height=height, width=width, encoding='rgb8', step=3 * width,
                                  data=pixels.tobytes())
            clock = self._clock()
            clock.clock.sec, rest = divmod(round((START_S + index / RATE_HZ) * 1e9), 10**9)
            clock.clock.nanosec = rest
            message.header.stamp = clock.clock
            self._clocks.publish(clock)
            self._images.publish(message)
            index += 1


@pytest.fixture
def recording(robot):
    config = find_resource('traffic_signs.yaml', 'config')
    for node in ('classifier', 'policy', 'gate'):
        robot.run(node, command(node, config=config, parameters={
            'use_sim_time': True, **OF_NODE.get(node, {})}))
    robot.is_active('classifier', 'policy', 'gate')
    one = Recording(robot)
    yield one
    one.stop()


@pytest.mark.field('ApolloAuto/apollo #14344', 'a recording that starts again stops all nodes')
def test_pipeline_looping_recording_moves_in_each_lap(robot, recording):
    from geometry_msgs.msg import TwistStamped
    commands = robot.listen(TwistStamped, 'cmd_vel')
    # 2 s, and less than the policy's `votes.max_age_s`
    for length in (40, 20):
        recording.length = length
        lap = recording.laps
        for _ in range(2):
            robot.wait(lambda lap=lap: recording.laps > lap, 'the next lap')
            lap, count = recording.laps, len(commands)
            robot.wait(lambda count=count: any(
                not one.twist.linear.x for one in commands[count:]), 'the safe state')
            robot.wait(lambda: commands[-1].twist.linear.x > 0.0, f'motion in lap {lap}')
