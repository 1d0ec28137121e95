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

from digiphys_ros.errors import DatasetError, UsageError
from digiphys_ros.learning.datasets import open_dataset
from digiphys_ros.learning.datasets.labeled import LabeledSource
import pytest

SOURCE = """
import numpy as np
from digiphys_ros.learning.datasets.dataset import in_memory

def open_gray(uri, options):
    assert options.part in (None, 'test')
    images = np.full((3, 4, 4), int(uri.partition(':')[2]), np.uint8)
    return in_memory(uri, ('0', '1'), images, np.array([0, 1, 1]))
"""


def test_reader_of_another_package_opens_name_and_colon(add_package):
    add_package('gray_package', 'digiphys_ros.datasets', 'gray_data = gray_package:open_gray',
                source=SOURCE)
    for data in (open_dataset('gray_data:7', labels=['no', 'yes'], part='test'),
                 LabeledSource('gray_data:7').open()):
        assert len(data) == 3
        assert data.read(2).max() == 7
    assert open_dataset('gray_data:7', labels=['no', 'yes']).labels == ('no', 'yes')


def test_reader_existing_file_takes_precedence(add_package, tmp_path, monkeypatch):
    add_package('gray_package', 'digiphys_ros.datasets', 'gray_two = gray_package:open_gray',
                source=SOURCE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'gray_two:7').write_text('')
    with pytest.raises(DatasetError, match='is no data set'):
        open_dataset('gray_two:7')


def test_reader_unknown_name_is_refused():
    with pytest.raises(DatasetError, match=r'^coco:data: does not exist; a data set is'):
        open_dataset('coco:data')
    with pytest.raises(UsageError, match='no such file'):
        LabeledSource('coco:data').open()


def test_reader_import_failure_is_named(add_package):
    add_package('lost_package', 'digiphys_ros.datasets', 'lost_data = lost_package:open')
    with pytest.raises(DatasetError, match='dataset reader "lost_data" of package lost_package'):
        open_dataset('lost_data:7')
