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

"""Training, validation and test parts without a common group, kept in a manifest file."""

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.files import DATA_BYTES, parse_json, read_text, UNREADABLE
from digiphys_ros.learning.datasets.dataset import Dataset
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

SCHEMA_VERSION = 1
PARTS = ('train', 'validation', 'test')


@dataclass(frozen=True)
class Split:
    """Indices of the samples in each part, int64, ascending; ``test`` may be empty."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_dataset(data: Dataset, validation: float = 0.2, test: float = 0.0,
                  seed: int = 0) -> Split:
    """
    Split by class, in whole groups; the result is the same on every machine.

    The groups of each class are taken in the order of a hash of seed and name, until the fraction
    is reached. At least one group stays for training.

    :param validation: fraction of each class's samples, 0 to 1; the sum with ``test`` is below 1.
    :raises DatasetError: when the training or validation part would be empty.
    """
    # every comparison with NaN is false
    if not (validation >= 0 and test >= 0 and validation + test < 1):
        raise DatasetError(f'the fractions of validation and test must be at least 0 and together '
                           f'below 1, received {validation} and {test}.')
    part_of: dict[Any, str] = {}
    for label in np.unique(data.classes):
        _assign(data, int(label), {'validation': validation, 'test': test}, seed, part_of)
    parts = np.array([part_of[group] for group in data.groups.tolist()])
    indices = {name: np.flatnonzero(parts == name) for name in PARTS}
    if not len(indices['train']) or (validation and not len(indices['validation'])):
        raise DatasetError(f'{data.uri}: {len(set(data.groups.tolist()))} group(s) cannot be '
                           'split: no group may lie on both sides.')
    return Split(**indices)


def _assign(data: Dataset, label: int, fractions: Mapping[str, float], seed: int,
            part_of: dict[Any, str]) -> None:
    groups, counts = np.unique(data.groups[data.classes == label], return_counts=True)
    size = dict(zip(groups.tolist(), counts.tolist(), strict=True))
    free = sorted((group for group in size if group not in part_of),
                  key=lambda group: hashlib.sha256(f'{seed}/{group}'.encode()).digest())
    for name, fraction in fractions.items():
        wanted = fraction * counts.sum()
        taken = sum(size[group] for group in size if part_of.get(group) == name)
        while fraction and len(free) > 1 and (taken == 0 or taken + size[free[0]] / 2 <= wanted):
            taken += size[free[0]]
            part_of[free.pop(0)] = name
    part_of.update(dict.fromkeys(free, 'train'))


def save_split(path: str | Path, data: Dataset, split: Split,
               settings: Mapping[str, Any] | None = None) -> None:
    """
    Write a manifest: which sample is in which part, with the SHA-256 of its pixels and class.

    :param settings: options of the split, for information.
    :raises DatasetError: when a sample cannot be read.
    """
    samples: dict[str, dict[str, str]] = {}
    for name in PARTS:
        indices = getattr(split, name)
        samples[name] = {data.keys[index]: _hash(data, int(index))
                         for index in tqdm(indices, desc=f'hashing {name}', disable=None)}
    Path(path).write_text(json.dumps({
        'schema_version': SCHEMA_VERSION, 'source': Path(data.uri).name,
        'labels': list(data.labels), 'settings': dict(settings or {}), 'samples': samples,
    }, indent=1) + '\n', encoding='utf-8')


def load_split(path: str | Path, data: Dataset) -> Split:
    """
    Read a manifest back.

    :raises DatasetError: when it is not a manifest, or the data has changed.
    """
    samples = _samples(Path(path))
    index = {key: number for number, key in enumerate(data.keys)}
    listed = {key: digest for part in samples.values() for key, digest in part.items()}
    if len(listed) != len(data) or listed.keys() != index.keys():
        odd = sorted(listed.keys() ^ index.keys())[:3]
        raise DatasetError(f'{path}: was made for {len(listed)} samples, {data.uri} has '
                           f'{len(data)}; not in both: {", ".join(odd) or "names given twice"}.')
    for key, digest in tqdm(listed.items(), desc='checking the split', disable=None):
        if _hash(data, index[key]) != digest:
            raise DatasetError(f'{path}: {key} of {data.uri} has changed since it was split: '
                               'split it again.')
    return Split(**{name: np.array(sorted(index[key] for key in samples[name]), np.int64)
                    for name in PARTS})


def _samples(path: Path) -> dict[str, dict[str, str]]:
    try:
        document = parse_json(read_text(path, DATA_BYTES))
        if document['schema_version'] != SCHEMA_VERSION:
            raise DatasetError(f'{path}: field `schema_version`: {document["schema_version"]} is '
                               f'not known here, {SCHEMA_VERSION} is.')
        return {name: dict(document['samples'][name]) for name in PARTS}
    except UNREADABLE as error:
        raise DatasetError(f'{path}: is not a split made by digiphys data split '
                           f'({type(error).__name__}: {error}).') from error


def _hash(data: Dataset, index: int) -> str:
    sample = np.ascontiguousarray(data.read(index))
    label = data.labels[data.classes[index]]
    return hashlib.sha256(f'{label}{sample.shape}'.encode() + sample.tobytes()).hexdigest()[:32]
