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

"""What watches the steps of a training: the progress bar, and whether the loss is a number."""

import math
from typing import Any

from digiphys_ros.errors import TrainingError


def watchers(bar: Any, epoch: int) -> list[Any]:
    """
    Return Keras callbacks.

    :param bar: a tqdm bar of steps.
    :param epoch: its number, from 1, for errors.
    """
    import keras

    class Watcher(keras.callbacks.Callback):  # type: ignore[misc]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            loss = float((logs or {}).get('loss', 0.0))
            if not math.isfinite(loss):
                raise TrainingError(
                    f'the loss became {loss} in epoch {epoch}, step {batch + 1}: lower '
                    'optimizer.learning_rate, or look at the data with digiphys data inspect.')
            bar.update()
    return [Watcher()]
