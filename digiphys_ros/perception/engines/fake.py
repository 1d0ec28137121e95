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

"""An engine for unit tests, without a model: the answer depends only on the pixels."""

from typing import Any

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
import numpy as np
from numpy.typing import NDArray


class FakeEngine:
    """
    Class ``round(mean of the tensor)`` has a logit of 10, all others 0.

    :param spec: preprocessing of the bundle.
    :param classes: number of logits.
    """

    name, device = 'fake', 'CPU'
    tolerance = 0.0

    def __init__(self, spec: PreprocessSpec, classes: int) -> None:
        self.spec, self._classes = spec, classes

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Return logits of shape (N, classes)."""
        logits = np.zeros((len(tensor), self._classes), np.float32)
        means = tensor.reshape(len(tensor), -1).mean(axis=1)
        logits[np.arange(len(tensor)), np.rint(means).astype(int) % self._classes] = 10.0
        return logits
