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

"""Half precision, which a GPU computes faster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def has_gpu() -> bool:
    """Return whether TensorFlow sees a GPU."""
    import tensorflow as tf
    return bool(tf.config.list_physical_devices('GPU'))


@contextmanager
def half_precision(model: Any) -> Iterator[None]:
    """
    Let a model compute in float16 meanwhile; its weights stay float32 throughout.

    Dense layers compute in float32 still: they are a small part of the work, and logits and the
    map of a spatial transformer need the digits. The optimizer must scale the loss.
    """
    import keras
    layers = [layer for layer in model._flatten_layers(include_self=False)
              if not isinstance(layer, keras.layers.Dense)]
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = 'mixed_float16'
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy
