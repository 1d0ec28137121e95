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

"""Distribution strategies: a single worker with Keras' fit, or several workers."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from digiphys_ros.learning.datasets.stream import Stream
from digiphys_ros.learning.train.progress import as_callback, Watch


class Trainer(Protocol):
    """Run epochs of one model with one optimizer."""

    def epoch(self, training: Stream, validation: Stream, number: int,
              watch: Watch) -> dict[str, float]:
        """Train one epoch; return loss, accuracy, val_loss and val_accuracy."""


class DistributionStrategy(Protocol):
    """
    The workers of a training.

    :ivar chief: whether this process writes files.
    """

    chief: bool

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which to create model and optimizer."""

    def replicate(self, model: Any) -> Any:
        """Return the model to train, with the weights of the given one."""

    def trainer(self, model: Any, optimizer: Any, loss: Any, *, xla: bool) -> Trainer:
        """Return a trainer of the model."""

    def broadcast(self, content: bytes | None) -> bytes | None:
        """Return the content of the chief on every worker; all must call it."""


class SingleWorker:
    """A single worker."""

    chief = True

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context that changes nothing."""
        return nullcontext()

    def replicate(self, model: Any) -> Any:
        """Return the model itself."""
        return model

    def trainer(self, model: Any, optimizer: Any, loss: Any, *, xla: bool) -> Trainer:
        """Return a trainer with Keras' fit."""
        return KerasTrainer(model, optimizer, loss, xla)

    def broadcast(self, content: bytes | None) -> bytes | None:
        """Return the content."""
        return content


class KerasTrainer:
    """Train with Keras' fit."""

    def __init__(self, model: Any, optimizer: Any, loss: Any, xla: bool) -> None:
        self._model = model
        model.compile(optimizer, loss, metrics=['accuracy'], jit_compile=xla)
        optimizer.build(model.trainable_variables)

    def epoch(self, training: Stream, validation: Stream, number: int,
              watch: Watch) -> dict[str, float]:
        """Train one epoch."""
        fitted = self._model.fit(
            training.epoch(number), verbose=0, shuffle=False,
            validation_data=validation.epoch(0).map(_unweighted), callbacks=[as_callback(watch)])
        return {name: float(values[-1]) for name, values in sorted(fitted.history.items())}


def _unweighted(tensors: Any, targets: Any, _weights: Any) -> Any:
    return tensors, targets
