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

"""Labelled images of simulated worlds, for training."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count as numbers
from pathlib import Path
from typing import Any

import cv2
from digiphys_ros.bundles.preprocess_spec import Roi
from digiphys_ros.errors import UsageError
from digiphys_ros.pipeline.settings import load_settings
from digiphys_ros.resources import find_resource
from digiphys_ros.simulation.application import Application, Needed, Shot
from digiphys_ros.simulation.specification import ApplicationSpec
import numpy as np
from numpy.typing import NDArray

PER_RUN = 8
"""Images of one class in one world: what looks alike must not fill the training set."""

PATIENCE = 40
"""Worlds in succession that have nothing that is still needed."""


def collect(application: ApplicationSpec, directory: Path, *, count: int, seed: int = 0,
            bar: Callable[[Iterable[int]], Iterable[int]] = iter) -> dict[str, Any]:
    """
    Write ``count`` images as ``class/world/number.png``, alike many of each class.

    Images are cut to the region of interest, as the classifier gets them. Every world has its
    own light, texture, poses and noise, also of the camera and of what it stands above. One world
    shows several classes; its folders, of the same name in each class, are one group, so that no
    world is in training and in validation.

    :param directory: new or empty.
    :param seed: the same seed gives the same images.
    :param bar: wraps what is counted, to show progress.
    :return: images by class, and how many worlds were looked at.
    :raises UsageError: for a directory that is in use, or fewer images than classes.
    :raises SimulationError: where there is no GL.
    """
    labels = application.parts().labels
    if count < len(labels):
        raise UsageError(f'--count {count}: {application.name} shows {len(labels)} classes, and '
                         f'each needs an image: {len(labels)} or more.')
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f'--out {directory}: a new or empty folder is needed, this one is '
                         'in use.')
    settings = load_settings(find_resource(application.sim_config, 'config'))
    roi = settings.classifier.region
    counts: Counter[str] = Counter()
    share, more = divmod(count, len(labels))
    wanted = _wanted(application, seed, {
        label: share + (index < more) for index, label in enumerate(labels)}, counts)
    world = -1
    for _ in bar(range(count)):
        shot = next(wanted, None)
        if shot is None:
            break
        world, label, image = shot
        folder = directory / label / f'world_{world:05d}'
        folder.mkdir(parents=True, exist_ok=True)
        cut = _cut(image, roi)
        path = folder / f'{len(list(folder.iterdir())):02d}.png'
        cv2.imwrite(str(path), cut if cut.ndim == 2 else cut[..., ::-1])
    return {'application': application.name, 'seed': seed,
            'images': dict(sorted(counts.items())), 'total': counts.total(), 'worlds': world + 1}


def _cut(image: NDArray[Any], roi: Roi | None) -> NDArray[Any]:
    if roi is None:
        return image
    (height, width), (x, y, w, h) = image.shape[:2], roi
    return image[round(y * height):round((y + h) * height),
                 round(x * width):round((x + w) * width)]


def _wanted(application: ApplicationSpec, seed: int, shares: Mapping[str, int],
            counts: Counter[str]) -> Iterator[tuple[int, str, NDArray[Any]]]:
    """Yield images and their worlds until each class has its share; ``counts`` them."""
    idle = 0
    for world in numbers():
        if idle == PATIENCE or all(counts[label] >= most for label, most in shares.items()):
            return
        idle += 1
        here: Counter[str] = Counter()
        rng = np.random.default_rng([seed, world])

        def needed(label: str | None, here: Counter[str] = here) -> bool:
            return label is not None and here[label] < PER_RUN and \
                counts[label] < shares[label]
        for label, image in application.parts().collect(rng, needed):
            here[label] += 1
            counts[label] += 1
            idle = 0
            yield world, label, image


def seen(world: Application, needed: Needed) -> Iterator[Shot]:
    """Yield the image of now where its class is needed."""
    label = world.ground_truth()
    if label is not None and needed(label):
        yield label, world.image()
