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

"""What is in a data set, and what is wrong with it."""

from collections import Counter
from pathlib import Path
from typing import Any

import cv2
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.datasets.duplicates import Fingerprints
from digiphys_ros.learning.datasets.split import PARTS, Split
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

TILE_PX, COLUMNS, MOST_ROWS, NAME_PX = 48, 12, 60, 210


def inspect_dataset(data: Dataset, split: Split | None = None) -> dict[str, Any]:
    """
    Return a report that JSON can hold.

    Duplicates are told by the names of the samples; those within a group, such as the frames of a
    track, are not: they are meant to be alike.

    :param split: where given, duplicates on two sides of it are told as leakage.
    """
    sizes: Counter[str] = Counter()
    unreadable: list[dict[str, str]] = []
    prints = Fingerprints()
    for index in tqdm(range(len(data)), desc='reading', unit='sample'):
        try:
            sample = data.read(index)
        except DatasetError as error:
            unreadable.append({'sample': data.keys[index], 'reason': str(error)})
            continue
        sizes['x'.join(map(str, sample.shape))] += 1
        if data.kind == 'image':
            prints.add(index, sample)
    exact, near = (_between_groups(data, found) for found in (prints.exact(), prints.near()))
    counts = data.counts()
    return {
        'data': data.uri, 'kind': data.kind, 'samples': len(data),
        'groups': len(set(data.groups.tolist())),
        'classes': dict(zip(data.labels, counts.tolist(), strict=True)),
        'imbalance': round(float(counts.max() / max(counts.min(), 1)), 2),
        'sizes': dict(sizes.most_common()), 'unreadable': unreadable,
        'duplicates': {'exact': _named(data, exact), 'near': _named(data, near),
                       'of_different_classes': _named(data, [
                           group for group in (*exact, *near)
                           if len(set(data.classes[group].tolist())) > 1])},
        'leakage': None if split is None else _leakage(data, split, [*exact, *near]),
    }


def _between_groups(data: Dataset, found: list[list[int]]) -> list[list[int]]:
    return [group for group in found if len(set(data.groups[group].tolist())) > 1]


def _named(data: Dataset, groups: list[list[int]]) -> list[list[str]]:
    return [[data.keys[index] for index in group] for group in groups]


def _leakage(data: Dataset, split: Split, groups: list[list[int]]) -> list[dict[str, str]]:
    """Return, for each group of duplicates on several sides, one sample of each side."""
    side = np.full(len(data), '', dtype='U10')
    for name in PARTS:
        side[getattr(split, name)] = name
    found = []
    for group in groups:
        sides = {str(side[index]): data.keys[index] for index in reversed(group)}
        if len(sides) > 1:
            found.append(sides)
    return found


def montage(data: Dataset, path: Path, seed: int = 0) -> None:
    """Draw samples of each class, a class a row, sixty rows at most."""
    rng = np.random.default_rng(seed)
    rows = []
    for label, name in list(enumerate(data.labels))[:MOST_ROWS]:
        members = np.flatnonzero(data.classes == label)
        chosen = rng.permutation(members)[:COLUMNS]
        row = np.full((TILE_PX, NAME_PX + COLUMNS * TILE_PX, 3), 255, np.uint8)
        cv2.putText(row, f'{name[:24]} ({len(members)})', (4, TILE_PX // 2 + 4),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
        for column, index in enumerate(chosen):
            left = NAME_PX + column * TILE_PX
            row[:, left:left + TILE_PX] = _tile(data, int(index))
        rows.append(row)
    if not cv2.imwrite(str(path), np.vstack(rows)):
        raise DatasetError(f'{path}: the montage cannot be written: name a .png in a folder that '
                           'exists.')


def _tile(data: Dataset, index: int) -> NDArray[Any]:
    try:
        image = data.read(index)
    except DatasetError:
        return np.full((TILE_PX, TILE_PX, 3), (0, 0, 255), np.uint8)
    bgr = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
    return cv2.resize(bgr, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
