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

from array import array
import os
import threading

import numpy as np
import pytest

pytestmark = pytest.mark.ros
SIGN = 'stop'


def random_image(seed, sign=SIGN):
    from digiphys_ros.applications.traffic_signs.drawn_course import sample_crop
    return sample_crop(np.random.default_rng(seed), sign, 64)


def image(robot, pixels, encoding='rgb8'):
    from sensor_msgs.msg import Image
    message = Image(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                    step=pixels.shape[1] * 3, data=array('B', pixels.tobytes()))
    message.header.stamp = robot.now()
    message.header.frame_id = 'lens'
    return message


def heard_reliably(robot, topic):
    """Wait until the classifier has adapted to this publisher; earlier images may be lost."""
    from rclpy.qos import ReliabilityPolicy
    robot.poll(lambda: [one for one in robot.node.get_subscriptions_info_by_topic(topic)
                        if one.qos_profile.reliability == ReliabilityPolicy.RELIABLE],
               f'reliable subscription to {topic}')


class Camera:
    """The test's own camera for a running classifier."""

    def __init__(self, robot, **parameters):
        from sensor_msgs.msg import Image
        from vision_msgs.msg import Classification
        self.robot = robot
        self.process = robot.start('classifier', **parameters)
        self.results = robot.listen(Classification, 'classification')
        self._images = robot.speak(Image, 'image')
        heard_reliably(robot, '/image')
        robot.is_active('classifier')
        robot.poll(lambda: robot.node.count_publishers('classification'), 'publisher')
        self._stopped = threading.Event()
        self._thread = None
        self.stamps = []

    def show(self, pixels, encoding='rgb8'):
        message = image(self.robot, pixels, encoding)
        self._images.publish(message)
        return message

    def publish(self, message):
        self._images.publish(message)

    def play(self, rate_hz=30.0):
        def run():
            seed = 0
            while not self._stopped.wait(1 / rate_hz):
                seed += 1
                self.stamps.append(self.show(random_image(seed)).header.stamp)
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def answer(self, pixels):
        """Publish pixels until they are classified; return the result."""
        before = len(self.results)
        message = self.show(pixels)
        self.robot.wait(lambda: len(self.results) > before, 'classification')
        return message, self.results[-1]

    def count(self, name):
        return int(self.robot.value('classifier', name) or 0)


@pytest.fixture
def camera(robot):
    one = Camera(robot)
    yield one
    one.stop()


@pytest.fixture
def slow_camera(robot, slow_bundle):
    one = Camera(robot, bundle=str(slow_bundle))
    yield one
    one.stop()


@pytest.mark.field(
    'NVIDIA-ISAAC-ROS/isaac_ros_object_detection #15', 'detections without a time in their header')
def test_classifier_result_has_the_images_header_and_the_label(camera):
    for seed in range(5):
        message, answer = camera.answer(random_image(seed))
        assert answer.header == message.header
        if answer.results:
            break
    assert answer.results[0].class_id == SIGN
    assert answer.results[0].score == max(one.score for one in answer.results)
    assert len(answer.results) == 3


def test_classifier_broken_images_are_counted_and_reported(camera):
    good = random_image(1)
    short = image(camera.robot, good)
    short.data = short.data[:-7]
    unknown = image(camera.robot, good, 'rgb9')
    empty = image(camera.robot, good)
    empty.height = 0
    messages = []
    for expected, message in enumerate((short, unknown, empty), 1):
        camera.publish(message)
        camera.robot.wait(lambda wanted=expected: camera.count('broken') == wanted, 'count')
        messages.append(camera.robot.message('classifier'))
    assert '12281 bytes' in messages[0]
    assert '"rgb9"' in messages[1]
    assert '64x0' in messages[2]
    assert not camera.results
    camera.answer(random_image(2))
    assert camera.process.poll() is None


@pytest.mark.field(
    'ros-drivers/video_stream_opencv #27',
    'a camera driver repeats its last image after the camera was lost')
def test_classifier_frozen_and_black_frames_are_not_classified(camera):
    _, _first = camera.answer(random_image(3))
    for _ in range(3):
        camera.show(random_image(3))
        camera.robot.wait(lambda: camera.count('received') >= 2, 'frames')
    camera.robot.wait(lambda: camera.count('repeated') >= 1, 'repeated frames')
    camera.show(np.zeros((64, 64, 3), np.uint8))
    camera.robot.wait(lambda: camera.count('black') == 1, 'black frame')
    assert camera.robot.message('classifier').startswith(('black', 'no frames arrive'))
    assert len(camera.results) == 1


@pytest.mark.field(
    'dusty-nv/ros_deep_learning #126', 'a class is a number without a name for who listens')
def test_classifier_label_table_is_latched(camera):
    from digiphys_ros.ros.messages.images import model_facts
    from digiphys_ros.ros.qos import LATCHED
    from vision_msgs.msg import LabelInfo, VisionInfo
    infos = camera.robot.listen(VisionInfo, 'vision_info', LATCHED)
    tables = camera.robot.listen(LabelInfo, 'label_info', LATCHED)
    camera.robot.wait(lambda: infos and tables, 'latched messages')
    labels = model_facts(infos[0]).labels
    assert labels['14'] == SIGN
    # both tables have the same numbers; a classification carries names
    assert {str(one.class_id): one.class_name for one in tables[0].class_map} == labels
    assert infos[0].method.startswith('traffic_signs@')


def test_classifier_debug_image_is_drawn_for_subscribers(camera):
    from digiphys_ros.ros.messages.images import frame_from
    from sensor_msgs.msg import CompressedImage, Image
    drawn = camera.robot.listen(Image, 'debug_image')
    jpegs = camera.robot.listen(CompressedImage, 'debug_image/compressed')
    camera.play()
    camera.robot.wait(lambda: drawn and jpegs, 'debug images')
    # below the image is a strip with text
    assert (drawn[0].height, drawn[0].width, drawn[0].encoding) == (106, 64, 'bgr8')
    assert drawn[0].header.frame_id == jpegs[0].header.frame_id == 'lens'
    assert frame_from(jpegs[0]).pixels.shape == (106, 64, 3)
    assert len(jpegs[0].data) < len(drawn[0].data) / 2


@pytest.fixture
def outlining_camera(robot):
    one = Camera(robot, image_markers=True)
    yield one
    one.stop()


def test_classifier_image_markers_outline_the_region_of_interest(outlining_camera):
    camera = outlining_camera
    visualization_msgs = pytest.importorskip('visualization_msgs.msg')
    markers = camera.robot.listen(visualization_msgs.ImageMarker, 'image_markers')
    assert camera.robot.set_parameter('classifier', 'roi', [0.25, 0.5, 0.5, 0.5]).successful
    camera.play()
    camera.robot.wait(lambda: markers, 'markers')
    corners = {(point.x, point.y) for point in markers[-1].points}
    assert corners == {(16.0, 32.0), (48.0, 32.0), (48.0, 64.0), (16.0, 64.0)}
    assert markers[-1].header.frame_id == 'lens'
    assert camera.robot.set_parameter('classifier', 'roi', [0.0, 0.0, 1.0, 1.0]).successful


def test_classifier_without_visualization_msgs_warns_and_works(robot, tmp_path):
    (tmp_path / 'visualization_msgs.py').write_text('raise ImportError("not installed")')
    path = os.environ.get('PYTHONPATH', '')
    robot.environment['PYTHONPATH'] = f'{tmp_path}{os.pathsep}{path}'
    robot.start('classifier', image_markers=True)
    robot.is_active('classifier')
    assert 'visualization_msgs is not installed: image_markers is not' in robot.log('classifier')
    assert not robot.node.count_publishers('image_markers')
    assert robot.node.count_publishers('debug_image')


@pytest.mark.field(
    'leggedrobotics/darknet_ros #356', 'a detector is to take a compressed image topic')
def test_classifier_compressed_images_are_classified(robot):
    from digiphys_ros.ros.messages.images import jpeg_message
    from sensor_msgs.msg import CompressedImage
    from std_msgs.msg import Header
    from vision_msgs.msg import Classification
    robot.start('classifier', image_transport='compressed')
    results = robot.listen(Classification, 'classification')
    images = robot.speak(CompressedImage, 'image/compressed')
    robot.is_active('classifier')
    robot.poll(lambda: robot.node.count_publishers('classification'), 'publisher')
    header = Header(stamp=robot.now(), frame_id='lens')
    images.publish(jpeg_message(random_image(0), 'rgb8', header))
    robot.wait(lambda: results, 'classification')
    assert results[0].header == header


@pytest.mark.field('ros-drivers/usb_cam #389', 'Each JPEG ends before the message does; broken '
                   'ones fill the log.')
def test_classifier_padded_jpegs_are_classified_and_broken_ones_log_once(robot):
    from digiphys_ros.ros.messages.images import jpeg_message
    from sensor_msgs.msg import CompressedImage
    from std_msgs.msg import Header
    from vision_msgs.msg import Classification
    robot.start('classifier', image_transport='compressed')
    results = robot.listen(Classification, 'classification')
    images = robot.speak(CompressedImage, 'image/compressed', 50)
    robot.is_active('classifier')
    robot.poll(lambda: robot.node.count_publishers('classification'), 'publisher')
    heard_reliably(robot, '/image/compressed')
    broken = 0

    def show(seed, *, cut=False):
        nonlocal broken
        header = Header(stamp=robot.now(), frame_id='lens')
        message = jpeg_message(random_image(seed), 'rgb8', header)
        data = message.data.tobytes()
        message.data = array('B', data[:len(data) // 2 + seed] if cut else data + data[-900:])
        count = len(results)
        broken += cut
        images.publish(message)
        robot.wait(lambda: robot.value('classifier', 'broken') == str(broken) if cut
                   else len(results) > count, 'count or answer')
    show(1)
    for seed in range(2, 5):
        # each of another size: diagnostics report the size, the log has one line
        show(seed, cut=True)
    assert robot.log('classifier').count('the JPEG file ends too early') == 1
    show(5)


@pytest.mark.field('ethz-asl/hand_eye_calibration #72', 'A mono16 camera fills 12 of 16 bits and '
                   'is called black.')
def test_classifier_mono16_of_12_bits_is_classified(camera):
    from sensor_msgs.msg import Image
    for seed in range(2):
        gray = random_image(seed).mean(-1)
        wide = (gray * 16 + seed).astype('<u2')
        wide[0, 0] = 4095
        message = Image(height=64, width=64, encoding='mono16', step=128,
                        data=array('B', wide.tobytes()))
        message.header.stamp = camera.robot.now()
        count = len(camera.results)
        camera.publish(message)
        camera.robot.wait(lambda before=count: len(camera.results) > before, 'classification')

    def depth():
        return camera.robot.value('classifier', 'camera_bit_depth')
    camera.robot.wait(lambda: depth() == '12', 'depth')
    assert camera.count('black') == 0
    assert camera.robot.set_parameter('classifier', 'bit_depth', 14).successful
    camera.robot.wait(lambda: depth() == '14', 'depth')


@pytest.mark.field('mgonzs13/yolo_ros #20', 'one model for several cameras')
def test_classifier_several_cameras_share_a_batch_with_separate_results(robot):
    from sensor_msgs.msg import Image
    from vision_msgs.msg import Classification
    robot.start('classifier', cameras='front, rear', batch_wait_ms=1000.0)
    results = {name: robot.listen(Classification, f'{name}/classification')
               for name in ('front', 'rear')}
    images = {name: robot.speak(Image, f'{name}/image') for name in results}
    for name in results:
        heard_reliably(robot, f'/{name}/image')
    robot.is_active('classifier')
    for name in results:
        robot.poll(lambda name=name: robot.node.count_publishers(f'{name}/classification'), name)
    sent = {name: image(robot, random_image(seed)) for seed, name in enumerate(results)}
    for name, message in sent.items():
        images[name].publish(message)
    for name, message in sent.items():
        robot.wait(lambda name=name: results[name], f'answer of {name}')
        assert [one.header for one in results[name]] == [message.header]
    robot.wait(lambda: robot.value('classifier', 'rear.classified') == '1', 'count')


@pytest.mark.parametrize(('cameras', 'message'), [
    ('front,,rear', 'names of letters, digits and _'), ('/front', 'names of letters'),
    ('front,front', 'names a camera twice')])
def test_classifier_invalid_camera_list_is_reported(robot, cameras, message):
    robot.start('classifier', cameras=cameras)
    robot.wait(lambda: message in robot.message('classifier'), 'refusal')


@pytest.mark.field(
    'stereolabs/zed-ros2-wrapper #40',
    'who subscribes has to know the quality of service of the camera')
def test_classifier_adapts_to_a_reliable_publisher(robot):
    from digiphys_ros.ros.qos import RELIABLE
    from sensor_msgs.msg import Image
    robot.start('classifier')
    robot.speak(Image, 'image', RELIABLE)
    heard_reliably(robot, '/image')


@pytest.mark.field(
    'ros2/rclpy #1206', 'a subscription is destroyed while the executor has its message')
def test_classifier_changing_publishers_under_load_are_followed(camera):
    from digiphys_ros.ros.qos import BEST_EFFORT
    from rclpy.qos import ReliabilityPolicy
    from sensor_msgs.msg import Image
    robot = camera.robot
    camera.play(rate_hz=60.0)

    def subscribes(reliability):
        return [one for one in robot.node.get_subscriptions_info_by_topic('/image')
                if one.qos_profile.reliability == reliability]
    for _ in range(3):
        robot.poll(lambda: subscribes(ReliabilityPolicy.RELIABLE), 'reliable subscription')
        other = robot.node.create_publisher(Image, 'image', BEST_EFFORT)
        robot.poll(lambda: subscribes(ReliabilityPolicy.BEST_EFFORT), 'best effort subscription')
        count = len(camera.results)
        robot.wait(lambda before=count: len(camera.results) > before, 'answers')
        robot.node.destroy_publisher(other)
    assert camera.process.poll() is None
    assert 'Traceback' not in robot.log('classifier')


@pytest.mark.field('jsk-ros-pkg/coral_usb_ros #58', 'another model without a restart of the robot')
def test_classifier_swap_under_load_loses_no_result_and_refuses_a_bad_bundle(camera, tmp_path):
    import shutil

    from digiphys_ros.resources import find_resource
    other = tmp_path / 'other'
    shutil.copytree(find_resource('traffic_signs', 'models'), other)
    broken = tmp_path / 'broken'
    shutil.copytree(other, broken)
    (broken / 'model.tflite').write_bytes(b'nonsense')
    camera.play()
    camera.robot.wait(lambda: len(camera.results) > 10, 'answers')
    refused = camera.robot.set_parameter('classifier', 'bundle', str(broken))
    assert not refused.successful
    assert 'content hash' in refused.reason
    refused = camera.robot.set_parameter('classifier', 'bundle', '~nobody-of-that-name/models')
    assert not refused.successful
    assert 'cannot be looked up' in refused.reason
    accepted = camera.robot.set_parameter('classifier', 'bundle', str(other))
    assert accepted.successful, accepted.reason
    count = len(camera.results)
    camera.robot.wait(lambda: len(camera.results) > count + 10, 'answers after the swap')
    camera.robot.wait(lambda: camera.count('classified') > 20, 'diagnostics')
    assert camera.count('failed') == 0
    assert camera.count('broken') == 0


@pytest.fixture(scope='module')
def slow_bundle(tmp_path_factory):
    """Return a bundle whose model takes several frame periods, a real one on real LiteRT."""
    import tensorflow as tf
    keras = tf.keras
    from digiphys_ros.bundles import BundleManifest, PreprocessSpec, write_bundle
    from digiphys_ros.learning.export import export_model
    folder = tmp_path_factory.mktemp('slow')
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((64, 64, 3)), *(keras.layers.Conv2D(192, 5, padding='same')
                                    for _ in range(3)),
        keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    frames = np.stack([random_image(seed) for seed in range(2)])
    tensor = (frames / 255).astype(np.float32)
    files = export_model(model, folder, tensor)
    manifest = BundleManifest(name='slow', labels=('a', 'b'), files={'litert': 'x'},
                              preprocess=PreprocessSpec(width=64, height=64))
    write_bundle(folder / 'slow', manifest, files=files, frames=frames,
                 logits=model(tensor).numpy(), card='slow')
    return folder / 'slow'


@pytest.mark.field('opendr-eu/opendr #275', 'a slow network works through a queue of old images')
def test_classifier_slow_model_uses_the_newest_frame(slow_camera):
    camera, robot = slow_camera, slow_camera.robot
    camera.play(rate_hz=60.0)
    robot.wait(lambda: len(camera.results) > 8, 'answers', 60.0)
    camera.stop()
    shown = [(stamp.sec, stamp.nanosec) for stamp in camera.stamps]
    answered = [shown.index((one.header.stamp.sec, one.header.stamp.nanosec))
                for one in list(camera.results)]
    assert answered == sorted(set(answered))
    robot.wait(lambda: camera.count('dropped') > 0 or camera.count('received') < len(shown),
               'dropped frames')
    # while one frame is processed, all but the newest are dropped
    assert answered[-1] - answered[0] > len(answered)


def test_classifier_noise_images_are_not_classified_and_reported(camera):
    rng = np.random.default_rng(0)
    camera.answer(random_image(1))

    def noise_is_noticed():
        camera.show(rng.integers(0, 256, (64, 64, 3), np.uint8))
        return camera.count('noise')
    camera.robot.wait(noise_is_noticed, 'verdict')
    camera.robot.wait(lambda: 'neighboring pixels do not agree' in
                      camera.robot.message('classifier'), 'reason')
    assert float(camera.robot.value('classifier', 'camera_correlation')) < 0.25


@pytest.mark.parametrize('stops', [False, True])
def test_classifier_two_image_publishers_warn_and_stop_if_configured(robot, stops):
    from sensor_msgs.msg import Image
    camera = Camera(robot, stop_on_duplicate_publishers=stops)
    camera.answer(random_image(1))
    robot.speak(Image, 'image')
    robot.wait(lambda: '2 publishers on /image' in robot.message('classifier'), 'warning')
    if not stops:
        camera.answer(random_image(2))
        camera.show(np.zeros_like(random_image(2)))
        robot.wait(lambda: robot.message('classifier').endswith('; black'), 'both warnings')
        assert '2 publishers on /image' in robot.message('classifier')
        return
    before = len(camera.results)
    for seed in range(2, 5):
        camera.show(random_image(seed))
    robot.wait(lambda: camera.count('duplicate'), 'dropped images')
    assert len(camera.results) == before
