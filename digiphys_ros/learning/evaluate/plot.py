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

"""Plot an evaluation."""

from pathlib import Path
from typing import Any

from digiphys_ros.errors import UsageError
from digiphys_ros.learning.evaluate.corruptions import STRENGTHS


def plot_report(report: dict[str, Any], path: Path) -> None:
    """Plot confusion matrix, calibration, abstention and robustness of a report."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(14, 11), layout='constrained')
    axes = figure.subplots(2, 2)
    _confusion(axes[0, 0], report)
    _reliability(axes[0, 1], report)
    _abstain(axes[1, 0], report)
    _robustness(axes[1, 1], report)
    figure.suptitle(f'{report["bundle"]} ({report["engine"]}): accuracy {report["accuracy"]:.4f} '
                    f'on {report["images"]} images')
    save_figure(figure, path)


def save_figure(figure: Any, path: Path) -> None:
    """
    Save a Matplotlib figure.

    :raises UsageError: when the file cannot be written, or its ending is not an image format.
    """
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise UsageError(f'--plot {path}: cannot be written: {error}: name a .png in a folder '
                         'that exists.') from error


def _confusion(axes: Any, report: dict[str, Any]) -> None:
    import numpy as np
    counts = np.array(report['confusion'], float)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(fractions, cmap='Blues', vmin=0, vmax=1)
    names = report['classes']
    size = max(min(9, 220 // len(names)), 4)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    if len(names) <= 12:
        for row, column in np.ndindex(*counts.shape):
            if counts[row, column]:
                axes.text(column, row, f'{counts[row, column]:.0f}', ha='center', va='center',
                          fontsize=8, color='white' if fractions[row, column] > 0.5 else 'black')
    axes.set(xlabel='prediction', ylabel='ground truth',
             title='confusion (fraction of each true class)')


def _reliability(axes: Any, report: dict[str, Any]) -> None:
    bins = report['reliability']
    axes.plot([0, 1], [0, 1], color='gray', linestyle='--', label='calibrated')
    axes.plot([one['confidence'] for one in bins], [one['accuracy'] for one in bins],
              marker='o', label='measured')
    axes.set(xlabel='confidence', ylabel='accuracy', xlim=(0, 1), ylim=(0, 1.02),
             title=f'calibration error {report["ece"]:.4f} (before temperature '
                   f'{report["ece_before_temperature"]:.4f})')
    axes.legend()
    axes.grid(alpha=0.3)


def _abstain(axes: Any, report: dict[str, Any]) -> None:
    curve = report['abstain_curve']
    axes.plot([one['coverage'] for one in curve], [one['accuracy'] for one in curve], marker='.')
    axes.scatter([report['answered']], [report['accuracy_of_answers'] or 0], color='C3', zorder=3,
                 label=f'the bundle abstains below {report["abstain_below"]}')
    axes.set(xlabel='fraction of images answered', ylabel='accuracy of the answers',
             title='abstaining')
    axes.legend()
    axes.grid(alpha=0.3)


def _robustness(axes: Any, report: dict[str, Any]) -> None:
    robustness = report['robustness']
    if not robustness['images']:
        axes.text(0.5, 0.5, 'not measured', ha='center')
        return
    shown = {name: values for name, values in robustness['corruptions'].items() if values}
    for number, (name, values) in enumerate(shown.items()):
        axes.plot((0, *STRENGTHS), (robustness['accuracy'], *values), marker='.', label=name,
                  linestyle='-' if number < 10 else '--')
    axes.set(xlabel='strength', ylabel='accuracy', ylim=(0, 1.02),
             title=f'corruptions, {robustness["images"]} images')
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
