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
"""Plot the results of scenarios, one strip each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from digiphys_ros.simulation.scenarios.trial import Trial
from matplotlib.figure import Figure
from matplotlib.patches import Patch

GOOD, BAD, SAFE, FAULT = '#2a7f3f', '#c0392b', '#f2b134', '#7d8ca3'


def draw(trials: Sequence[Trial], path: Path) -> None:
    """
    Write all results as one figure.

    :param path: a PNG file.
    """
    figure = Figure(figsize=(14, 1.0 + 0.62 * len(trials)), layout='constrained')
    axes = figure.subplots(len(trials), 1, squeeze=False)[:, 0]
    for strip, trial in zip(axes, trials, strict=True):
        _draw_strip(strip, trial)
    axes[-1].set_xlabel('simulated time [s]', fontsize=8)
    passed = sum(trial.passed for trial in trials)
    figure.suptitle(f'{passed} of {len(trials)} scenarios passed', fontsize=11)
    figure.legend(
        handles=[Patch(color=FAULT, alpha=0.45, label='fault'),
                 Patch(color=SAFE, alpha=0.6, label='actuator in safe state'),
                 Patch(color=BAD, label='failed expectation')],
        loc='upper right', ncol=3, fontsize=8)
    figure.savefig(path, dpi=100)


def _draw_strip(axes: Any, trial: Trial) -> None:
    end_s = trial.simulated_s
    for fault in trial.scenario.faults:
        axes.axvspan(fault.from_s, min(fault.to_s or end_s, end_s), ymin=0.72, color=FAULT,
                     alpha=0.45, linewidth=0)
        label = f' {fault.kind} {getattr(fault, "node", "")}'
        axes.text(fault.from_s, 0.86, label, transform=axes.get_xaxis_transform(),
                  fontsize=6, va='center', clip_on=True)
    axes.fill_between(trial.times_s, 0, 0.72, where=trial.safe, step='mid', color=SAFE, alpha=0.6,
                      linewidth=0, transform=axes.get_xaxis_transform())
    high = max((*trial.values, 1e-6))
    axes.plot(trial.times_s, [0.68 * value / high for value in trial.values], linewidth=1,
              color='#20303f')
    for verdict in trial.verdicts:
        if verdict.time_s is not None:
            axes.axvline(verdict.time_s, color=BAD, linewidth=2)
            axes.text(verdict.time_s, 0.3, f' {verdict.expectation}', color=BAD, fontsize=7)
    axes.set(xlim=(0, end_s), ylim=(0, 1), yticks=[])
    axes.tick_params(labelsize=6)
    axes.set_ylabel(trial.name.replace('_', ' '), rotation=0, ha='right', va='center', fontsize=8,
                    color=GOOD if trial.passed else BAD)
    name = trial.scenario.application.strip_state or 'score'
    axes.text(1.005, 0.5, f'{name}\nmax {high:.3g}', transform=axes.transAxes, fontsize=6,
              va='center')
