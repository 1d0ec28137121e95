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

"""The shard of a batch that one of several workers reads."""

from collections.abc import Callable
from typing import Any

Load = Callable[[Any], Any]


def shard(load: Load, which: int, of: int) -> Load:
    """
    Return a function that loads every ``of``-th sample of a batch, starting at ``which``.

    A worker without a sample, in a batch smaller than ``of``, gets one of weight 0.

    :param load: tensor of indices -> (tensors, targets, weights), all TensorFlow's.
    """
    def own(indices: Any) -> Any:
        import tensorflow as tf
        chosen = indices[which::of]
        any_left = tf.size(chosen) > 0
        tensors, targets, weights = load(tf.cond(any_left, lambda: chosen, lambda: indices[:1]))
        return tensors, targets, weights * tf.cast(any_left, tf.float32)
    return own
