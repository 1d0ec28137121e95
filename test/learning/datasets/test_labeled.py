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


from digiphys_ros.cli.main import main
from digiphys_ros.errors import DatasetError, UsageError
from digiphys_ros.learning.datasets.labeled import LabeledSource, split_labeled
import numpy as np
import pytest

RECIPE = """\
name: t
network: {name: article_cnn}
preprocess: {width: 24, height: 24}
tune:
  optimizer.learning_rate: {low: 0.001, high: 0.1}
"""
SUBCOMMANDS = {
    'inspect': ['data', 'inspect', '{data}'],
    'split': ['data', 'split', '{data}', '--out', '{folder}/s.json'],
    'train': ['train', '{recipe}', '--data', '{data}', '--out', '{folder}/b'],
    'baseline': ['baseline', '--data', '{data}'],
    'tune': ['tune', '{recipe}', '--data', '{data}', '--study', '{folder}/s.db', '--out',
             '{folder}/r.yaml'],
    'evaluate': ['evaluate', 'traffic_signs', '--data', '{data}'],
    'export': ['export', 'traffic_signs', '--data', '{data}'],
}


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Return a bag with two topics of images and two of labels."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    path = tmp_path_factory.mktemp('bags') / 'bag'
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic in ('/left', '/right'):
            writer.add_connection(topic, 'sensor_msgs/msg/Image', typestore=store)
        for topic in ('/label', '/other'):
            writer.add_connection(topic, 'std_msgs/msg/String', typestore=store)
    return path


@pytest.mark.parametrize('subcommand', SUBCOMMANDS)
def test_every_subcommand_with_data_has_topic_options(bag, tmp_path, capsys, subcommand):
    (tmp_path / 'recipe.yaml').write_text(RECIPE)
    words = [word.format(data=bag, folder=tmp_path, recipe=tmp_path / 'recipe.yaml')
             for word in SUBCOMMANDS[subcommand]]
    for more, sentence in (
            ([], 'several image topics: name one with --image-topic'),
            (['--image-topic', '/front'], 'has no image topic /front'),
            (['--image-topic', '/left'], 'several label topics: name one with --label-topic'),
            (['--image-topic', '/left', '--label-topic', '/other'],
             'no image of /left has a label')):
        assert main([*words, *more]) == 2
        output = capsys.readouterr().err.splitlines()[-1]
        assert output.startswith('digiphys: ') and sentence in output


@pytest.fixture
def data(tmp_path):
    np.savez(tmp_path / 'd.npz', x=np.zeros((8, 4, 4), np.uint8), y=np.arange(8) % 2)
    return tmp_path / 'd.npz'


def test_labels_are_a_file_or_a_shipped_name(data, tmp_path):
    (tmp_path / 'mine.txt').write_text('left\nright\n')
    assert LabeledSource(str(data), str(tmp_path / 'mine.txt')).open().labels == ('left', 'right')
    assert LabeledSource(str(data), 'gtsrb').open().labels[1] == 'speed limit 30'


def test_labels_file_without_names_is_refused(data, tmp_path):
    (tmp_path / 'x.txt').write_bytes(b'\xff\xfe\x00')
    (tmp_path / 'folder.txt').mkdir()
    for name in ('x.txt', 'folder.txt'):
        with pytest.raises(DatasetError, match=f'{name}: cannot be read as text with one name'):
            LabeledSource(str(data), str(tmp_path / name)).open()


def test_open_missing_data_is_a_usage_error():
    with pytest.raises(UsageError, match=r'nowhere\.npz: no such file or folder'):
        LabeledSource('nowhere.npz').open()


@pytest.mark.parametrize('fraction', ['0', '1', '-0.2', 'nan', 'half', 2.0])
def test_split_labeled_fraction_that_leaves_a_side_empty_is_refused(data, fraction):
    with pytest.raises(UsageError, match=f'--val-fraction {fraction}: a fraction between 0 and 1'):
        split_labeled(LabeledSource(str(data)).open(), None, fraction, 0)
