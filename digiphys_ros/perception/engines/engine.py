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

"""What an engine is."""

from typing import Any, Protocol

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from numpy.typing import NDArray

TOLERANCE, GPU_TOLERANCE = 1e-3, 0.02
"""Of float32 on a CPU, and on a GPU, which may round to half of the digits."""


class Engine(Protocol):
    """Something that runs a model; called from one thread at a time."""

    name: str
    device: str
    """CPU, else a GPU, as the engine calls it."""
    tolerance: float
    """Largest difference of a golden logit, as a share of the largest golden logit."""
    spec: PreprocessSpec
    """The bundle's contract; with dtype uint8 where the model itself holds scale and offset."""

    def infer(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """
        Return the logits.

        :param tensor: (N, H, W, C), preprocessed as ``spec`` says; where that takes uint8, one
            of the bundle's own contract will do too. It is not kept.
        :return: (N, classes) float32.
        """
