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

from digiphys_ros.applications.triage.phantoms import draw_phantom, LABELS
import numpy as np


def test_draw_phantom_differs_by_seed_and_label():
    images = {(seed, label): draw_phantom(np.random.default_rng(seed), label)
              for seed in range(8) for label in LABELS}
    for image in images.values():
        assert image.shape == (224, 224)
        assert image.dtype == np.uint8
    assert len({image.tobytes() for image in images.values()}) == len(images)
    assert (images[3, 'normal'] == draw_phantom(np.random.default_rng(3), 'normal')).all()
    # clouded lungs are brighter
    lungs = [np.mean([images[seed, label][70:150, 30:80] for seed in range(8)])
             for label in LABELS]
    assert lungs[1] > lungs[0] + 10
