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

"""
Train a network on random images and measure the speed.

Usage: fit.py ours|bare. ``ours`` trains a recipe as ``digiphys train`` does, ``bare`` calls Keras
``fit``. Prints the images a second as JSON.
"""

import json
from pathlib import Path
import sys
import tempfile
from time import perf_counter
from typing import Any

from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.networks import build_network
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train.background import Material
from digiphys_ros.learning.train.train import prepare_of, train_network
import numpy as np
from numpy.typing import NDArray

IMAGES, HELD_OUT, CLASSES, EPOCHS = 12_800, 256, 10, 3


def random_images() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return images of 32x32 and their classes, the same each time."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES + HELD_OUT, 32, 32, 3)).astype(np.uint8)
    return images, rng.integers(0, CLASSES, len(images))


def recipe_rate(images: NDArray[Any], classes: NDArray[Any]) -> float:
    """Return images a second after the first epoch, including checkpoints and logs."""
    labels = tuple(map(str, range(CLASSES)))
    recipe = Recipe.model_validate({
        'name': 'bench', 'network': {'name': 'article_cnn'}, 'epochs': EPOCHS, 'batch': 32,
        'preprocess': {'width': 32, 'height': 32}})
    ends: list[float] = []
    parts = [in_memory('bench', labels, images[start:end], classes[start:end])
             for start, end in ((0, IMAGES), (IMAGES, None))]
    with tempfile.TemporaryDirectory() as work:
        train_network(recipe, Material(parts[0], {'held out': parts[1]}), prepare_of(recipe),
                      work=Path(work), on_epoch=lambda _history: ends.append(perf_counter()))
    return IMAGES * (EPOCHS - 1) / (ends[-1] - ends[0])


def bare_rate(images: NDArray[Any], classes: NDArray[Any]) -> float:
    """Return images a second of a plain ``model.fit`` on the same arrays."""
    import keras
    tensors = (images / 255).astype(np.float32)
    model = build_network('article_cnn', {}, (32, 32, 3), CLASSES)
    model.compile(keras.optimizers.Adam(),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=['accuracy'])
    held_out = tensors[IMAGES:], classes[IMAGES:]
    options = {'batch_size': 32, 'verbose': 0, 'validation_data': held_out}
    model.fit(tensors[:IMAGES], classes[:IMAGES], epochs=1, **options)
    started_s = perf_counter()
    model.fit(tensors[:IMAGES], classes[:IMAGES], epochs=EPOCHS - 1, **options)
    return IMAGES * (EPOCHS - 1) / (perf_counter() - started_s)


def main() -> None:
    rate = {'ours': recipe_rate, 'bare': bare_rate}[sys.argv[1]](*random_images())
    print(json.dumps({'images_per_second': rate}))


if __name__ == '__main__':
    main()
