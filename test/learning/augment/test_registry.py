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

from digiphys_ros.learning.augment import Augmentation, Augmenter
import numpy as np
from pydantic import ValidationError
import pytest

SOURCE = """
def dot(image, rng, *, value: int = 255):
    changed = image.copy()
    changed[rng.integers(image.shape[0]), 0] = value
    return changed
"""
IMAGE = np.zeros((6, 5, 3), np.uint8)


def test_augmentation_of_another_package_runs_last(add_package):
    add_package('dot_package', 'digiphys_ros.augmentations', 'dot_one = dot_package:dot',
                source=SOURCE)
    spec = Augmentation(brightness=0.2, others={'dot_one': {'value': 9}})
    assert spec.changes_images
    image = Augmenter(spec)(IMAGE, np.random.default_rng(0))
    assert (image == 9).all(axis=2).any()
    assert Augmentation(others={'dot_one': {}}).others == {'dot_one': {'value': 255}}
    with pytest.raises(ValidationError, match='dot_one: option `value`'):
        Augmentation(others={'dot_one': {'value': 'white'}})


@pytest.mark.parametrize(('name', 'reason'), [
    ('blur', '"blur" is built in: set its fields in `augment` itself'),
    ('fog', 'augmentation "fog" is unknown, allowed are move, light'),
    ('lost_dot', 'augmentation "lost_dot" of package lost_package cannot be imported'),
])
def test_augmentation_invalid_plugin_is_refused(add_package, name, reason):
    add_package('lost_package', 'digiphys_ros.augmentations', 'lost_dot = lost_package:dot')
    with pytest.raises(ValidationError, match=reason):
        Augmentation(others={name: {}})
