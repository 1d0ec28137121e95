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

"""Labeled images of simulated worlds, for training."""

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
from digiphys_ros.simulation.application import Application, LabeledImage, Needed
from digiphys_ros.simulation.specification import ApplicationSpec
import numpy as np
from numpy.typing import NDArray

PER_RUN = 8
"""Images of one class in one world: similar images must not fill the training set."""

PATIENCE = 40
"""Worlds in succession without a needed image, after which collection ends."""


def collect(application: ApplicationSpec, directory: Path, *, count: int, seed: int = 0,
            progress: Callable[[Iterable[int]], Iterable[int]] = iter) -> dict[str, Any]:
    """
    Write ``count`` images as ``class/world/number.png``, equally many of each class.

    Images are cropped to the region of interest, as for the classifier. Every world has its own
    light, textures, poses and noise. One world shows several classes; its folders have the same
    name in each class and are one group, so no world is in both training and validation.

    :param directory: new or empty.
    :param seed: the same seed gives the same images.
    :param progress: wraps the counter, to show progress.
    :return: images by class, and the number of worlds.
    :raises UsageError: for a directory that is not empty, or fewer images than classes.
    :raises SimulationError: without OpenGL.
    """
    labels = application.parts().labels
    if count < len(labels):
        raise UsageError(f'--count {count}: {application.name} shows {len(labels)} classes, and '
                         f'each needs an image: {len(labels)} or more.')
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f'--out {directory}: is not an empty folder: name a new or empty one.')
    settings = load_settings(find_resource(application.sim_config, 'config'))
    roi = settings.classifier.region
    counts: Counter[str] = Counter()
    quota, more = divmod(count, len(labels))
    images = _needed_images(application, seed, {
        label: quota + (index < more) for index, label in enumerate(labels)}, counts)
    world = -1
    for _ in progress(range(count)):
        found = next(images, None)
        if found is None:
            break
        world, label, image = found
        folder = directory / label / f'world_{world:05d}'
        folder.mkdir(parents=True, exist_ok=True)
        cropped = _crop(image, roi)
        path = folder / f'{len(list(folder.iterdir())):02d}.png'
        cv2.imwrite(str(path), cropped if cropped.ndim == 2 else cropped[..., ::-1])
    return {'application': application.name, 'seed': seed,
            'images': dict(sorted(counts.items())), 'total': counts.total(), 'worlds': world + 1}


def _crop(image: NDArray[Any], roi: Roi | None) -> NDArray[Any]:
    if roi is None:
        return image
    (height, width), (x, y, w, h) = image.shape[:2], roi
    return image[round(y * height):round((y + h) * height),
                 round(x * width):round((x + w) * width)]


def _needed_images(application: ApplicationSpec, seed: int, quotas: Mapping[str, int],
                   counts: Counter[str]) -> Iterator[tuple[int, str, NDArray[Any]]]:
    """Yield images and their worlds until each class has its quota; update ``counts``."""
    idle = 0
    for world in numbers():
        if idle == PATIENCE or all(counts[label] >= most for label, most in quotas.items()):
            return
        idle += 1
        here: Counter[str] = Counter()
        rng = np.random.default_rng([seed, world])

        def needed(label: str | None, here: Counter[str] = here) -> bool:
            return label is not None and here[label] < PER_RUN and \
                counts[label] < quotas[label]
        for label, image in application.parts().collect(rng, needed):
            here[label] += 1
            counts[label] += 1
            idle = 0
            yield world, label, image


def collect_current(world: Application, needed: Needed) -> Iterator[LabeledImage]:
    """Yield the current image if its class is needed."""
    label = world.ground_truth()
    if label is not None and needed(label):
        yield label, world.image()
