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

"""Make a bundle of a trained network: calibrate, measure, export, describe."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
import tempfile
from typing import Any

import cv2
from digiphys_ros.bundles.bundle import Bundle, load_bundle
from digiphys_ros.bundles.manifest import BundleManifest
from digiphys_ros.bundles.preprocess_spec import PreprocessSpec
from digiphys_ros.bundles.writer import write_bundle
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.datasets.dataset import join_parts
from digiphys_ros.learning.datasets.stream import Prepare, Stream, tensor_of
from digiphys_ros.learning.evaluate import calibrate, calibration, cross_fit, figures
from digiphys_ros.learning.evaluate.corruptions import corrupt_randomly
from digiphys_ros.learning.evaluate.figures import auroc
from digiphys_ros.learning.export import export_model
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.recipe_abstain import AmbiguousSpec
from digiphys_ros.learning.train.background import Material
from digiphys_ros.learning.train.card import model_card
from digiphys_ros.learning.train.outliers import Held, Outliers
from digiphys_ros.perception.classify import softmax
from digiphys_ros.perception.preprocess import Preprocessor
from digiphys_ros.resources import find_resource
import numpy as np
from numpy.typing import NDArray

GOLDEN_FRAMES = 8
CHECKED_IMAGES = BATCH = 256


@dataclass(frozen=True)
class About:
    """
    Origin of a model, for its card.

    :ivar command: the command line to reproduce it.
    :ivar sources: the data sources, one line each.
    :ivar split: rule of the validation split, as text.
    :ivar held_out: the same as data, to hold out the same images again.
    """

    command: str = ''
    sources: tuple[str, ...] = ()
    split: str = ''
    held_out: Mapping[str, Any] = field(default_factory=dict)


def make_bundle(model: Any, recipe: Recipe, spec: PreprocessSpec, material: Material, out: Path,
                about: About) -> Bundle:
    """
    Calibrate on all validation images, measure on each set, export and write.

    :param spec: preprocessing of the network.
    """
    training, validation = material.training, material.validation
    prepare = partial(tensor_of, Preprocessor(spec))
    logits = {name: _logits(model, Stream(data, prepare, batch=BATCH))
              for name, data in validation.items()}
    ambiguous = {name: _logits(model, Stream(_corrupt(data, recipe.ambiguous), prepare,
                                             batch=BATCH))
                 for name, data in validation.items()} if recipe.ambiguous else None
    temperature, threshold, metrics = _calibrate(logits, validation, recipe, ambiguous)
    manifest = BundleManifest(
        name=recipe.name, use=recipe.use, labels=training.labels, preprocess=spec,
        files={'litert': 'to come'},
        background=recipe.background.label if recipe.background else None,
        temperature=temperature, abstain_below=threshold, metrics=metrics,
        provenance={
            'network': model.name, 'parameters': int(model.count_params()),
            'command': about.command, 'sources': list(about.sources), 'split': about.split,
            'validation': dict(about.held_out),
            'training_images': len(training),
            'recipe': recipe.model_dump(mode='json', exclude_defaults=True),
            **_origin(recipe), **_outliers(model, prepare, material.outliers, logits, temperature,
                                           threshold)})
    frames = golden_frames(spec)
    golden = np.stack([prepare(frame) for frame in frames])
    held_out = next(iter(validation.values()))
    check = np.stack([prepare(held_out.read(index))
                      for index in range(min(CHECKED_IMAGES, len(held_out)))])
    with tempfile.TemporaryDirectory() as folder:
        files = export_model(model, Path(folder), check)
        return write_bundle(out, manifest, files=files, frames=frames,
                            logits=np.asarray(model(golden, training=False)),
                            card=model_card(manifest))


def _corrupt(data: Dataset, ambiguous: AmbiguousSpec) -> Dataset:
    return replace(data, read=lambda index: corrupt_randomly(
        data.read(index), ambiguous.corruptions, np.random.default_rng([0, index])))


def _origin(recipe: Recipe) -> dict[str, Any]:
    """Return the bundle with the initial weights."""
    if recipe.init_from is None:
        return {}
    bundle = load_bundle(find_resource(recipe.init_from, 'models'))
    return {'init_from': {'bundle': bundle.manifest.name, 'hash': bundle.hash}}


def _outliers(model: Any, prepare: Prepare, outliers: Outliers | None,
              logits: Mapping[str, NDArray[Any]], temperature: float, threshold: float
              ) -> dict[str, Any]:
    """Return how many held-out outliers are answered, by kind."""
    if outliers is None:
        return {}
    surest = softmax(np.concatenate(list(logits.values())), temperature).max(axis=1)
    rows = {}
    for held in outliers.held_out():
        scores = softmax(_answers(model, prepare, held), temperature).max(axis=1)
        rows[held.kind] = {
            'unseen': held.unseen, 'images': held.count,
            'answered': round(float((scores >= threshold).mean()), 5),
            'auroc': auroc(surest, scores)}
    return {'outliers': rows}


def _answers(model: Any, prepare: Prepare, held: Held) -> NDArray[Any]:
    batches = [range(start, min(start + BATCH, held.count))
               for start in range(0, held.count, BATCH)]
    return np.concatenate([np.asarray(model(
        np.stack([prepare(held.read(index)) for index in batch]), training=False))
        for batch in batches])


def _calibrate(logits: Mapping[str, NDArray[Any]], validation: Mapping[str, Dataset],
               recipe: Recipe, ambiguous: Mapping[str, NDArray[Any]] | None
               ) -> tuple[float, float, dict[str, Any]]:
    """Return temperature and threshold, fitted on all sets, and the metrics of each set."""
    parts = list(validation.values())
    whole = join_parts('validation', parts[0].labels, parts)
    scores, sharpen = np.concatenate(list(logits.values())), recipe.use != 'advice'
    ambiguous_logits = np.concatenate(list(ambiguous.values())) if ambiguous else None
    unanswered = recipe.outliers.unanswered if recipe.outliers else None
    temperature, threshold = calibrate(scores, whole.classes, sharpen=sharpen,
                                       ambiguous=ambiguous_logits, unanswered=unanswered)
    probabilities, answered = cross_fit(scores, whole.classes, whole.groups, sharpen=sharpen,
                                        ambiguous=ambiguous_logits, unanswered=unanswered)
    metrics, start = {}, 0
    for name, data in validation.items():
        part = slice(start, start := start + len(data))
        metrics[name] = {
            **figures(logits[name], data.classes, temperature, threshold),
            'cross_fitted': calibration(probabilities[part], answered[part], data.classes)}
        if ambiguous:
            surest = softmax(ambiguous[name], temperature).max(axis=1)
            metrics[name]['ambiguous_answered'] = round(float((surest >= threshold).mean()), 5)
    return temperature, threshold, metrics


def golden_frames(spec: PreprocessSpec) -> NDArray[Any]:
    """
    Return frames of smooth random colors, as images of the data may be private.

    :return: (8, H, W, 3) or (8, H, W) uint8, twice as large as the network's input.
    """
    rng = np.random.default_rng(0)
    shape = (6, 6) if spec.color == 'mono' else (6, 6, 3)
    return np.stack([cv2.resize(rng.integers(0, 256, shape, np.uint8),
                                (2 * spec.width, 2 * spec.height),
                                interpolation=cv2.INTER_CUBIC) for _ in range(GOLDEN_FRAMES)])


def _logits(model: Any, stream: Stream) -> NDArray[Any]:
    return np.concatenate([np.asarray(model(tensors, training=False))
                           for tensors, *_ in stream.epoch(0)])
