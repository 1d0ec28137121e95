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

"""Out-of-distribution images for training and evaluation (outlier exposure)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.datasets import Dataset, open_dataset
from digiphys_ros.learning.datasets.dataset import list_names
from digiphys_ros.learning.datasets.stream import SampleCache
from digiphys_ros.learning.outlier_kinds import outlier_of
from digiphys_ros.learning.recipe_abstain import OutliersSpec
import numpy as np
from numpy.typing import NDArray

CACHE_BYTES = 1 << 28
MEASURED_IMAGES = 1000
"""Number of images of each kind."""


@dataclass(frozen=True)
class Held:
    """
    Outliers held out from training.

    :ivar unseen: whether training has no images of this kind.
    :ivar read: returns the image of an index.
    """

    kind: str
    unseen: bool
    count: int
    read: Callable[[int], NDArray[Any]]


class Outliers:
    """
    Outliers of a recipe.

    :param scenes: images from which some kinds are made, for training.
    :param held_scenes: the same for evaluation.
    :raises ConfigError: when the images have no class that the recipe holds out.
    :raises DatasetError: when a file of images cannot be read.
    """

    def __init__(self, spec: OutliersSpec, scenes: Dataset, held_scenes: Dataset) -> None:
        self._spec, self._scenes, self._held_scenes = spec, scenes, held_scenes
        self._images = {uri: _opened(uri, classes) for uri, classes in spec.images.items()}
        self._training = [_trained_on(data, spec.images[uri])
                          for uri, data in self._images.items()]

    def draw(self, rng: np.random.Generator) -> NDArray[Any]:
        """Return a random outlier: half of them from the files, if there are any."""
        if self._training and (not self._spec.kinds or rng.random() < 0.5):
            data, read = self._training[int(rng.integers(len(self._training)))]
            return read(int(rng.integers(len(data))))
        kind = self._spec.kinds[int(rng.integers(len(self._spec.kinds)))]
        scene = self._scenes.read(int(rng.integers(len(self._scenes))))
        return outlier_of(scene, kind, rng)

    def held_out(self) -> Iterator[Held]:
        """Yield the outliers for evaluation, by kind."""
        for uri, data in self._images.items():
            yield from _held_images(uri, data, self._spec.images[uri])
        for uri in self._spec.unseen_images:
            yield _held(uri, True, open_dataset(uri, labeled=False))
        for kind in (*self._spec.kinds, *self._spec.unseen_kinds):
            yield Held(kind, kind in self._spec.unseen_kinds, MEASURED_IMAGES,
                       partial(self._made, kind))

    def _made(self, kind: str, index: int) -> NDArray[Any]:
        scene = self._held_scenes.read(index % len(self._held_scenes))
        return outlier_of(scene, kind, np.random.default_rng([0, index]))


def _opened(uri: str, held_classes: Sequence[str]) -> Dataset:
    data = open_dataset(uri)
    unknown = [name for name in held_classes if name not in data.labels]
    if unknown:
        raise ConfigError(f'field `outliers.images`: {uri} has no class "{unknown[0]}", it has: '
                          f'{list_names(data.labels)}.')
    return data


def _sides(data: Dataset, held_classes: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the images of held-out classes, and every tenth of the others."""
    unseen = np.isin(data.classes, [data.labels.index(name) for name in held_classes])
    tenth = np.arange(len(data)) % 10 == 0
    return unseen, ~unseen & tenth


def _trained_on(data: Dataset, held_classes: Sequence[str]
                ) -> tuple[Dataset, Callable[[int], NDArray[Any]]]:
    unseen, held = _sides(data, held_classes)
    chosen = data.take(np.flatnonzero(~unseen & ~held))
    return chosen, SampleCache(chosen.read, CACHE_BYTES)


def _held_images(uri: str, data: Dataset, held_classes: Sequence[str]) -> Iterator[Held]:
    _, held = _sides(data, held_classes)
    yield _held(f'{uri}, classes trained on', False, data.take(np.flatnonzero(held)))
    for name in held_classes:
        of_class = data.classes == data.labels.index(name)
        yield _held(f'{uri}, {name}', True, data.take(np.flatnonzero(of_class)))


def _held(kind: str, unseen: bool, data: Dataset) -> Held:
    chosen = np.random.default_rng(0).permutation(len(data))[:MEASURED_IMAGES]
    some = data.take(np.sort(chosen))
    return Held(kind, unseen, len(some), some.read)
