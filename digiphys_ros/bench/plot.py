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

"""Plot the results, one figure for each benchmark that has a plot."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

Cases = Sequence[Mapping[str, Any]]
MODEL, TRANSPORT, OURS, OTHER, LINE = '#2a7f3f', '#7d8ca3', '#f2b134', '#c0392b', '#20303f'


def draw(cases: Mapping[str, Cases], folder: Path) -> list[Path]:
    """Write a PNG for each benchmark that ran and has a plot; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw_one in DRAWINGS.items():
        if name in cases:
            figure = Figure(figsize=(10, 5.5), layout='constrained')
            draw_one(figure, cases[name])
            paths.append(folder / f'{name}.png')
            figure.savefig(paths[-1], dpi=100)
    return paths


def _latency(figure: Figure, cases: Cases) -> None:
    figure.set_size_inches(11, 1.6 + 0.42 * len(cases))
    axes = figure.subplots()
    places = range(len(cases))
    left = [0.0] * len(cases)
    for key, times, label, color in (
            ('model_ms', 1, 'model', MODEL),
            ('bare_transport_ms', 1, 'bare image transport', TRANSPORT),
            ('small_transport_ms', 2, 'two bare small transports', '#b9c3d0')):
        widths = [times * one[key] for one in cases]
        axes.barh(places, widths, left=left, label=label, color=color, height=0.6)
        left = [one + width for one, width in zip(left, widths, strict=True)]
    for percent, marker in (('50', 'o'), ('99', '|')):
        axes.plot([one[f'p{percent}_ms'] for one in cases], places, marker, color=LINE,
                  markersize=8, label=f'capture to command, p{percent}')
    axes.set(yticks=places, yticklabels=[one['case'] for one in cases],
             title='End-to-end latency and its lower bound [ms]')
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    # matplotlib 3.5 of Ubuntu 22.04 has no 'outside' locations
    axes.legend(loc='upper center', bbox_to_anchor=(0.5, -0.15), ncol=5, fontsize=8)


def _tutorial(figure: Figure, cases: Cases) -> None:
    for axes, key, title in zip(
            figure.subplots(1, 2), ('p50_ms', 'most_hz'),
            ('capture to command, p50 [ms]', 'highest rate [commands/s]'), strict=True):
        bars = axes.bar([one['case'].partition(',')[0] for one in cases],
                        [one[key] for one in cases], color=[OTHER, OURS], width=0.6)
        axes.bar_label(bars, fmt='%.1f')
        axes.set(yscale='log', title=title)
    figure.suptitle('Tutorial-style node and digiphys_ros: same model, same frames')


def _load(figure: Figure, cases: Cases) -> None:
    cameras = [one for one in cases if 'cameras' in one]
    axes = figure.subplots()
    bars = axes.bar([str(one['cameras']) for one in cameras], [one['hz'] for one in cameras],
                    color=OURS, width=0.6, label='one classifier')
    axes.bar_label(bars, fmt='%.1f')
    axes.axhline(cameras[0]['alone_hz'], color=MODEL, label='engine alone at its best batch')
    axes.set(xlabel='cameras', ylabel='frame rate of all cameras [1/s]',
             title=cameras[0]['case'].partition(', ')[2])
    axes.legend()


def _memory(figure: Figure, cases: Cases) -> None:
    axes = figure.subplots()
    bars = axes.bar([one['case'].replace(', ', '\n') for one in cases],
                    [one['resident_mb'] for one in cases], color=OURS, width=0.6)
    axes.bar_label(bars, [f'{one["resident_mb"]:.0f} MB'
                          + (f' ({one["grown_mb"]:+.1f})' if 'grown_mb' in one else '')
                          for one in cases])
    axes.set(ylabel='resident memory [MB]',
             title=f'Resident memory (growth over {cases[-1]["frames"]} small frames)')


def _engines(figure: Figure, cases: Cases) -> None:
    models = list(dict.fromkeys(one['case'] for one in cases))
    for axes, model in zip(figure.subplots(1, len(models), squeeze=False)[0], models, strict=True):
        for one in cases:
            if one['case'] == model:
                sizes = [int(size) for size in one['batch_ms']]
                axes.plot(sizes, [value / size for size, value in zip(
                    sizes, one['batch_ms'].values(), strict=True)], 'o-',
                    label=f'{one["engine"]}, {one["device"]}')
        axes.set(xscale='log', yscale='log', xlabel='batch size', title=model,
                 ylabel='time per image [ms]')
        axes.set_xticks(sizes, list(map(str, sizes)))
        # at least one decade, as a smaller range exaggerates a few percent
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, high / 10), high)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter('{x:g}')
        axes.minorticks_off()
        axes.legend(fontsize=8)


DRAWINGS: Mapping[str, Callable[[Figure, Cases], None]] = {
    'latency': _latency, 'tutorial': _tutorial, 'load': _load, 'memory': _memory,
    'engines': _engines}
