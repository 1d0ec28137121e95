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

"""Run the epochs of a training, from the start or from a checkpoint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
from typing import Any

from digiphys_ros.errors import TrainingError
from digiphys_ros.files import MODEL_BYTES, read_bytes, reason_of
from digiphys_ros.learning.datasets.stream import Stream
from digiphys_ros.learning.networks import freeze, unfreeze
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train import checkpoint
from digiphys_ros.learning.train.log import clear_log, Curves, History, write_log
from digiphys_ros.learning.train.optimizer import make_loss, make_optimizer
from digiphys_ros.learning.train.precision import FLOAT16, half_policy
from digiphys_ros.learning.train.progress import Watch
from digiphys_ros.learning.train.strategy import DistributionStrategy, SingleWorker
from digiphys_ros.perception.engines import tensorflow_sees_gpu
import numpy as np
from tqdm import tqdm

CHECKPOINT, BEST = 'checkpoint.npz', 'best.npz'


@dataclass(frozen=True)
class Phase:
    """
    Epochs with the same trainable layers and learning rate schedule.

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
    :param on_epoch: called with the history after each epoch; its exceptions end the training.
    :param strategy: the workers that train.
    """

    def __init__(self, recipe: Recipe, model: Any, training: Stream, validation: Stream,
                 work: Path, on_epoch: Callable[[History], None] | None = None,
                 strategy: DistributionStrategy | None = None) -> None:
        self._recipe, self._model, self._work = recipe, model, work
        self._training, self._validation = training, validation
        self._on_epoch, self._strategy = on_epoch, strategy or SingleWorker()
        self.history: History = []
        self._curves = Curves(work)

    def run(self, *, resume: bool) -> History:
        """
        Train the remaining epochs; with early stopping, restore the best weights.

        :param resume: continue from the checkpoint in ``work``, if there is one.
        :return: loss, accuracy, val_loss and val_accuracy of each epoch.
        :raises TrainingError: when the loss is not finite, a file cannot be written, or the
            checkpoint belongs to another training.
        :raises DatasetError: when a sample cannot be read.
        """
        if self._strategy.chief:
            self._make_room(resume)
        values = self._saved()
        with tqdm(total=self._recipe.epochs * self._training.steps, desc='training',
                  initial=len(self.history) * self._training.steps, unit='step',
                  disable=not self._strategy.chief or None) as bar:
            for phase in phases(self._recipe):
                self._compile(phase)
                if phase.first < len(self.history) <= phase.end:
                    checkpoint.fill(self._work / CHECKPOINT, self._variables(), values)
                while len(self.history) < phase.end and not self._stopped_early():
                    self._epoch(bar)
        if self._strategy.chief and self.history:
            self._curves.draw(self.history)
        if self._recipe.early_stopping:
            _, best = self._read(BEST)
            checkpoint.fill(self._work / BEST, self._model.variables, best)
        return self.history

    def _make_room(self, resume: bool) -> None:
        """Make the folder, and remove files of an earlier training."""
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            if not resume:
                for name in (CHECKPOINT, BEST):
                    (self._work / name).unlink(missing_ok=True)
            if not (self._work / CHECKPOINT).exists():
                clear_log(self._work)
        except OSError as error:
            raise TrainingError(f'{self._work}: checkpoint and logs cannot be written there: '
                                f'{error.strerror or error}.') from error

    def _saved(self) -> Sequence[Any]:
        """Restore the history from the checkpoint, if there is one; return its variables."""
        identity = self._identity()
        if self._strategy.broadcast(identity.encode()) != identity.encode():
            raise TrainingError('the chief of the cluster has another recipe or other data.')
        state, values = self._read(CHECKPOINT)
        if values and state.get('training') != identity:
            raise TrainingError(f'{self._work / CHECKPOINT}: belongs to another recipe or other '
                                'data: start without --resume.')
        self.history = state.get('history', [])
        return values

    def _read(self, name: str) -> tuple[dict[str, Any], Sequence[Any]]:
        """Return state and variables in a file of the chief; empty without the file."""
        path, content = self._work / name, None
        if self._strategy.chief and path.exists():
            try:
                content = read_bytes(path, MODEL_BYTES)
            except OSError as error:
                raise TrainingError(f'{path}: cannot be read: {reason_of(error)}.') from error
        content = self._strategy.broadcast(content)
        return ({}, []) if content is None else checkpoint.read(path, content)

    def _compile(self, phase: Phase) -> None:
        model, recipe = self._model, self._recipe
        if recipe.transfer is not None:
            if phase.frozen:
                freeze(model)
            else:
                unfreeze(model, recipe.transfer.unfreeze)
        with self._strategy.scope():
            self._optimizer = make_optimizer(
                recipe.optimizer, recipe.schedule, learning_rate=phase.learning_rate,
                epochs=phase.end - phase.first, steps_per_epoch=self._training.steps,
                scale_loss=recipe.mixed_precision and half_policy() == FLOAT16)
        self._trainer = self._strategy.trainer(
            model, self._optimizer, make_loss(recipe.loss),
            xla=recipe.xla and tensorflow_sees_gpu())

    def _variables(self) -> list[Any]:
        return [*self._model.variables, *self._optimizer.variables]

    def _identity(self) -> str:
        """Return a hash that must be equal for a checkpoint to be resumed."""
        data = self._training.data
        about = f'{self._recipe.model_dump_json()}{data.labels}{len(data)}'
        return hashlib.sha256(about.encode() + data.classes.tobytes()).hexdigest()

    def _epoch(self, bar: Any) -> None:
        number = len(self.history)
        bar.set_description(f'epoch {number + 1}/{self._recipe.epochs}')
        watch = Watch(bar, self._recipe.name, number + 1)
        try:
            figures = self._trainer.epoch(self._training, self._validation, number, watch)
        except Exception:
            # TensorFlow wraps exceptions of reader threads
            error = self._training.error or self._validation.error
            if error is not None:
                raise error from None
            raise
        watch.after_epoch(figures)
        self.history.append(figures)
        bar.set_postfix({name: f'{value:.4f}' for name, value in figures.items()})
        if self._strategy.chief:
            self._write()
        if self._on_epoch is not None:
            self._on_epoch(self.history)

    def _write(self) -> None:
        """Write the best weights before the checkpoint: a kill between the two loses nothing."""
        if self._recipe.early_stopping and self._best() == len(self.history) - 1:
            checkpoint.save(self._work / BEST, self._model.variables, {})
        checkpoint.save(self._work / CHECKPOINT, self._variables(), {
            'training': self._identity(), 'history': self.history})
        write_log(self.history, self._work)
        self._curves.grow(self.history)

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
