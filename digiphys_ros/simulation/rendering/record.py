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

"""Video and plot of a run."""

from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
from digiphys_ros.errors import UsageError
from digiphys_ros.simulation.loop import FrameRecord, Recording
import numpy as np
from numpy.typing import NDArray

WHITE, GREEN, RED = (255, 255, 255), (120, 230, 120), (110, 110, 255)


def add_caption(image: NDArray[Any], frame: FrameRecord) -> NDArray[Any]:
    """
    Return an image with prediction, rule and commands written below it.

    :param image: (H, W) or (H, W, 3) uint8, RGB.
    :return: (H + 62, W, 3) uint8, BGR.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    canvas: NDArray[Any] = np.zeros((bgr.shape[0] + 62, bgr.shape[1], 3), np.uint8)
    canvas[:bgr.shape[0]] = bgr
    shown = 'abstained' if frame.prediction is None else f'{frame.prediction} {frame.score:.2f}'
    wrong = frame.prediction is not None and frame.ground_truth not in (None, frame.prediction)
    states = ', '.join(sorted(set(frame.gate_states.values())))
    sent = '; '.join(f'{actuator} ' + ' '.join(f'{name} {value:.2f}'
                                               for name, value in values.items())
                     for actuator, values in frame.outputs.items())
    for row, (text, color) in enumerate((
            (f'{frame.time_s:7.2f} s   {shown}', RED if wrong else GREEN),
            (f'rule {frame.rule or "-"}   gate {states or "-"}', WHITE), (sent, WHITE))):
        cv2.putText(canvas, text, (6, bgr.shape[0] + 17 + 19 * row), cv2.FONT_HERSHEY_SIMPLEX,
                    0.45, color, 1, cv2.LINE_AA)
    return canvas


def check_video_path(path: Path) -> None:
    """
    Check that a video can be written to ``path``.

    :raises UsageError: if it cannot.
    """
    if path.suffix.lower() != '.mp4':
        raise UsageError(f'--record {path}: the name must end in .mp4.')
    if not path.absolute().parent.is_dir():
        raise UsageError(f'--record {path}: there is no folder {path.absolute().parent}: create '
                         'it.')


class VideoFile:
    """
    Write images into an MP4 file; use it as a context manager.

    :param rate_hz: images a second.
    :raises UsageError: for a file that cannot be written.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path, self._rate_hz = path, rate_hz
        self._writer: Any = None
        check_video_path(path)

    def add(self, image: NDArray[Any]) -> None:
        """
        Append an image.

        :param image: (H, W, 3) uint8, BGR, of the same size each time.
        """
        if self._writer is None:
            self._writer = cv2.VideoWriter(
                str(self._path), cv2.VideoWriter.fourcc(*'mp4v'), self._rate_hz,
                image.shape[1::-1])
            if not self._writer.isOpened():
                raise UsageError(f'--record {self._path}: cannot be written.')
        self._writer.write(image)

    def __enter__(self) -> 'VideoFile':
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.release()


def draw(recording: Recording, title: str, path: Path) -> None:
    """
    Plot predictions, commands and the resulting state over time.

    :param path: a PNG file.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(12, 9), layout='constrained')
    prediction, sent, state = figure.subplots(3, 1, sharex=True)
    times = [frame.time_s for frame in recording.frames]
    _draw_predictions(prediction, recording)
    for actuator in recording.frames[-1].outputs:
        for name in recording.frames[-1].outputs[actuator]:
            values = [frame.outputs.get(actuator, {}).get(name, np.nan)
                      for frame in recording.frames]
            sent.step(times, values, where='post', label=f'{actuator} {name}')
    sent.set(title='commands to the actuators')
    _draw_state(state, recording, times)
    for axes in (prediction, sent, state):
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=7, loc='center left', bbox_to_anchor=(1.0, 0.5))
    figure.suptitle(title)
    figure.savefig(path, dpi=100)


def _draw_predictions(axes: Any, recording: Recording) -> None:
    by_label: dict[str, list[tuple[float, float]]] = {}
    for frame in recording.frames:
        by_label.setdefault(frame.prediction or 'abstained', []).append(
            (frame.time_s, frame.score))
    often = sorted(by_label.items(), key=lambda item: -len(item[1]))
    for index, (label, points) in enumerate(often[:14]):
        axes.plot(*zip(*points, strict=True), linestyle='', markersize=4, label=label,
                  marker='.ox+*v^s'[index // 10 % 8], color=f'C{index % 10}')
    axes.set(ylabel='score', ylim=(-0.05, 1.05), title='predictions of the classifier')


STATES = ('speed_mps', 'limit_mps', 'belt_mps', 'waiting', 'misses')


def _draw_state(axes: Any, recording: Recording, times: list[float]) -> None:
    for name in STATES:
        if name in recording.frames[-1].state:
            values = [float(frame.state[name]) for frame in recording.frames]
            axes.plot(times, [value if np.isfinite(value) else np.nan for value in values],
                      label=name)
    for event in recording.events:
        if event.right is not None:
            axes.axvline(event.time_s, color='green' if event.right else 'red', linewidth=0.8)
    axes.set(xlabel='time [s]', title='state and events (green: correct, red: wrong)')
