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

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.parallel]


@pytest.fixture
def folder(tmp_path):
    """Return class folders with five flat images."""
    for index, label in enumerate('aabbb'):
        path = tmp_path / 'images' / label / f'{index}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((12, 16, 3), 40 * (index + 1), np.uint8))
    return tmp_path / 'images'


def listen(robot, message_type, topic):
    from digiphys_ros.ros.qos import RELIABLE
    return robot.listen(message_type, topic, RELIABLE)


def start_when_heard(robot, **parameters):
    """Configure the camera, and activate it once it has a subscriber."""
    robot.start('camera', autostart=False, reliability='reliable', **parameters)
    assert robot.transition('camera', 1)
    robot.wait(lambda: robot.value('camera', 'listeners') == '1', 'listener')
    assert robot.transition('camera', 3)


def start_when_heard_by_none(robot, **parameters):
    robot.start('camera', autostart=False, **parameters)
    assert robot.transition('camera', 1)
    assert robot.transition('camera', 3)


def test_camera_plays_a_folder_once_with_labels_and_reports_its_end(robot, folder):
    from sensor_msgs.msg import Image
    from vision_msgs.msg import Classification
    images = listen(robot, Image, 'image')
    labels = listen(robot, Classification, 'label')
    start_when_heard(robot, source=str(folder), loop=False, rate_hz=20.0, frame_id='lens')
    robot.wait(lambda: robot.message('camera') == 'ended', 'end')
    robot.wait(lambda: len(images) == 5 and len(labels) == 5, 'images and labels')
    assert [message.data[0] for message in images] == [40, 80, 120, 160, 200]
    assert [message.results[0].class_id for message in labels] == list('aabbb')
    for image, label in zip(images, labels, strict=True):
        assert image.header == label.header
        assert (image.height, image.width, image.encoding, image.step) == (12, 16, 'bgr8', 48)
        assert image.header.frame_id == 'lens'
    stamps = [message.header.stamp for message in images]
    assert stamps == sorted(stamps, key=lambda stamp: (stamp.sec, stamp.nanosec))
    assert robot.value('camera', 'frames_sent') == '5'


def test_camera_with_loop_plays_until_stopped(robot, folder):
    from sensor_msgs.msg import Image
    images = listen(robot, Image, 'image')
    start_when_heard(robot, source=str(folder), rate_hz=100.0)
    robot.wait(lambda: len(images) > 12, 'more images than the folder holds')


def test_camera_compressed_publishes_jpeg(robot):
    from digiphys_ros.ros.messages.images import frame_from
    from sensor_msgs.msg import CompressedImage
    images = listen(robot, CompressedImage, 'image/compressed')
    start_when_heard(robot, image_transport='compressed')
    robot.wait(lambda: images, 'image')
    assert images[0].format == 'jpeg'
    assert frame_from(images[0]).pixels.shape == (480, 640, 3)


@pytest.mark.field('christianrauch/camera_ros #147',
                   'a camera is absent at boot, stalls, is unplugged, and comes back')
def test_camera_network_stream_that_drops_is_reopened_and_reported(robot, mjpeg_server):
    from diagnostic_msgs.msg import DiagnosticStatus
    from sensor_msgs.msg import Image
    images = listen(robot, Image, 'image')
    address = mjpeg_server.url.replace('//', '//me:secret@')
    start_when_heard(robot, source=address, timeout_s=0.5, rate_hz=0.0)
    robot.wait(lambda: 'the stream cannot be opened' in robot.message('camera'), 'reason')
    assert robot.levels['/camera'] == DiagnosticStatus.ERROR

    def comes_back():
        count = len(images)
        robot.wait(lambda: len(images) > count + 5, 'images')
        robot.wait(lambda: robot.message('camera') == 'active', 'status')

    mjpeg_server.start()
    comes_back()
    mjpeg_server.stall()
    robot.wait(lambda: robot.levels['/camera'] == DiagnosticStatus.ERROR, 'stalled')
    mjpeg_server.resume()
    comes_back()
    mjpeg_server.stop()
    robot.wait(lambda: robot.levels['/camera'] == DiagnosticStatus.ERROR, 'switched off')
    mjpeg_server.start()
    comes_back()
    # at most one line for each change, not one for each try; and no line of FFmpeg or OpenCV
    lines = robot.log('camera').splitlines()
    assert 1 <= sum('images come again' in line for line in lines) <= 3
    assert len(lines) < 20
    assert 'secret' not in robot.log('camera') + str(robot.diagnostics['/camera'])


def test_camera_missing_device_is_waited_for(robot):
    start_when_heard_by_none(robot, source='/dev/video94', fourcc='MJPG')
    robot.wait(lambda: '/dev/video94: the camera cannot be opened' in robot.message('camera'),
               'reason')
    robot.wait(lambda: int(robot.value('camera', 'failures')) >= 2, 'second try')
    assert robot.log('camera').count('cannot be opened') == 1
    assert robot.transition('camera', 4)
    assert robot.transition('camera', 3)


def test_camera_still_image_names_the_parameter_to_set(robot, tmp_path):
    cv2.imwrite(str(tmp_path / 'still.png'), np.full((12, 16, 3), 90, np.uint8))
    start_when_heard_by_none(robot, source=str(tmp_path / 'still.png'), rate_hz=100.0)
    robot.wait(
        lambda: 'classifier.drop_duplicate_frames=false' in robot.message('camera'), 'advice')
    assert robot.log('camera').count('takes for a frozen camera') == 1


def test_camera_plays_a_bag_and_names_skipped_content(robot, tmp_path, bag_writer):
    from sensor_msgs.msg import Image
    store = bag_writer.typestore()
    bag = bag_writer.write_messages(tmp_path / 'bag', [
        ('/camera', bag_writer.IMAGE, 1, bag_writer.image(store, bag_writer.pixels(1), 1)),
        ('/camera', bag_writer.IMAGE, 2, b'no image'),
        ('/camera', bag_writer.IMAGE, 3, bag_writer.image(store, bag_writer.pixels(3), 3))])
    (bag / 'bag_1.mcap').write_bytes((bag / 'bag.mcap').read_bytes()[:99])
    images = listen(robot, Image, 'image')
    start_when_heard(robot, source=f'{bag}#/camera', loop=False)
    robot.wait(lambda: len(images) == 2, 'both images')
    assert [message.data[0] for message in images] == [1, 3]
    assert (images[0].encoding, images[0].width) == ('rgb8', 8)
    robot.wait(lambda: robot.message('camera') == 'ended', 'end')
    assert robot.value('camera', 'unreadable') == '2'
    for words in ('bag_1.mcap: the recording is cut off', '/camera at 0.000 s: the message of 8'):
        robot.poll(lambda words=words: words in robot.log('camera'), words)
