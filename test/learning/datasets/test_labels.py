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

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets import read_labels
import pytest


def test_read_labels_reads_one_name_a_line(tmp_path):
    (tmp_path / 'names.txt').write_text('a\n\n b c \n')
    assert read_labels(tmp_path / 'names.txt') == ('a', 'b c')


def test_read_labels_duplicate_names_are_refused(tmp_path):
    (tmp_path / 'names.txt').write_text('a\na\n')
    with pytest.raises(DatasetError, match='different names'):
        read_labels(tmp_path / 'names.txt')
