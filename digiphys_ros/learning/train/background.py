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

"""The background class, and drawn traffic signs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.augment import approach
from digiphys_ros.learning.datasets import background_crops, Dataset, open_dataset, split_dataset
from digiphys_ros.learning.datasets.dataset import in_memory, join_parts
from digiphys_ros.learning.evaluate.evaluate import match_labels
from digiphys_ros.learning.recipe_sections import BackgroundSpec
from digiphys_ros.learning.train.outliers import Outliers
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm


@dataclass(frozen=True)
class Material:
    """
    The data of one training.

    :ivar validation: data sets by name; the first one is evaluated after each epoch.
    :ivar augment: changes a training image; None without augmentation.
    :ivar outliers: out-of-distribution images, if the recipe has any.
    """

    training: Dataset
    validation: Mapping[str, Dataset]
    augment: Callable[[NDArray[Any], np.random.Generator], NDArray[Any]] | None = None
    outliers: Outliers | None = None


def with_background(material: Material, spec: BackgroundSpec, size_px: int,
                    seed: int) -> Material:
    """
    Add the background class with its images, and drawn signs if the recipe has any.

    :raises ConfigError: when the classes are not the drawable signs.
    """
    labels = (*material.training.labels, spec.label)
    validation = {name: replace(part, labels=labels) for name, part in material.validation.items()}
    parts = [replace(material.training, labels=labels)]
    if spec.scenery is not None:
        crops = background_crops(spec.scenery, spec.crops, size_px, seed)
        cut = len(crops) * 4 // 5
        parts.append(_of_background(crops[:cut], labels))
        validation['scenery without a sign'] = _of_background(crops[cut:], labels)
    if spec.collected is not None:
        kept, held = _collected(spec.collected, labels, size_px, seed)
        parts.append(kept)
        validation['simulated scenes'] = held
    if spec.drawn:
        if 'stop' not in labels:
            raise ConfigError('field `background.drawn` needs the sign names of '
                              'config/labels/gtsrb.txt: add --labels gtsrb')
        rng = np.random.default_rng(seed)
        parts.append(_drawn(rng, labels, spec.drawn, size_px))
        validation['drawn signs'] = _drawn(rng, labels, max(spec.drawn // 8, 1), size_px)
    training = join_parts(material.training.uri, labels, parts)
    scenes = [training.read(int(index))
              for index in np.flatnonzero(training.classes == len(labels) - 1)]
    if not scenes:
        raise ConfigError('field `background`: needs `scenery`, `collected` or `drawn`, images '
                          'without any of the classes.')
    return Material(training, validation, _approach(scenes, size_px) if spec.approach else None)


def _of_background(images: NDArray[Any], labels: tuple[str, ...]) -> Dataset:
    return in_memory('scenery', labels, images, np.full(len(images), len(labels) - 1, np.int64))


def _collected(uri: str, labels: tuple[str, ...], size_px: int, seed: int
               ) -> tuple[Dataset, Dataset]:
    """Return four fifths of the simulated worlds, and the rest."""
    data = match_labels(open_dataset(uri), labels)
    split = split_dataset(data, 0.2, seed=seed)
    sides = []
    for indices in (split.train, split.validation):
        images = [cv2.resize(data.read(int(index)), (size_px, size_px),
                             interpolation=cv2.INTER_AREA) for index in indices]
        sides.append(in_memory('simulated', labels, np.stack(images), data.classes[indices]))
    return sides[0], sides[1]


def _drawn(rng: np.random.Generator, labels: tuple[str, ...], count: int,
           size_px: int) -> Dataset:
    """Return drawn signs; every fourth image is an empty scene."""
    from digiphys_ros.applications.traffic_signs.drawn_course import sample_crop
    from digiphys_ros.applications.traffic_signs.signs import SIGNS
    names = [None if index % 4 == 3 else SIGNS[int(rng.integers(len(SIGNS)))]
             for index in range(count)]
    images = [cv2.resize(sample_crop(rng, name, 64), (size_px, size_px),
                         interpolation=cv2.INTER_AREA)
              for name in tqdm(names, desc='drawing signs', disable=count < 1000 or None)]
    classes = np.array([labels.index(name or labels[-1]) for name in names], np.int64)
    return in_memory('drawn', labels, np.stack(images), classes)


def _approach(scenes: list[NDArray[Any]], size_px: int
              ) -> Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]:
    def augment(image: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        if image.shape[:2] != (size_px, size_px):
            image = cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_AREA)
        return approach(image, scenes[int(rng.integers(len(scenes)))], rng)
    return augment
