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

import json
import zipfile

from digiphys_ros.learning.export.portable import save_portable
from digiphys_ros.learning.networks import build_network
import keras
import numpy as np
import pytest

# the first release of Keras that writes each down refuses to share it with the one before
NEW = {'renorm', 'renorm_clipping', 'renorm_momentum', 'quantization_config', 'input_axes',
       'output_axes'}


@pytest.fixture
def saved(tmp_path):
    """Return a network with nearly every kind of layer, and its file."""
    model = build_network('spatial_transformer', {'width': 2, 'dropout': 0.1}, (16, 16, 3), 3)
    save_portable(model, tmp_path / 'a.keras')
    return model, tmp_path / 'a.keras'


def test_save_portable_keeps_the_outputs(saved):
    model, path = saved
    again = keras.models.load_model(path, safe_mode=True, compile=False)
    batch = np.random.default_rng(0).random((2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(again(batch), model(batch), rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_save_portable_omits_default_options(saved):
    _, path = saved
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read('config.json'))
    keys = set(_keys(config))
    assert not keys & NEW
    # what was chosen stays: the number of filters, the momentum, the dropout
    assert {'filters', 'momentum', 'rate'} <= keys


def _keys(node):
    children = node.values() if isinstance(node, dict) else node
    yield from node if isinstance(node, dict) else ()
    for child in children:
        if isinstance(child, (dict, list)):
            yield from _keys(child)
