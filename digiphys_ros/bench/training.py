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

"""Training: images a second against a bare Keras fit, and those of the input pipeline alone."""

from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

from digiphys_ros.bench.fit import CLASSES, random_images
from digiphys_ros.bench.options import BenchOptions
from digiphys_ros.bench.running import check_limit, result_of, script
from digiphys_ros.bundles import PreprocessSpec
from digiphys_ros.learning.augment import Augmentation, Augmenter
from digiphys_ros.learning.datasets.dataset import in_memory
from digiphys_ros.learning.datasets.stream import Stream, tensor_of
from digiphys_ros.perception import Preprocessor
from numpy.typing import NDArray
from tqdm import tqdm

WAYS, FIT_S = ('ours', 'bare'), 1200.0
LIMIT = 0.95
PAIRS = 3
"""Pairs in each round: a fit takes ten seconds, and the speed of the machine may change."""
AUGMENTATION = Augmentation(crop=0.1, scale=0.1, perspective=0.05, brightness=0.2, contrast=0.2,
                            blur=0.5, noise=0.02)


def measure(options: BenchOptions) -> dict[str, Any]:
    """Return images a second of both, their ratio and its limit; rounds are interleaved."""
    rounds = [both_rates(number)
              for number in tqdm(range(PAIRS * options.rounds), desc='training', unit='pair',
                                 disable=None)]
    ratios = [one['ours'] / one['bare'] for one in rounds]
    ratio = median(ratios)
    images, classes = random_images()
    inputs = [{'case': f'input alone, 32x32, batch 32, {name}', 'images_per_second': median(
        input_rate(images, classes, augment) for _ in range(options.rounds))}
        for name, augment in (('plain', None), ('augmented', Augmenter(AUGMENTATION)))]
    return {
        'cases': [{'case': 'training, article_cnn, 32x32, batch 32',
                   'images_per_second': median(one['ours'] for one in rounds),
                   'bare_fit_images_per_second': median(one['bare'] for one in rounds),
                   'ratio': ratio}, *inputs],
        'limits': [check_limit('training images a second / bare Keras fit', ratio, LIMIT,
                               most=False, rounds=ratios)]}


def both_rates(number: int) -> dict[str, float]:
    """
    Return images a second of both, one after the other; the order alternates.

    Each runs in its own process: ours asks TensorFlow for deterministic operations, which slow
    down everything that follows in the same process.
    """
    return {way: float(result_of(script('fit.py', way), FIT_S)['images_per_second'])
            for way in (WAYS if number % 2 == 0 else WAYS[::-1])}


def input_rate(images: NDArray[Any], classes: NDArray[Any], augment: Augmenter | None) -> float:
    """Return images a second of the input pipeline alone, without a network."""
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


def table(cases: list[dict[str, Any]]) -> list[str]:
    """Return the cases as lines of Markdown."""
    return ['| case | images a second | bare Keras fit | ratio |', '|---|---|---|---|', *[
        f'| {one["case"]} | {one["images_per_second"]:.0f} | '
        + (f'{one["bare_fit_images_per_second"]:.0f} | {one["ratio"]:.2f} |' if 'ratio' in one
           else '– | – |') for one in cases]]
