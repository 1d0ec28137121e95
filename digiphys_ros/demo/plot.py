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

"""Plot a run: scores over time, commands over time, latency."""

from pathlib import Path
from typing import Any

from digiphys_ros.demo.report import Setting
from matplotlib.figure import Figure


def draw(report: dict[str, Any], setting: Setting, recording: Any, path: Path) -> None:
    """
    Write the report as a figure.

    :param recording: recording of the observer (ros.observer.Recording).
    :param path: a PNG file.
    """
    figure = Figure(figsize=(12, 9), layout='constrained')
    scores, commands, latencies = figure.subplots(3, 1, height_ratios=(3, 3, 2))
    start_s = min((one.stamp_s for one in recording.classifications), default=0.0)
    _draw_scores(scores, setting, recording, start_s)
    _draw_commands(commands, recording, start_s)
    _draw_latency(latencies, recording)
    commands.sharex(scores)
    figure.suptitle(f'{report["source"]}: {report["classified"]} frames classified, '
                    f'{report["unsafe_commands"]} unsafe commands, model '
                    f'{report["model"]["name"]}, {report["ros_distro"]}')
    figure.savefig(path, dpi=100)


def _draw_scores(axes: Any, setting: Setting, recording: Any, start_s: float) -> None:
    by_label: dict[str, list[tuple[float, float]]] = {}
    for one in recording.classifications:
        label, score = one.scores[0] if one.scores else ('abstained', 0.0)
        by_label.setdefault(label, []).append((one.stamp_s - start_s, score))
    often = sorted(by_label.items(), key=lambda item: -len(item[1]))
    for index, (label, points) in enumerate(often):
        axes.plot(*zip(*points, strict=True), linestyle='', markersize=4, color=f'C{index % 10}',
                  marker='.ox+*v^s'[index // 10 % 8],
                  label=label if index < 14 else None)
    axes.axhline(setting.bundle.manifest.abstain_below, color='gray', linewidth=0.8,
                 linestyle='--')
    axes.set(ylabel='best score', ylim=(-0.05, 1.05), title='classification')
    axes.legend(fontsize=7, ncol=2, loc='center left', bbox_to_anchor=(1.0, 0.5))


def _draw_commands(axes: Any, recording: Any, start_s: float) -> None:
    times = [one.stamp_s - start_s for one in recording.commands]
    axes.plot(times, [one.linear_mps for one in recording.commands], label='linear.x [m/s]')
    axes.plot(times, [one.angular_radps for one in recording.commands], label='angular.z [rad/s]')
    axes.set(xlabel='time [s]', title='command')
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc='center left', bbox_to_anchor=(1.0, 0.5))


def _draw_latency(axes: Any, recording: Any) -> None:
    samples = {
        'capture to classification':
            [(one.arrival_s - one.stamp_s) * 1e3 for one in recording.classifications],
        'capture to command':
            [(arrival_s - stamp_s) * 1e3 for stamp_s, arrival_s in recording.obeyed],
    }
    highest = max((max(values) for values in samples.values() if values), default=1.0)
    for name, values in samples.items():
        axes.hist(values, bins=80, range=(0, highest), alpha=0.6, label=name)
    axes.set(xlabel='latency [ms]', ylabel='frames', yscale='log', title='latency')
    axes.legend(fontsize=8)
