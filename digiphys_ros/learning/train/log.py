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

"""Training logs: CSV, TensorBoard and curves."""

import csv
import io
from pathlib import Path
import time
from typing import Any

from digiphys_ros.learning.train.checkpoint import replacing

History = list[dict[str, float]]

LOG, CURVES, TENSORBOARD = 'log.csv', 'curves.png', 'tensorboard'


def clear_log(work: Path) -> None:
    """Remove the log of an earlier training: TensorBoard would merge both."""
    for name in (LOG, CURVES):
        (work / name).unlink(missing_ok=True)
    for path in (work / TENSORBOARD).glob('events.out.tfevents.*'):
        path.unlink()


def write_log(history: History, work: Path) -> None:
    """Write ``log.csv`` and the newest epoch for TensorBoard."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ['epoch', *history[-1]])
    writer.writeheader()
    writer.writerows({'epoch': number, **epoch} for number, epoch in enumerate(history, 1))
    with replacing(work / LOG) as file:
        file.write(text.getvalue().encode())
    _tensorboard(history, work / TENSORBOARD)


class Curves:
    """Draw ``curves.png`` during training, with at most 2 % of the time."""

    def __init__(self, work: Path) -> None:
        self._path = work / CURVES
        self._next_s, self._drawn = 0.0, 0

    def grow(self, history: History) -> None:
        """Draw it, unless it was drawn recently."""
        if time.monotonic() >= self._next_s:
            self.draw(history)

    def draw(self, history: History) -> None:
        """Draw it, unless nothing has changed."""
        if len(history) == self._drawn:
            return
        started_s = time.monotonic()
        plot_curves(history, self._path)
        ended_s = time.monotonic()
        self._next_s, self._drawn = ended_s + 50 * (ended_s - started_s), len(history)


def plot_curves(history: History, path: Path) -> None:
    """Draw loss and accuracy of training and validation by epoch."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 3.5), layout='constrained')
    epochs = range(1, len(history) + 1)
    for axes, key in zip(figure.subplots(1, 2), ('loss', 'accuracy'), strict=True):
        for name in (key, f'val_{key}'):
            axes.plot(epochs, [epoch[name] for epoch in history], marker='.',
                      label='validation' if name.startswith('val') else 'training')
        axes.set(xlabel='epoch', ylabel=key)
        axes.legend()
        axes.grid(alpha=0.3)
    with replacing(path) as file:
        figure.savefig(file, dpi=110, format='png')


def _tensorboard(history: History, folder: Path) -> None:
    import tensorflow as tf
    writer: Any = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=len(history)):
        for name, value in history[-1].items():
            tf.summary.scalar(name, value)
    writer.close()
