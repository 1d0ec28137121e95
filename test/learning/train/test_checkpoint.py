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

import io

from digiphys_ros.errors import TrainingError
from digiphys_ros.learning.train import checkpoint
import numpy as np
import pytest


class Variable:
    """What a checkpoint needs of a Keras variable."""

    def __init__(self, value):
        self.value = np.asarray(value, np.float32)
        self.shape = self.value.shape

    def __array__(self, dtype=None, copy=None):
        return self.value

    def assign(self, value):
        self.value = value


def test_checkpoint_round_trip(tmp_path):
    path = tmp_path / 'c.npz'
    checkpoint.save(path, [Variable([1, 2]), Variable(3)], {'epoch': 4})
    state, values = checkpoint.read(path, path.read_bytes())
    variables = [Variable([0, 0]), Variable(0)]
    checkpoint.fill(path, variables, values)
    assert state == {'epoch': 4}
    assert variables[0].value.tolist() == [1, 2]
    assert variables[1].value == 3


@pytest.mark.field(
    'Lightning-AI/pytorch-lightning #688', 'a write that was cut off leaves a broken checkpoint')
def test_checkpoint_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / 'c.npz'
    path.write_bytes(b'good')
    with pytest.raises(TrainingError, match='no room'), checkpoint.replacing(path) as file:
        file.write(b'half of the ne')
        raise OSError(28, 'no room')
    assert path.read_bytes() == b'good'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('content', [b'', b'nonsense', b'PK\x03\x04 cut off'])
def test_checkpoint_damaged_file_is_refused(tmp_path, content):
    with pytest.raises(TrainingError, match='not a complete checkpoint'):
        checkpoint.read(tmp_path / 'c.npz', content)


def test_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / 'c.npz'
    checkpoint.save(path, [Variable([1, 2])], {})
    with pytest.raises(TrainingError, match='another network'):
        checkpoint.fill(path, [Variable([1, 2, 3])], checkpoint.read(path, path.read_bytes())[1])


@pytest.mark.parametrize('state', ['[]', 'null', '{"history": 1}', '[' * 60])
def test_checkpoint_with_an_invalid_state_is_refused(tmp_path, state):
    content = io.BytesIO()
    np.savez(content, state=np.array(state))
    with pytest.raises(TrainingError, match='not a complete checkpoint'):
        checkpoint.read(tmp_path / 'c.npz', content.getvalue())
