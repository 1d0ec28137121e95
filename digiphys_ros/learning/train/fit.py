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

"""The epochs of a training, from the first or from a checkpoint on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
from typing import Any

from digiphys_ros.errors import TrainingError
from digiphys_ros.learning.datasets.stream import Stream
from digiphys_ros.learning.networks import freeze, unfreeze
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train import checkpoint
from digiphys_ros.learning.train.log import History, write_log
from digiphys_ros.learning.train.optimizer import make_loss, make_optimizer
from digiphys_ros.learning.train.progress import watchers
import numpy as np
from tqdm import tqdm

CHECKPOINT, BEST = 'checkpoint.npz', 'best.npz'


@dataclass(frozen=True)
class Phase:
    """
    Epochs that share trainable layers and a learning rate schedule.

    :ivar first: number of its first epoch, from 0.
    :ivar end: number after its last.
    """

    first: int
    end: int
    learning_rate: float
    frozen: bool = False


def phases(recipe: Recipe) -> Sequence[Phase]:
    """Return one phase, or two for transfer learning: the last layer first, then all."""
    rate, transfer = recipe.optimizer.learning_rate, recipe.transfer
    if transfer is None:
        return [Phase(0, recipe.epochs, rate)]
    return [Phase(0, transfer.frozen_epochs, rate, frozen=True),
            Phase(transfer.frozen_epochs, recipe.epochs, transfer.learning_rate)]


class Fit:
    """
    Train a model in place.

    :param work: folder of checkpoint and logs.
    :param on_epoch: called with the history after each epoch; what it raises ends the training.
    """

    def __init__(self, recipe: Recipe, model: Any, training: Stream, validation: Stream,
                 work: Path, on_epoch: Callable[[History], None] | None = None) -> None:
        self._recipe, self._model, self._work = recipe, model, work
        self._training, self._validation = training, validation
        self._on_epoch = on_epoch
        self.history: History = []

    def run(self, *, resume: bool) -> History:
        """
        Train all epochs that are left, and leave the best weights where the recipe stops early.

        :param resume: go on from the checkpoint in ``work``; without one, from the start.
        :return: loss, accuracy, val_loss and val_accuracy of each epoch.
        :raises TrainingError: when the loss is no number, a file cannot be written, or the
            checkpoint is of another training.
        :raises DatasetError: when a sample cannot be read.
        """
        self._work.mkdir(parents=True, exist_ok=True)
        values = self._saved() if resume else []
        if not values:
            for name in (CHECKPOINT, BEST):
                (self._work / name).unlink(missing_ok=True)
        with tqdm(total=self._recipe.epochs * self._training.steps, desc='training',
                  initial=len(self.history) * self._training.steps, unit='step') as bar:
            for phase in phases(self._recipe):
                self._compile(phase)
                if phase.first < len(self.history) <= phase.end:
                    checkpoint.fill(self._work / CHECKPOINT, self._variables(), values)
                while len(self.history) < phase.end and not self._stopped_early():
                    self._epoch(bar)
        if self._recipe.early_stopping:
            _, best = checkpoint.read(self._work / BEST)
            checkpoint.fill(self._work / BEST, self._model.variables, best)
        return self.history

    def _saved(self) -> list[Any]:
        """Take the history from the checkpoint, where there is one; return its variables."""
        path = self._work / CHECKPOINT
        if not path.exists():
            return []
        state, values = checkpoint.read(path)
        if state.get('training') != self._identity():
            raise TrainingError(f'{path}: is of another recipe or other data: start without '
                                '--resume.')
        self.history = state['history']
        return values

    def _compile(self, phase: Phase) -> None:
        model, recipe = self._model, self._recipe
        if recipe.transfer is not None:
            if phase.frozen:
                freeze(model)
            else:
                unfreeze(model, recipe.transfer.unfreeze)
        optimizer = make_optimizer(
            recipe.optimizer, recipe.schedule, learning_rate=phase.learning_rate,
            epochs=phase.end - phase.first, steps_per_epoch=self._training.steps)
        model.compile(optimizer, make_loss(recipe.loss), metrics=['accuracy'],
                      jit_compile=recipe.xla and _has_gpu())
        model.optimizer.build(model.trainable_variables)

    def _variables(self) -> list[Any]:
        return [*self._model.variables, *self._model.optimizer.variables]

    def _identity(self) -> str:
        """Return what must be the same for a checkpoint to be gone on from."""
        data = self._training.data
        about = f'{self._recipe.model_dump_json()}{data.labels}{len(data)}'
        return hashlib.sha256(about.encode() + data.classes.tobytes()).hexdigest()

    def _epoch(self, bar: Any) -> None:
        number = len(self.history)
        bar.set_description(f'epoch {number + 1}/{self._recipe.epochs}')
        try:
            fitted = self._model.fit(
                self._training.epoch(number), verbose=0, shuffle=False,
                validation_data=self._validation.epoch(0).map(_unweighted),
                callbacks=watchers(bar, number + 1))
        except Exception:
            # TensorFlow wraps what a reader thread raises
            error = self._training.error or self._validation.error
            if error is not None:
                raise error from None
            raise
        self.history.append({name: float(values[-1])
                             for name, values in sorted(fitted.history.items())})
        bar.set_postfix({name: f'{value:.4f}' for name, value in self.history[-1].items()})
        if self._recipe.early_stopping and self._best() == number:
            checkpoint.save(self._work / BEST, self._model.variables, {})
        checkpoint.save(self._work / CHECKPOINT, self._variables(), {
            'training': self._identity(), 'history': self.history})
        write_log(self.history, self._work)
        if self._on_epoch is not None:
            self._on_epoch(self.history)

    def _best(self) -> int:
        """Return the number of the best epoch so far."""
        assert self._recipe.early_stopping is not None
        monitor = self._recipe.early_stopping.monitor
        values = [epoch[monitor] for epoch in self.history]
        return int(np.argmin(values) if monitor.endswith('loss') else np.argmax(values))

    def _stopped_early(self) -> bool:
        stopping = self._recipe.early_stopping
        return stopping is not None and bool(self.history) and \
            len(self.history) - 1 - self._best() >= stopping.patience


def _unweighted(tensors: Any, targets: Any, _weights: Any) -> Any:
    return tensors, targets


def _has_gpu() -> bool:
    import tensorflow as tf
    return bool(tf.config.list_physical_devices('GPU'))
