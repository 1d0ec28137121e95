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
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import open_dataset
import numpy as np
import pytest


def picture(value, size=(6, 8)):
    """Return pixels in the order red, green, blue, all different."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:] = value, 100, 200
    return pixels


def write_bag(path, plugin, labels, *, kind='Classification', packed=None):
    """Write images 0, 1, ... and a label for each; None is an image without."""
    from digiphys_ros.learning.datasets.bag import DEFINITIONS
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    for name, text in DEFINITIONS.items():
        if name not in store.types:
            store.register(get_types_from_msg(text, name))
    types = store.types
    time_of, header_of = types['builtin_interfaces/msg/Time'], types['std_msgs/msg/Header']
    image = 'sensor_msgs/msg/Image'
    label_type = 'vision_msgs/msg/Classification' if kind == 'Classification' else \
        'std_msgs/msg/String'
    writer = Writer(path, version=9, storage_plugin=plugin)
    if packed:
        writer.set_compression(CompressionMode[packed], CompressionFormat.ZSTD)
    with writer as bag:
        images = bag.add_connection('/camera/image_raw', image, typestore=store)
        if kind != 'None':
            topic = bag.add_connection('/label', label_type, typestore=store)
        for index, label in enumerate(labels):
            header = header_of(stamp=time_of(sec=index, nanosec=5), frame_id='lens')
            pixels = picture(index)
            time_ns = (index + 1) * 1_000_000_000
            if label is not None:
                message = types[label_type](data=label) if kind == 'String' else \
                    types[label_type](header=header, results=[
                        types['vision_msgs/msg/ObjectHypothesis'](class_id=label, score=1.0)])
                bag.write(topic, time_ns - 10, store.serialize_cdr(message, label_type))
            bag.write(images, time_ns, store.serialize_cdr(types[image](
                header=header, height=6, width=8, encoding='rgb8', is_bigendian=0, step=24,
                data=pixels.reshape(-1)), image))


@pytest.mark.parametrize('plugin', ['MCAP', 'SQLITE3'])
def test_bags_with_classifications(tmp_path, plugin):
    from rosbags.rosbag2 import StoragePlugin
    write_bag(tmp_path / 'bag', StoragePlugin[plugin], ['stop', 'stop', None, 'yield', 'stop'])
    data = open_dataset(str(tmp_path / 'bag'))
    assert data.labels == ('stop', 'yield')
    assert data.classes.tolist() == [0, 0, 1, 0]
    assert data.groups.tolist() == [0, 0, 1, 2]
    assert data.keys[2] == '/camera/image_raw[3]'
    np.testing.assert_array_equal(data.read(2), picture(3))


def test_a_text_holds_until_the_next(tmp_path):
    from rosbags.rosbag2 import StoragePlugin
    write_bag(tmp_path / 'bag', StoragePlugin.MCAP, [None, 'a', None, 'b'], kind='String')
    data = open_dataset(str(tmp_path / 'bag'))
    assert [data.labels[number] for number in data.classes] == ['a', 'a', 'b']


def test_a_topic_that_is_not_there_is_told(tmp_path):
    from rosbags.rosbag2 import StoragePlugin
    write_bag(tmp_path / 'bag', StoragePlugin.MCAP, ['a', 'b'])
    with pytest.raises(DatasetError, match=r'has no image topic /front.*/camera/image_raw'):
        open_dataset(str(tmp_path / 'bag'), image_topic='/front')
    (tmp_path / 'x.mcap').write_bytes(b'nonsense')
    with pytest.raises(DatasetError, match='cannot be read as a bag'):
        open_dataset(str(tmp_path / 'x.mcap'))


@pytest.mark.parametrize('plugin', ['MCAP', 'SQLITE3'])
def test_a_cut_off_bag_is_told_or_read_so_far(tmp_path, plugin):
    from rosbags.rosbag2 import StoragePlugin
    write_bag(tmp_path / 'bag', StoragePlugin[plugin], ['a', 'b'] * 9)
    file = next(path for path in (tmp_path / 'bag').iterdir() if path.suffix != '.yaml')
    whole = file.read_bytes()
    for size in range(0, len(whole), len(whole) // 23):
        file.write_bytes(whole[:size])
        try:
            data = open_dataset(str(tmp_path / 'bag'))
            data.arrays()
        except DatasetError as error:
            assert str(tmp_path) in str(error)


def test_a_bag_may_have_several_image_topics(tmp_path):
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        for topic in ('/left', '/right'):
            bag.add_connection(topic, 'sensor_msgs/msg/Image', typestore=store)
        bag.add_connection('/label', 'std_msgs/msg/String', typestore=store)
    with pytest.raises(DatasetError, match=r'several image topics.*--image-topic.*/left, /right'):
        open_dataset(str(tmp_path / 'bag'))
    with pytest.raises(DatasetError, match=r'no image of /right has a label'):
        open_dataset(str(tmp_path / 'bag'), image_topic='/right')


def test_compressed_images_in_a_bag(tmp_path):
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    types, image = store.types, 'sensor_msgs/msg/CompressedImage'
    stamp = types['builtin_interfaces/msg/Time'](sec=0, nanosec=1)
    header = types['std_msgs/msg/Header'](stamp=stamp, frame_id='')
    with Writer(tmp_path / 'bag', version=8, storage_plugin=StoragePlugin.SQLITE3) as bag:
        images = bag.add_connection('/camera/compressed', image, typestore=store)
        numbers = bag.add_connection('/label', 'std_msgs/msg/Int32', typestore=store)
        for index in range(3):
            message = types['std_msgs/msg/Int32'](data=index // 2)
            bag.write(numbers, 10 * index, store.serialize_cdr(message, 'std_msgs/msg/Int32'))
            data = cv2.imencode('.png', picture(index)[:, :, ::-1])[1]
            data = data if index else data[:50]
            bag.write(images, 10 * index + 5, store.serialize_cdr(
                types[image](header=header, format='png', data=data), image))
    data = open_dataset(str(tmp_path / 'bag'))
    assert data.labels == ('0', '1')
    assert data.groups.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(data.read(2), picture(2))
    with pytest.raises(DatasetError, match=r'/camera/compressed\[0\]: '):
        data.read(0)


def test_a_bag_without_labels(tmp_path):
    from rosbags.rosbag2 import StoragePlugin
    write_bag(tmp_path / 'bag', StoragePlugin.MCAP, [None, None], kind='None')
    with pytest.raises(DatasetError, match='has no label topic'):
        open_dataset(str(tmp_path / 'bag'))
    data = open_dataset(str(tmp_path / 'bag'), labelled=False)
    np.testing.assert_array_equal(data.read(1), picture(1))


@pytest.mark.parametrize(('plugin', 'packed'), [
    ('SQLITE3', 'MESSAGE'), ('SQLITE3', 'FILE'), ('MCAP', 'STORAGE'), ('MCAP', 'FILE')])
def test_packed_bag_that_grows_too_large_is_refused(tmp_path, monkeypatch, plugin, packed):
    from digiphys_ros.learning.datasets import bag_unpacking
    from rosbags.rosbag2 import StoragePlugin
    write_bag(tmp_path / 'bag', StoragePlugin[plugin], ['stop', 'yield'], packed=packed)
    np.testing.assert_array_equal(open_dataset(str(tmp_path / 'bag')).read(1), picture(1))
    for limit in ('DATA_BYTES', 'LARGEST_FILE'):
        monkeypatch.setattr(bag_unpacking, limit, 100)
    with pytest.raises(DatasetError, match='unpacks to more than'):
        open_dataset(str(tmp_path / 'bag'))


def test_lz4_chunk_that_grows_too_large_is_refused(monkeypatch):
    from digiphys_ros.learning.datasets import bag_unpacking
    from lz4.frame import compress
    from rosbags.rosbag2.storage_mcap import DECOMPRESSORS
    bag_unpacking.limit_unpacking()
    assert DECOMPRESSORS['lz4'](compress(b'a' * 1000), 1000) == b'a' * 1000
    with pytest.raises(EOFError):
        DECOMPRESSORS['lz4'](compress(bytes(1000))[:-8], 1000)
    monkeypatch.setattr(bag_unpacking, 'DATA_BYTES', 999)
    with pytest.raises(ValueError, match='unpacks to more than'):
        DECOMPRESSORS['lz4'](compress(bytes(1000)), 1000)


def test_bag_with_a_description_read_for_minutes_is_refused(tmp_path):
    (tmp_path / 'metadata.yaml').write_text('# ' + 'x' * 5_000_000)
    with pytest.raises(DatasetError, match=r'at most 4\.2 MB are read'):
        open_dataset(str(tmp_path))
