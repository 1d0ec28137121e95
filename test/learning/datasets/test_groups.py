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
from digiphys_ros.learning.datasets import split_dataset
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.groups import group_by_name, merge_groups
import numpy as np
import pytest


def named(keys, groups=None):
    count = len(keys)
    return Dataset('d', ('a', 'b'), np.arange(count) % 2,
                   np.arange(count) if groups is None else np.array(groups), tuple(keys),
                   lambda index: np.zeros((2, 2), np.uint8))


def test_group_by_name_uses_the_capturing_group():
    data = group_by_name(named(['a/track_7_1.png', 'b/track_12_0.png', 'a/track_7_2.png']),
                         r'track_(\d+)_')
    assert data.groups.tolist() == ['7', '12', '7']
    assert data.keys[1] == 'b/track_12_0.png'


@pytest.mark.parametrize(('pattern', 'words'), [
    ('track_(', 'is not a regular expression'), ('track', 'needs exactly one capturing group'),
    ('(a)(b)', 'received 2'), (r'frame_(\d+)', r'd: track_7 does not match .*frame_'),
    (r'track_\d(x)?', 'does not match')])
def test_group_by_name_invalid_pattern_is_refused(pattern, words):
    with pytest.raises(DatasetError, match=words):
        group_by_name(named(['track_7']), pattern)


def test_merge_groups_joins_connected_groups():
    data = merge_groups(named('abcdefgh', [0, 0, 1, 2, 2, 3, 4, 5]), [[1, 2], [2, 6]])
    groups = data.groups.tolist()
    # 0 and 1 were a group, 2 looks like 1, 6 like 2
    assert len({groups[index] for index in (0, 1, 2, 6)}) == 1
    assert groups[3] == groups[4]
    assert len(set(groups)) == 4


def test_merge_groups_are_never_split():
    count = 60
    pairs = [[index, index + 30] for index in range(30)]
    data = merge_groups(named([str(index) for index in range(count)]), pairs)
    for seed in range(5):
        split = split_dataset(data, 0.3, seed=seed)
        held_out = set(split.validation.tolist())
        assert held_out
        assert all((one in held_out) == (other in held_out) for one, other in pairs)
