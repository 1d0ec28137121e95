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

"""Adversarial robustness: accuracy under small changes of the pixels."""

from collections.abc import Sequence
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.learning.datasets.stream import tensor_of
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np
from numpy.typing import NDArray

STEPS_PX = (1, 2, 4, 8)
"""Change of each pixel, of 255."""


NO_GRADIENTS = 'the bundle holds no Keras model, and only that has gradients'


class Attack:
    """Count right answers after one step up the loss (FGSM; Goodfellow et al., 2015)."""

    def __init__(self, model: Any, spec: PreprocessSpec) -> None:
        self._model, self._spec = model, spec
        # the Keras model has gradients, and takes the tensor of the contract
        self._preprocess = Preprocessor(spec)
        self._right = dict.fromkeys(STEPS_PX, 0)
        self._count = 0

    @classmethod
    def on(cls, bundle: Bundle) -> 'Attack | None':
        """Return the attack on a bundle, None without gradients."""
        path = bundle.file('keras')
        if path is None:
            return None
        from digiphys_ros.perception.engines.kerasfile import load_keras
        return cls(load_keras(path), bundle.spec)

    def add(self, images: Sequence[NDArray[Any]], classes: NDArray[Any]) -> None:
        """
        Attack images of any size.

        :param classes: (N,) true classes.
        """
        tensors = np.stack([tensor_of(self._preprocess, image) for image in images])
        unit, low = self._spec.factor, self._spec.offset
        direction = _uphill(self._model, tensors, classes)
        for step in STEPS_PX:
            # no pixel leaves 0 to 255
            moved = np.clip(tensors + step * unit * direction, low, low + 255 * unit)
            answers = np.asarray(self._model(moved, training=False)).argmax(axis=1)
            self._right[step] += int((answers == classes).sum())
        self._count += len(tensors)

    def accuracy(self) -> dict[str, float]:
        """Return step size in pixel values, as text -> accuracy."""
        return {str(step): right / self._count for step, right in self._right.items()}


def _uphill(model: Any, tensors: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
    """Return the sign of the loss's gradient with respect to the input."""
    import tensorflow as tf
    inputs = tf.convert_to_tensor(tensors)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(
            classes, model(inputs, training=False)))
    result: NDArray[Any] = np.sign(tape.gradient(loss, inputs).numpy())
    return result
