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

"""The interface of engines."""

from typing import Any, Protocol

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from numpy.typing import NDArray

TOLERANCE, GPU_TOLERANCE = 1e-3, 0.02
"""Tolerances of float32 on a CPU, and on a GPU, which may compute in TF32."""


class Engine(Protocol):
    """An engine runs a model; it is called from one thread at a time."""

    name: str
    device: str
    """CPU, or the name of the GPU."""
    tolerance: float
    """Largest difference of a golden logit, as a fraction of the largest golden logit."""
    spec: PreprocessSpec
    """The preprocessing of the bundle; with dtype uint8 if the model has scale and offset."""

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """
        Return the logits.

        :param tensor: (N, H, W, C), preprocessed by ``spec``; with uint8 there, a float32 tensor
            of the bundle's preprocessing also works. It is not kept.
        :return: (N, classes) float32.
        """
