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

"""Training: images a second against a bare Keras fit, and what the input alone can give."""

import argparse
from functools import partial
from pathlib import Path
from statistics import median
import tempfile
from time import perf_counter
from typing import Any

from benchmarks.running import bar
from digiphys_ros.learning.augment import Augmentation, Augmenter
from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.datasets.stream import Stream, tensor_of
from digiphys_ros.learning.networks import build_network
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train.background import Material
from digiphys_ros.learning.train.train import prepare_of, train_network
from digiphys_ros.perception import Preprocessor, PreprocessSpec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

IMAGES, HELD_OUT, CLASSES, EPOCHS = 12_800, 256, 10, 3
BAR = 0.95
AUGMENTATION = Augmentation(crop=0.1, scale=0.1, perspective=0.05, brightness=0.2, contrast=0.2,
                            blur=0.5, noise=0.02)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return images a second of both, their ratio, and the bar; interleaved rounds."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES + HELD_OUT, 32, 32, 3)).astype(np.uint8)
    classes = rng.integers(0, CLASSES, len(images))
    ours, bare = [], []
    for _ in tqdm(range(arguments.rounds), desc='training', unit='round'):
        ours.append(recipe_rate(images, classes))
        bare.append(bare_rate(images, classes))
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    ratio = median(ratios)
    inputs = [{'case': f'input alone, 32x32, batch 32, {name}', 'images_per_second': median(
        input_rate(images, classes, augment) for _ in range(arguments.rounds))}
        for name, augment in (('plain', None), ('augmented', Augmenter(AUGMENTATION)))]
    return {
        'cases': [{'case': 'training, article_cnn, 32x32, batch 32',
                   'images_per_second': median(ours), 'bare_fit_images_per_second': median(bare),
                   'ratio': ratio}, *inputs],
        'bars': [bar('training images a second / bare Keras fit', ratio, BAR, most=False,
                     rounds=ratios)]}


def recipe_rate(images: NDArray[Any], classes: NDArray[Any]) -> float:
    """Return images a second of the epochs after the first, checkpoint and logs included."""
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


def input_rate(images: NDArray[Any], classes: NDArray[Any], augment: Augmenter | None) -> float:
    """Return images a second of the batches alone, with no network behind them."""
    data = in_memory('bench', tuple(map(str, range(CLASSES))), images, classes)
    spec = PreprocessSpec(width=32, height=32)
    stream = Stream(data, partial(tensor_of, Preprocessor(spec)), batch=32, seed=0,
                    augment=augment)
    for _ in stream.epoch(0).take(10):
        pass
    started_s = perf_counter()
    for _ in stream.epoch(1):
        pass
    return len(images) / (perf_counter() - started_s)


def bare_rate(images: NDArray[Any], classes: NDArray[Any]) -> float:
    """Return images a second of ``model.fit`` on the same arrays, as anyone writes it."""
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


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| case | images a second | bare Keras fit | ratio |', '|---|---|---|---|', *[
        f'| {one["case"]} | {one["images_per_second"]:.0f} | '
        + (f'{one["bare_fit_images_per_second"]:.0f} | {one["ratio"]:.2f} |' if 'ratio' in one
           else '– | – |') for one in cases]]
