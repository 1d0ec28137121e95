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

"""Watch the steps of a training: progress bar and finite loss."""

from collections.abc import Mapping
import math
from typing import Any

from digiphys_ros.errors import TrainingError


class Watch:
    """
    Watch one epoch.

    :param bar: a tqdm bar of steps.
    :param recipe: name of the recipe, for errors.
    :param epoch: its number, from 1, for errors.
    """

    def __init__(self, bar: Any, recipe: str, epoch: int) -> None:
        self._bar, self._recipe, self._epoch, self._step = bar, recipe, epoch, 0

    def after_step(self, loss: float) -> None:
        """
        Count a step.

        :raises TrainingError: when the loss is not finite.
        """
        self._step += 1
        self._check('loss', loss, f', step {self._step}')
        self._bar.update()

    def after_epoch(self, figures: Mapping[str, float]) -> None:
        """
        Check the metrics of the epoch.

        :raises TrainingError: when one is not finite: the weights may be corrupted.
        """
        for name, value in figures.items():
            self._check(name, value)

    def _check(self, name: str, value: float, where: str = '') -> None:
        if not math.isfinite(value):
            raise TrainingError(
                f'recipe {self._recipe}: the {name} became {value} in epoch {self._epoch}{where}: '
                'lower the field `optimizer.learning_rate`, or look at the data with digiphys '
                'data inspect.')


def as_callback(watch: Watch) -> Any:
    """Return a Keras callback that reports each step to the watch."""
    import keras

    class Callback(keras.callbacks.Callback):  # type: ignore[misc]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            watch.after_step(float((logs or {}).get('loss', 0.0)))
    return Callback()
