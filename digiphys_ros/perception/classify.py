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

"""Turn logits into calibrated scores or an abstention."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.preprocess_spec import Roi
from digiphys_ros.errors import ConfigError
from digiphys_ros.perception.engines import Engine
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.host_memory import host_array
from digiphys_ros.perception.preprocess import Box, Preprocessor
from digiphys_ros.settings import TOP_K
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Classification:
    """
    The classification of one frame.

    :ivar scores: the best classes with probabilities, best first; empty for an abstention.
    :ivar abstained: whether the best probability is below the bundle's threshold, or not finite.
    :ivar probabilities: one for each label.

    Example::

        >>> result = Classification((('stop', 0.9),), False, np.array([0.1, 0.9]))
        >>> result.label, result.score
        ('stop', 0.9)
    """

    scores: tuple[tuple[str, float], ...]
    abstained: bool
    probabilities: NDArray[Any]

    @property
    def label(self) -> str | None:
        """Return the best class, None for an abstention."""
        return self.scores[0][0] if self.scores else None

    @property
    def score(self) -> float:
        """Return the probability of the best class, 0 for an abstention."""
        return self.scores[0][1] if self.scores else 0.0


def softmax(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
    """
    Return the softmax of logits / temperature.

    The temperature is fitted on held-out images so that a score is a probability (Guo et al.,
    "On Calibration of Modern Neural Networks", 2017).

    :param logits: (..., classes).
    :return: float64 of the same shape; NaN if a logit is not finite.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    scaled = np.where(np.isfinite(scaled).all(axis=-1, keepdims=True), scaled, np.nan)
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: NDArray[Any] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result


class Classifier:
    """
    Callable that classifies frames with one bundle; it reuses its input tensor.

    For an engine on a GPU the tensor is page-locked.

    :param roi: region of interest instead of the bundle's.
    :param top_k: number of classes to report, 1 or more.
    :raises ConfigError: for another ``top_k``.
    """

    def __init__(self, bundle: Bundle, engine: Engine, roi: Roi | None = None,
                 top_k: int = TOP_K) -> None:
        if not isinstance(top_k, (int, np.integer)) or top_k < 1:
            raise ConfigError(f'top_k must be a whole number, 1 or more, received {top_k!r}.')
        self.bundle = bundle
        self.engine = engine
        self._preprocess = Preprocessor(engine.spec, roi)
        self._tensor = np.empty((0, *engine.spec.shape[1:]), engine.spec.dtype)
        self._top_k = min(top_k, len(bundle.labels))

    @property
    def least_size(self) -> tuple[int, int] | None:
        """Return the smallest sufficient frame, as ``Preprocessor.least_size``."""
        return self._preprocess.least_size

    def box(self, frame: Frame) -> Box:
        """Return the pixels of a frame that reach the model, as ``Preprocessor.box``."""
        return self._preprocess.box(*frame.pixels.shape[:2])

    def __call__(self, frame: Frame) -> Classification:
        """Return the classification of one frame."""
        return self.batch([frame])[0]

    def batch(self, frames: Sequence[Frame]) -> list[Classification]:
        """Return the classifications of a batch of frames."""
        return self.results(self.engine.infer(self.preprocess(frames)))

    def preprocess(self, frames: Sequence[Frame]) -> NDArray[Any]:
        """Return the input of the engine for a batch; the next batch overwrites it."""
        if len(frames) > len(self._tensor):
            self._tensor = host_array((len(frames), *self._tensor.shape[1:]), self._tensor.dtype,
                                      self.engine.device)
        tensor = self._tensor[:len(frames)]
        for index, frame in enumerate(frames):
            self._preprocess(frame, tensor[index:index + 1])
        return tensor

    def results(self, logits: NDArray[Any]) -> list[Classification]:
        """Return the classifications for the logits of a batch."""
        return [self._classification(one)
                for one in softmax(logits, self.bundle.manifest.temperature)]

    def _classification(self, probabilities: NDArray[Any]) -> Classification:
        # comparisons with NaN are false, so NaN abstains too
        if not probabilities.max() >= self.bundle.manifest.abstain_below:
            return Classification((), True, probabilities)
        best = np.argsort(probabilities)[::-1][:self._top_k]
        return Classification(
            tuple((self.bundle.labels[index], float(probabilities[index])) for index in best),
            False, probabilities)
