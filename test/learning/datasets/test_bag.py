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


@pytest.mark.parametrize('plugin', ['MCAP', 'SQLITE3'])
def test_bag_with_classifications_is_read(tmp_path, bag_writer, plugin):
    bag_writer.write_bag(tmp_path / 'bag', plugin, ['stop', 'stop', None, 'yield', 'stop'])
    data = open_dataset(str(tmp_path / 'bag'))
    assert data.labels == ('stop', 'yield')
    assert data.classes.tolist() == [0, 0, 1, 0]
    assert data.groups.tolist() == [0, 0, 1, 2]
    assert data.keys[2] == '/camera/image_raw[3]'
    np.testing.assert_array_equal(data.read(2), bag_writer.pixels(3))


def test_bag_string_label_is_valid_until_the_next(tmp_path, bag_writer):
    bag_writer.write_bag(tmp_path / 'bag', 'MCAP', [None, 'a', None, 'b'], kind=bag_writer.TEXT)
    data = open_dataset(str(tmp_path / 'bag'))
    assert [data.labels[number] for number in data.classes] == ['a', 'a', 'b']


def test_bag_missing_topic_is_named(tmp_path, bag_writer):
    bag_writer.write_bag(tmp_path / 'bag', 'MCAP', ['a', 'b'])
    with pytest.raises(DatasetError, match=r'has no image topic /front.*/camera/image_raw'):
        open_dataset(str(tmp_path / 'bag'), image_topic='/front')
    (tmp_path / 'x.mcap').write_bytes(b'nonsense')
    with pytest.raises(DatasetError, match='cannot be read as a bag'):
        open_dataset(str(tmp_path / 'x.mcap'))


@pytest.mark.parametrize('plugin', ['MCAP', 'SQLITE3'])
def test_bag_truncated_is_read_up_to_its_end(tmp_path, bag_writer, plugin):
    bag_writer.write_bag(tmp_path / 'bag', plugin, ['a', 'b'] * 9)
    file = next(path for path in (tmp_path / 'bag').iterdir() if path.suffix != '.yaml')
    whole = file.read_bytes()
    for size in range(0, len(whole), len(whole) // 23):
        file.write_bytes(whole[:size])
        try:
            data = open_dataset(str(tmp_path / 'bag'))
            data.arrays()
        except DatasetError as error:
            assert str(tmp_path) in str(error)


def test_bag_with_several_image_topics_needs_a_topic(tmp_path, bag_writer):
    store = bag_writer.typestore()
    bag_writer.write_messages(
        tmp_path / 'bag', [('/label', bag_writer.TEXT, 1, bag_writer.label(
            store, 'a', 0, bag_writer.TEXT))], topics=['/left', '/right'])
    with pytest.raises(DatasetError, match=r'several image topics.*--image-topic.*/left, /right'):
        open_dataset(str(tmp_path / 'bag'))
    with pytest.raises(DatasetError, match=r'no image of /right has a label'):
        open_dataset(str(tmp_path / 'bag'), image_topic='/right')


def test_bag_broken_compressed_image_is_skipped(tmp_path, bag_writer):
    store, kind, number = bag_writer.typestore(), bag_writer.COMPRESSED, 'std_msgs/msg/Int32'

    def messages():
        for index in range(4):
            yield '/label', number, 10 * index, store.serialize_cdr(
                store.types[number](data=index // 2), number)
            data = cv2.imencode('.png', bag_writer.pixels(index)[:, :, ::-1])[1]
            yield '/camera/compressed', kind, 10 * index + 5, store.serialize_cdr(
                store.types[kind](header=bag_writer.header(store, 0), format='png',
                                  data=data if index else data[:50]), kind)
    bag_writer.write_messages(tmp_path / 'bag', messages(), 'SQLITE3')
    data = open_dataset(str(tmp_path / 'bag'))
    assert data.labels == ('0', '1')
    assert data.groups.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(data.read(1), bag_writer.pixels(2))
    assert len(data.skipped) == 1
    assert data.skipped[0].startswith('/camera/compressed[0]: ')


def test_bag_16_bit_images_keep_the_depth_of_the_camera(tmp_path, bag_writer):
    store = bag_writer.typestore()

    def messages():
        for index, value in enumerate((500, 4000, 500)):
            pixels = np.full((6, 8), value, np.uint16)
            yield '/camera', bag_writer.IMAGE, index, store.serialize_cdr(
                store.types[bag_writer.IMAGE](
                    header=bag_writer.header(store, index), height=6, width=8, encoding='mono16',
                    is_bigendian=0, step=16, data=pixels.view(np.uint8).reshape(-1)),
                bag_writer.IMAGE)
    bag_writer.write_messages(tmp_path / 'bag', messages())
    data = open_dataset(str(tmp_path / 'bag'), labeled=False)
    assert [int(data.read(index)[0, 0]) for index in range(3)] == [125, 249, 31]


def test_bag_without_labels_is_one_class(tmp_path, bag_writer):
    bag_writer.write_bag(tmp_path / 'bag', 'MCAP', [None, None], kind=None)
    with pytest.raises(DatasetError, match='has no label topic'):
        open_dataset(str(tmp_path / 'bag'))
    data = open_dataset(str(tmp_path / 'bag'), labeled=False)
    np.testing.assert_array_equal(data.read(1), bag_writer.pixels(1))
