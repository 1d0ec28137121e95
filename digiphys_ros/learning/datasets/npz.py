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

"""Arrays in an .npz file."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
import numpy as np
from numpy.typing import NDArray

GROUPS = ('group', 'track', 'session', 'patient')
PARTS = ('train', 'val', 'test')


def open_npz(path: Path, part: str | None = None) -> Dataset:
    """
    Return the samples of ``x`` with the classes ``y``.

    The arrays may be named ``x_train``, ``y_train``, ``x_val`` and so on, or as MedMNIST does
    ``train_images`` and ``train_labels``; then ``part`` takes one, and without it all are joined.
    Groups are in ``group``, ``track``, ``session`` or ``patient``; class names may be in
    ``labels``.

    :raises DatasetError: naming the array that is missing or of the wrong shape.
    """
    arrays = _arrays(path)
    chosen = [_part(path, arrays, *names) for names in _names(path, arrays, part)]
    samples = np.concatenate([samples for samples, *_ in chosen])
    classes = np.concatenate([classes for _, classes, *_ in chosen])
    groups = np.concatenate([groups for *_, groups, _ in chosen]) \
        if all(groups is not None for *_, groups, _ in chosen) else np.arange(len(samples))
    keys = tuple(f'{name}[{index}]' for part_samples, _, _, name in chosen
                 for index in range(len(part_samples)))
    labels = tuple(map(str, arrays['labels'])) if 'labels' in arrays \
        else tuple(map(str, range(int(classes.max(initial=0)) + 1)))
    table = samples.ndim == 2
    return Dataset(str(path), labels, classes, groups, keys,
                   partial(_read, samples.astype(np.float32) if table else samples),
                   'table' if table else 'image')


def _read(samples: NDArray[Any], index: int) -> NDArray[Any]:
    sample: NDArray[Any] = samples[index]
    return sample[:, :, 0] if sample.ndim == 3 and sample.shape[2] == 1 else sample


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(f'{path}: cannot be read as .npz: {error}.') from error


def _names(path: Path, arrays: Mapping[str, Any], part: str | None
           ) -> list[tuple[str, str, str]]:
    """Return the names of samples, of classes and the suffix of groups, for each part."""
    schemes = [[(f'x_{name}', f'y_{name}', f'_{name}') for name in PARTS],
               [(f'{name}_images', f'{name}_labels', f'_{name}') for name in PARTS]]
    for scheme in schemes:
        there = [names for names in scheme if names[0] in arrays]
        if there:
            chosen = [names for names in there if part is None or names[2] == f'_{part}']
            if not chosen:
                raise DatasetError(f'{path}: has no part "{part}", only '
                                   f'{", ".join(names[2][1:] for names in there)}.')
            return chosen
    if part is not None:
        raise DatasetError(f'{path}: has no part "{part}": it holds {", ".join(arrays)}.')
    return [('x', 'y', '')]


def _part(path: Path, arrays: Mapping[str, NDArray[Any]], x_name: str, y_name: str, suffix: str
          ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None, str]:
    for name in (x_name, y_name):
        if name not in arrays:
            raise DatasetError(f'{path}: needs an array `{name}`, found '
                               f'{", ".join(arrays) or "nothing"}.')
    samples, classes = arrays[x_name], arrays[y_name].squeeze()
    groups = next((arrays[name + suffix] for name in GROUPS if name + suffix in arrays), None)
    images = samples.dtype == np.uint8 and (
        samples.ndim == 3 or (samples.ndim == 4 and samples.shape[3] in (1, 3)))
    if not images and not (samples.ndim == 2 and samples.dtype.kind in 'fiu'):
        raise DatasetError(f'{path}: `{x_name}` must be images, (N, H, W, 3) or (N, H, W) uint8, '
                           f'or a table, (N, F) numbers; received {samples.shape} '
                           f'{samples.dtype}.')
    if classes.ndim != 1 or classes.dtype.kind not in 'iu':
        raise DatasetError(f'{path}: `{y_name}` must be (N,) whole numbers, received '
                           f'{arrays[y_name].shape} {classes.dtype}.')
    if not len(samples) == len(classes) == len(samples if groups is None else groups):
        raise DatasetError(f'{path}: `{x_name}`, `{y_name}` and its groups must be equally long, '
                           f'received {len(samples)}, {len(classes)} and '
                           f'{len(samples if groups is None else groups)}.')
    return samples, classes.astype(np.int64), groups, x_name
