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

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.networks import build_network
from digiphys_ros.learning.recipe_sections import NetworkSpec
from pydantic import ValidationError
import pytest

SOURCE = """
def {name}(shape, classes, *, width: int = 4):
    import keras
    return keras.Sequential([
        keras.Input(shape), keras.layers.Flatten(),
        keras.layers.Dense(width), keras.layers.Dense(classes, name='logits')])
"""


def test_network_of_another_package_is_built_with_its_options(add_package):
    add_package('tiny_package', 'digiphys_ros.networks', 'tiny_net = tiny_package:tiny_net',
                source=SOURCE.format(name='tiny_net'))
    spec = NetworkSpec(name='tiny_net', options={'width': 8})
    model = build_network(spec.name, spec.options, (6, 5, 3), 7)
    assert model.output_shape == (None, 7)
    assert model.layers[-2].units == 8
    assert NetworkSpec(name='tiny_net').options == {'width': 4}
    with pytest.raises(ValidationError, match=r'there is no such field|Extra inputs'):
        NetworkSpec(name='tiny_net', options={'depth': 2})
    with pytest.raises(ConfigError, match='tables go to: mlp, perceptron'):
        build_network('tiny_net', {}, (5,), 7)


def test_network_import_failure_is_named(add_package):
    add_package('lost_package', 'digiphys_ros.networks', 'lost_net = lost_package:lost_net')
    with pytest.raises(ValidationError, match='network "lost_net" of package lost_package cannot'):
        NetworkSpec(name='lost_net')
    assert build_network('perceptron', {}, (5,), 2)
