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

"""Test-time augmentation: a network that also classifies the mirror image."""

from typing import Any


def add_flip_tta(model: Any) -> Any:
    """
    Return a network that averages the logits of an image and of its mirror image.

    :param model: takes images (N, H, W, C).
    """
    import keras
    inputs = keras.Input(model.input_shape[1:])
    both = [model(inputs), model(keras.ops.flip(inputs, axis=2))]
    return keras.Model(inputs, keras.layers.Average(name='logits')(both), name=model.name)
