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

"""Train a recipe and write the bundle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
import re
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.writer import check_target
from digiphys_ros.errors import ConfigError
from digiphys_ros.learning.augment import Augmenter
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.datasets.dataset import join_parts
from digiphys_ros.learning.datasets.stream import Prepare, Stream, tensor_of
from digiphys_ros.learning.evaluate.corruptions import corrupt_randomly
from digiphys_ros.learning.export import without_optimizer
from digiphys_ros.learning.networks import add_flip_tta, add_lora, build_network, merge_lora
from digiphys_ros.learning.networks.transfer import fill_from
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train.background import Material, with_background
from digiphys_ros.learning.train.bundle import About, make_bundle
from digiphys_ros.learning.train.fit import Fit
from digiphys_ros.learning.train.log import History
from digiphys_ros.learning.train.outliers import Outliers
from digiphys_ros.learning.train.precision import half_policy, half_precision
from digiphys_ros.learning.train.strategy import DistributionStrategy, SingleWorker
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np
from numpy.typing import NDArray

ACROSS = {'left': 'right', 'right': 'left'}
UPSIDE_DOWN = {'up': 'down', 'down': 'up', 'top': 'bottom', 'bottom': 'top', 'upper': 'lower',
               'lower': 'upper'}
"""Words in labels that mirroring swaps."""


@dataclass(frozen=True)
class Result:
    """Result of a training: the bundle, and loss and accuracy by epoch."""

    bundle: Bundle
    history: History


def train(recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset], out: Path, *,
          work: Path, resume: bool = False, about: About | None = None) -> Result:
    """
    Train, calibrate on the validation images and write a bundle.

    :param validation: data sets by name; the first one is evaluated after each epoch.
    :param out: the bundle to write; written only on success.
    :param work: folder of checkpoint, logs and curves.
    :param resume: continue from the checkpoint in ``work``, with the same result as without a
        break.
    :raises ConfigError: when recipe and data do not fit.
    :raises BundleError: when ``out`` holds something other than a bundle.
    :raises DatasetError: when the data cannot be trained on.
    :raises TrainingError: when the training fails.
    """
    check_target(out)
    material = material_of(recipe, training, validation)
    spec = recipe.preprocess
    if training.kind != 'image':
        raise ConfigError(f'recipe {recipe.name}: a bundle is for images, and {training.uri} is a '
                          'table of numbers.')
    if spec is None:
        raise ConfigError(f'recipe {recipe.name}: field `preprocess` is missing: {training.uri} '
                          'holds images, which must be brought to one size: add it, such as '
                          '`preprocess: {width: 32, height: 32}`.')
    model, history = train_network(recipe, material, prepare_of(recipe), work=work,
                                   resume=resume)
    if recipe.tta == 'flip':
        model = add_flip_tta(without_optimizer(model))
    bundle = make_bundle(model, recipe, spec, material, out, about or About())
    return Result(bundle, history)


def material_of(recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset]) -> Material:
    """
    Return the data of a training, with the background class of the recipe.

    :raises ConfigError: when the recipe mirrors images and the labels forbid it.
    :raises DatasetError: when the data cannot be trained on.
    """
    training.check_trainable()
    _check_mirrorable(recipe, training.labels)
    material = Material(training, validation)
    if recipe.background is not None and recipe.preprocess is not None:
        material = with_background(material, recipe.background, recipe.preprocess.width,
                                   recipe.seed)
    if recipe.outliers is None:
        return material
    held_out = join_parts('validation', material.training.labels,
                          list(material.validation.values()))
    background = recipe.background.label if recipe.background else None
    return replace(material, outliers=Outliers(
        recipe.outliers, _scenes(material.training, background), _scenes(held_out, background)))


def _scenes(data: Dataset, background: str | None) -> Dataset:
    """Return the background images, or all without a background class."""
    if background is None or background not in data.labels:
        return data
    return data.take(np.flatnonzero(data.classes == data.labels.index(background)))


def _check_mirrorable(recipe: Recipe, labels: Sequence[str]) -> None:
    """Refuse to mirror a class whose mirror image is another class."""
    named = {label.lower(): label for label in labels}
    for field, asked, other_side in (
            ('augment.flip_horizontal', recipe.augment.flip_horizontal, ACROSS),
            ('tta', recipe.tta == 'flip', ACROSS),
            ('augment.flip_vertical', recipe.augment.flip_vertical, UPSIDE_DOWN)):
        for lower, label in named.items() if asked else ():
            other = named.get(_swapped(lower, other_side), label)
            if other != label:
                raise ConfigError(f'recipe {recipe.name}: field `{field}`: the mirror image of '
                                  f'"{label}" is "{other}", and would be trained as "{label}": '
                                  f'set {field} to {"none" if field == "tta" else "false"}.')


def _swapped(label: str, other_side: Mapping[str, str]) -> str:
    return re.sub(rf'(?<![a-z])({"|".join(other_side)})(?![a-z])',
                  lambda word: other_side[word[0]], label)


def prepare_of(recipe: Recipe) -> Prepare:
    """Return the preprocessing of a sample; rows of a table are tensors already."""
    if recipe.preprocess is None:
        return lambda row: row
    return partial(tensor_of, Preprocessor(recipe.preprocess))


def train_network(recipe: Recipe, material: Material, prepare: Prepare, *, work: Path,
                  resume: bool = False, on_epoch: Callable[[History], None] | None = None,
                  strategy: DistributionStrategy | None = None) -> tuple[Any, History]:
    """
    Return the trained Keras model and its history.

    :param prepare: sample -> tensor.
    :param on_epoch: called with the history after each epoch.
    :param strategy: the workers that train; None is a single worker.
    """
    import keras
    import tensorflow as tf
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    place = strategy or SingleWorker()
    training = Stream(
        material.training, prepare, batch=recipe.batch, seed=recipe.seed,
        augment=_augment(recipe, material), mixup=recipe.augment.mixup,
        class_weights=_class_weights(recipe, material.training),
        **_unanswerable(recipe, material))
    held_out = Stream(next(iter(material.validation.values())), prepare, batch=256)
    shape = prepare(material.training.read(0)).shape
    plain = build_network(recipe.network.name, recipe.network.options, shape,
                          len(material.training.labels))
    if recipe.init_from is not None:
        fill_from(plain, recipe.init_from, material.training.labels)
    whole = plain if recipe.lora is None else add_lora(plain, recipe.lora.rank, recipe.lora.alpha)
    model = place.replicate(whole)
    with half_precision(model, half_policy() if recipe.mixed_precision else None):
        history = Fit(recipe, model, training, held_out, work, on_epoch, place).run(resume=resume)
    return (model if recipe.lora is None else merge_lora(model, plain)), history


def _augment(recipe: Recipe, material: Material
             ) -> Callable[[NDArray[Any], np.random.Generator], NDArray[Any]] | None:
    own = Augmenter(recipe.augment) if recipe.augment.changes_images else None
    first = material.augment
    if first is None or own is None:
        return first or own
    return lambda image, rng: own(first(image, rng), rng)


def _unanswerable(recipe: Recipe, material: Material) -> dict[str, Any]:
    """Return the options of ``Stream`` that replace samples by corrupted ones or outliers."""
    ambiguous, outliers = recipe.ambiguous, material.outliers
    fractions = [section.fraction if section else 0.0 for section in (ambiguous, recipe.outliers)]
    augment = _augment(recipe, replace(material, augment=None))

    def corrupt(image: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        # without both there is no random draw, which keeps the batches of older releases
        if ambiguous and (outliers is None or rng.random() * sum(fractions) < fractions[0]):
            return corrupt_randomly(image, ambiguous.corruptions, rng)
        assert outliers is not None
        drawn = outliers.draw(rng)
        return augment(drawn, rng) if augment else drawn
    return {'corrupt': corrupt, 'ambiguous': sum(fractions)} if sum(fractions) else {}


def _class_weights(recipe: Recipe, data: Dataset) -> NDArray[Any] | None:
    """Return weights that give each class equal influence, 1 on average over the samples."""
    if recipe.class_weights == 'none':
        return None
    counts = data.counts()
    result: NDArray[Any] | None = len(data) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return result
