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

"""A live run of the pipeline in a bag: played again, and evaluated."""

from importlib import import_module
from itertools import pairwise
import json
from pathlib import Path
import threading
import time

from digiphys_ros.bundles import load_bundle
from digiphys_ros.cli.main import main
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.evaluate.evaluate import Measured
from digiphys_ros.perception import create_engine
from digiphys_ros.perception.classify import softmax
from digiphys_ros.perception.preprocess import Preprocessor
from digiphys_ros.perception.sources.bagfile import BagFile
from digiphys_ros.resources import find_resource
from digiphys_ros.ros.parameters.configuration import command
from digiphys_ros.ros.qos import BEST_EFFORT, RELIABLE
import pytest
import yaml

pytestmark = pytest.mark.ros
NODES = ('classifier', 'policy', 'gate')
CONFIG = 'traffic_signs.yaml'
RUN_S = 6.0
RATE_HZ = 10.0
GATE = {'estop_wait_s': 0.0, 'lease_s': 2.0}
"""Long enough for a busy machine."""
CLOCK_HZ = 40.0
"""Default rate of `ros2 bag play --clock`."""


class Recorder:
    """Messages of some topics with their arrival times, like `ros2 bag record`."""

    def __init__(self, robot, topics):
        self.messages = []
        for topic, (message_type, profile) in topics.items():
            package, name = message_type.__module__.partition('.')[0], message_type.__name__
            robot.node.create_subscription(
                message_type, topic, self._take(topic, f'{package}/msg/{name}'), profile, raw=True)

    def _take(self, topic, kind):
        return lambda raw: self.messages.append((topic, kind, time.time_ns(), bytes(raw)))

    def count(self, topic):
        return sum(one[0] == topic for one in self.messages)


class Player:
    """Publish a bag's images and a clock, like `ros2 bag play --clock`."""

    def __init__(self, robot, bag, namespace):
        from rosgraph_msgs.msg import Clock
        from sensor_msgs.msg import Image
        self._file, self._type = BagFile(bag), Clock
        self._images = robot.speak(Image, f'{namespace}/image', RELIABLE)
        self._clocks = robot.node.create_publisher(Clock, '/clock', 10)
        robot.poll(lambda: self._clocks.get_subscription_count() >= len(NODES), 'nodes')
        self._ended = threading.Event()

    def play(self):
        messages = list(self._file.messages('/live/image'))
        self._begin_ns, self._began_s = messages[0].time_ns, time.monotonic()
        ticks = threading.Thread(target=self._tick)
        ticks.start()
        for message in messages:
            wait_s = (message.time_ns - self._begin_ns) * 1e-9 - (
                time.monotonic() - self._began_s)
            self._ended.wait(max(wait_s, 0.0))
            self._images.publish(message.raw)
        # the last commands
        self._ended.wait(0.2)
        self._ended.set()
        ticks.join()

    def _tick(self):
        number = 0
        while not self._ended.is_set():
            clock = self._type()
            now_ns = self._begin_ns + round((time.monotonic() - self._began_s) * 1e9)
            clock.clock.sec, clock.clock.nanosec = divmod(now_ns, 10**9)
            self._clocks.publish(clock)
            number += 1
            self._ended.wait(max(self._began_s + number / CLOCK_HZ - time.monotonic(), 0.0))


def start(robot, namespace='', **parameters):
    for node in NODES:
        own = {'gate': GATE, 'classifier': {'image_transport': parameters.pop('image_transport')}
               if 'image_transport' in parameters else {}}.get(node, {})
        robot.run(f'{namespace}{node}', command(
            node, config=find_resource(CONFIG, 'config'), namespace=namespace,
            parameters={**parameters, **own}))
    prefix = f'{namespace}/' if namespace else ''
    robot.is_active(*(f'{prefix}{node}' for node in NODES))
    robot.wait(lambda: robot.value(f'{prefix}gate', 'base.state') == 'waiting', 'gate that obeys')


def record(robot, folder, bag_writer, namespace, transport):
    """Record a live run from its first image on; return the bag."""
    from geometry_msgs.msg import TwistStamped
    from sensor_msgs.msg import CompressedImage, Image
    from vision_msgs.msg import Classification
    prefix = f'/{namespace}/'
    images = prefix + ('image' if transport == 'raw' else 'image/compressed')
    recorder = Recorder(robot, {
        images: (Image if transport == 'raw' else CompressedImage, BEST_EFFORT),
        f'{prefix}classification': (Classification, RELIABLE),
        f'{prefix}cmd_vel': (TwistStamped, RELIABLE)})
    start(robot, namespace, image_transport=transport)
    camera = f'{namespace}/camera'
    robot.run(camera.replace('/', ''), command('camera', namespace=namespace, parameters={
        'autostart': False, 'rate_hz': RATE_HZ, 'image_transport': transport}))
    assert robot.transition(camera, 1)
    robot.wait(lambda: robot.value(camera, 'listeners') == '2', 'listeners')
    assert robot.transition(camera, 3)
    robot.poll(lambda: recorder.count(images) >= RUN_S * RATE_HZ, 'images')
    assert robot.transition(camera, 4)
    robot.wait(lambda: robot.value(f'{namespace}/gate', 'base.state') == 'expired',
               'end of the lease')
    return bag_writer.write_messages(folder / namespace, list(recorder.messages))


@pytest.fixture(scope='module')
def writer():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1]))
        pytest.importorskip('rosbags', reason='rosbags is not installed')
        yield import_module('bag_writer')


@pytest.fixture(scope='module')
def live(shared_robot, tmp_path_factory, writer):
    """Return the bag of a live run."""
    return record(shared_robot, tmp_path_factory.mktemp('live'), writer, 'live', 'raw')


def read(bag, kind, topic):
    from rclpy.serialization import deserialize_message
    return [deserialize_message(message.raw, kind)
            for message in BagFile(bag).messages(topic)]


def seconds(header):
    return header.stamp.sec + header.stamp.nanosec * 1e-9


def mean_speed(commands, first_s, last_s):
    """Return the mean over the time between two stamps."""
    times = [(seconds(one.header), one.twist.linear.x) for one in commands]
    steps = [(min(after, last_s) - max(before, first_s), speed)
             for (before, speed), (after, _) in pairwise(times)]
    return sum(step * speed for step, speed in steps if step > 0) / (last_s - first_s)


def test_bag_played_with_a_40_hz_clock_moves_like_the_live_run(
        shared_robot, live, record_property):
    from geometry_msgs.msg import TwistStamped
    from sensor_msgs.msg import Image
    robot = shared_robot
    start(robot, 'played', use_sim_time=True)
    played = robot.listen(TwistStamped, 'played/cmd_vel')
    Player(robot, live, 'played').play()
    images = read(live, Image, '/live/image')
    first_s, last_s = (seconds(images[index].header) for index in (0, -1))
    robot.wait(lambda: seconds(played[-1].header) >= last_s, 'the last command')
    expected = mean_speed(read(live, TwistStamped, '/live/cmd_vel'), first_s, last_s)
    assert expected > 0.1
    # a busy machine drops other images than before, so that speeds differ; a gate that refuses
    # them, which is named below, would stand
    ratio = mean_speed(played, first_s, last_s) / expected
    record_property('mean_speed_ratio', ratio)
    assert ratio > 0.1
    robot.wait(lambda: int(robot.value('played/gate', 'base.accepted') or 0) > len(images) // 2,
               'accepted commands')
    assert robot.value('played/gate', 'base.refused.future') == ''
    assert 'fault' not in robot.log('playedgate')
    assert 'ahead of the clock' not in robot.log('playedclassifier')


def image_stamps(bag, writer):
    from sensor_msgs.msg import CompressedImage, Image
    topic = next(one for one in BagFile(bag).topics if 'image' in one.name)
    return [seconds(one.header) for one in read(
        bag, Image if topic.type == writer.IMAGE else CompressedImage, topic.name)]


def every_answer(bag, folder, writer):
    """Return the class from `evaluate` for each image by its stamp, None for an abstention."""
    topic = next(one for one in BagFile(bag).topics if 'image' in one.name)
    messages = list(BagFile(bag).messages(topic.name))
    images = writer.write_messages(folder / 'images', [
        (topic.name, topic.type, message.time_ns, message.raw) for message in messages])
    roi = yaml.safe_load(find_resource(CONFIG, 'config').read_text())[
        '/**/classifier']['ros__parameters']['roi']
    bundle = load_bundle(find_resource('traffic_signs', 'models'))
    engine, _ = create_engine(bundle, 'auto')
    data = open_dataset(str(images), labeled=False,
                        least_size=Preprocessor(bundle.spec, roi).least_size)
    scores = softmax(Measured(bundle, engine, roi).logits_of(data, 'images'),
                     bundle.manifest.temperature)
    return {stamp: bundle.labels[one.argmax()]
            if one.max() >= bundle.manifest.abstain_below else None
            for stamp, one in zip(image_stamps(bag, writer), scores, strict=True)}


@pytest.mark.parametrize('transport', ['raw', 'compressed'])
def test_evaluate_bag_gives_the_results_of_the_live_robot(
        shared_robot, live, tmp_path, writer, capsys, transport):
    from vision_msgs.msg import Classification
    bag = live if transport == 'raw' else \
        record(shared_robot, tmp_path, writer, 'jpeg', transport)
    # the recorder of a busy machine may miss an image that was classified
    recorded = set(image_stamps(bag, writer))
    answers = [one for one in read(bag, Classification, f'/{bag.name}/classification')
               if seconds(one.header) in recorded]
    results = [one for one in answers if one.results]
    assert len(results) > 10

    def evaluated(*words):
        assert main(['evaluate', 'traffic_signs', '--data', str(bag), '--robustness', '0',
                     *words, '--json', '-']) == 0
        return json.loads(capsys.readouterr().out)
    report = evaluated('--config', CONFIG)
    assert (report['images'], report['accuracy'], report['answered']) == (len(results), 1.0, 1.0)
    # its scores too: what the network gets is the same, byte for byte
    confidence = sum(one.results[0].score for one in results) / len(results)
    assert sum(one['confidence'] * one['images'] for one in report['reliability']) / len(results) \
        == pytest.approx(confidence, abs=1e-5)
    assert evaluated()['accuracy'] < 1.0
    # those that it left unanswered too; a busy machine may have dropped an image
    again = every_answer(bag, tmp_path, writer)
    assert {seconds(one.header): one.results[0].class_id if one.results else None
            for one in answers} == {stamp: again[stamp] for stamp in (
                seconds(one.header) for one in answers)}
