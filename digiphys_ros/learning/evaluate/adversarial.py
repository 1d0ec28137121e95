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

"""Small steps against a model: how far its answers can be pushed by what nobody sees."""

from typing import Any

from digiphys_ros.perception.bundle import Bundle
import numpy as np
from numpy.typing import NDArray

STEPS_PX = (1, 2, 4, 8)
"""Change of each pixel, of 255."""


def fgsm_accuracy(bundle: Bundle, tensors: NDArray[Any], classes: NDArray[Any]
                  ) -> dict[str, float]:
    """
    Return the accuracy after one step up the loss (FGSM; Goodfellow et al., 2015).

    :param tensors: (N, H, W, C), as the bundle prepares them.
    :param classes: (N,) true classes.
    :return: step in pixel values, as text -> accuracy.
    :raises FileNotFoundError: when the bundle has no Keras model, which gradients need.
    """
    path = bundle.file('keras')
    if path is None:
        raise FileNotFoundError('the bundle holds no Keras model, and only that has gradients')
    import keras
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    spec = bundle.spec
    unit = np.float32(spec.scale) / np.asarray(spec.std, np.float32)
    low = -np.asarray(spec.mean, np.float32) / np.asarray(spec.std, np.float32)
    right = dict.fromkeys(STEPS_PX, 0)
    for start in range(0, len(tensors), 128):
        batch, truth = tensors[start:start + 128], classes[start:start + 128]
        direction = _uphill(model, batch, truth)
        for step in STEPS_PX:
            # no pixel leaves 0 to 255
            moved = np.clip(batch + step * unit * direction, low, low + 255 * unit)
            answers = np.asarray(model(moved, training=False)).argmax(axis=1)
            right[step] += int((answers == truth).sum())
    return {str(step): count / len(tensors) for step, count in right.items()}


def _uphill(model: Any, tensors: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
    """Return the sign of the loss's gradient with respect to the input."""
    import tensorflow as tf
    inputs = tf.convert_to_tensor(tensors)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(
            classes, model(inputs, training=False)))
    return np.sign(tape.gradient(loss, inputs).numpy())
