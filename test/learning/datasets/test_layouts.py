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

import pickle
import zipfile

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


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture(value)[:, :, ::-1])


# CSV


def test_a_csv_of_files(tmp_path):
    for index in range(3):
        write(tmp_path / 'images' / f'{index}.png', index)
    (tmp_path / 'labels.csv').write_text(
        'file,label,patient\n0.png,ill,7\n1.png,well,8\n2.png,ill,7\n')
    for uri in (tmp_path, tmp_path / 'labels.csv'):
        data = open_dataset(str(uri))
        assert data.labels == ('ill', 'well')
        assert data.classes.tolist() == [0, 1, 0]
        assert data.groups.tolist() == ['7', '8', '7']
        np.testing.assert_array_equal(data.read(2), picture(2))


def test_a_csv_of_numbers_is_a_table(tmp_path):
    (tmp_path / 'd.csv').write_text('a,b,label\n1,2.5,x\n-3,4,y\n')
    data = open_dataset(str(tmp_path / 'd.csv'))
    assert data.kind == 'table'
    assert data.read(1).tolist() == [-3.0, 4.0]
    assert data.keys == ('d.csv:2', 'd.csv:3')


@pytest.mark.parametrize(('text', 'words'), [
    ('file,class\n', 'needs a column `label`, found file, class'),
    ('file,label\n', 'holds no row'),
    ('a,label\n1,x\n2\n', 'd.csv:3: needs a value for each of a, label'),
    ('a,label\n1,x\nred,y\n', 'd.csv:3: field `a`: a number is needed, received "red"'),
    ('file,label\nno.png,x\n', 'd.csv:2: field `file`: there is no no.png and no images/no.png'),
    ('label\nx\n', 'needs a column `file`, or columns of numbers'),
])
def test_a_wrong_csv_is_told_with_its_line(tmp_path, text, words):
    (tmp_path / 'd.csv').write_text(text)
    with pytest.raises(DatasetError) as told:
        open_dataset(str(tmp_path / 'd.csv'))
    assert words in str(told.value)


# GTSRB


def test_gtsrb_as_published(tmp_path):
    for number in (0, 1):
        folder = tmp_path / 'GTSRB' / 'Final_Training' / 'Images' / f'{number:05}'
        rows = ['Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId']
        for track in range(2):
            name = f'{track:05}_00000.ppm'
            write(folder / name, 10 * number + track)
            rows.append(f'{name};8;6;1;1;7;5;{number}')
        (folder / f'GT-{number:05}.csv').write_text('\n'.join(rows) + '\n')
    data = open_dataset(str(tmp_path))
    assert data.labels == ('0', '1')
    # track 0 of class 0 is another sign than track 0 of class 1
    assert data.groups.tolist() == ['0/00000', '0/00001', '1/00000', '1/00001']
    np.testing.assert_array_equal(data.read(3), picture(11))


# CIFAR-10


@pytest.fixture
def cifar(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    planes = images.transpose(0, 3, 1, 2).reshape(4, -1)
    folder = tmp_path / 'cifar-10-batches-py'
    folder.mkdir()
    for name, chosen in (('data_batch_1', [0, 1]), ('data_batch_2', [2]), ('test_batch', [3])):
        content = {b'data': planes[chosen], b'labels': [index % 2 for index in chosen]}
        (folder / name).write_bytes(pickle.dumps(content))
    (folder / 'batches.meta').write_bytes(pickle.dumps({b'label_names': [b'cat', b'dog']}))
    return folder, images


def test_cifar_batches(cifar, tmp_path):
    folder, images = cifar
    with zipfile.ZipFile(tmp_path / 'c.zip', 'w') as archive:
        for file in folder.iterdir():
            archive.write(file, f'cifar-10-batches-py/{file.name}')
    for uri in (folder, tmp_path / 'c.zip'):
        data = open_dataset(str(uri))
        assert data.labels == ('cat', 'dog')
        assert data.classes.tolist() == [0, 1, 0, 1]
        np.testing.assert_array_equal(data.arrays(), images)
    assert len(open_dataset(str(folder), part='train')) == 3
    np.testing.assert_array_equal(open_dataset(str(folder), part='test').read(0), images[3])


class Evil:

    def __reduce__(self):
        return print, ('this was run',)


def test_a_pickle_runs_no_code(cifar, capsys):
    folder, _ = cifar
    (folder / 'data_batch_1').write_bytes(pickle.dumps({b'data': Evil()}))
    with pytest.raises(DatasetError, match=r'data_batch_1.*builtins\.print is not allowed'):
        open_dataset(str(folder))
    assert 'this was run' not in capsys.readouterr().out


# ROS 2 bags


def write_bag(path, plugin, labels, *, kind='Classification'):
    """Write images 0, 1, ... and a label for each; None is an image without."""
    from digiphys_ros.learning.datasets.bag import DEFINITIONS
    from rosbags.rosbag2 import Writer
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
    with Writer(path, version=9, storage_plugin=plugin) as bag:
        images = bag.add_connection('/camera/image_raw', image, typestore=store)
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
