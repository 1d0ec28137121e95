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

"""Train a network on labelled images and write the bundle."""

from dataclasses import dataclass, field
from pathlib import Path
import tempfile
from typing import Any

from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.augment import approach
from digiphys_ros.learning.datasets import background_crops, ImageSet, split_by_group
from digiphys_ros.learning.evaluate import abstain_threshold, figures, fit_temperature
from digiphys_ros.learning.export import export_model
from digiphys_ros.learning.networks import article_cnn
from digiphys_ros.perception.bundle import Bundle, BundleManifest, write_bundle
from digiphys_ros.perception.classify import softmax
from digiphys_ros.perception.frame import Frame
from digiphys_ros.perception.preprocess import Preprocessor, PreprocessSpec
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

GOLDEN_FRAMES = 8
BACKGROUND = 'no_sign'


@dataclass(frozen=True)
class Recipe:
    """
    How to train.

    :ivar drawn: how many drawn signs and as many empty scenes (half of them) to mix in.
    :ivar scenery: pictures without any of the classes, for the background class.
    """

    name: str
    epochs: int = 10
    batch: int = 64
    learning_rate: float = 0.001
    seed: int = 0
    augment: bool = False
    drawn: int = 0
    scenery: str | None = None
    scenery_crops: int = 4000
    held_out: float = 0.2
    command: str = ''
    sources: tuple[str, ...] = ()


@dataclass
class Result:
    """What training gave: the bundle, its figures, and loss and accuracy an epoch."""

    bundle: Bundle
    metrics: dict[str, Any]
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class _Material:
    """Training images, and validation images by what they are."""

    training: ImageSet
    validation: dict[str, ImageSet]
    labels: tuple[str, ...]
    golden: NDArray[Any]


def train(data: ImageSet, labels: tuple[str, ...], recipe: Recipe, out: Path) -> Result:
    """
    Train the article's network, calibrate it on held-out groups and write a bundle.

    :param labels: class names in the order of ``data.labels``.
    :raises DatasetError: when names and images do not fit.
    """
    import keras
    if int(data.labels.max()) >= len(labels):
        raise DatasetError(f'class {int(data.labels.max())} has no name: {len(labels)} names '
                           'were given.')
    keras.utils.set_random_seed(recipe.seed)
    material = _material(data, labels, recipe)
    height, width = data.images.shape[1:3]
    colour: Any = 'rgb' if data.images.ndim == 4 else 'mono'
    spec = PreprocessSpec(width=width, height=height, colour=colour)
    model = article_cnn(spec.shape[1:], len(material.labels))
    history = _fit(model, material, Preprocessor(spec), recipe, colour)
    return _bundle(model, material, spec, recipe, out, history)


def _material(data: ImageSet, labels: tuple[str, ...], recipe: Recipe) -> _Material:
    training_indices, validation_indices = split_by_group(data, recipe.held_out, recipe.seed)
    training, held_out = data.take(training_indices), data.take(validation_indices)
    validation = {'held-out groups': held_out}
    golden = held_out.images[np.linspace(0, len(held_out.images) - 1, GOLDEN_FRAMES).astype(int)]
    size_px = data.images.shape[1]
    if recipe.scenery or recipe.drawn:
        labels = (*labels, BACKGROUND)
    if recipe.scenery:
        crops = background_crops(recipe.scenery, recipe.scenery_crops, size_px, recipe.seed)
        cut = len(crops) * 4 // 5
        training = training.joined(crops[:cut], len(labels) - 1)
        validation['scenery without a sign'] = _of_one_class(crops[cut:], len(labels) - 1)
    if recipe.drawn:
        rng = np.random.default_rng(recipe.seed)
        drawn = _drawn(rng, labels, recipe.drawn, size_px)
        training = ImageSet(*(np.concatenate(pair) for pair in zip(
            _arrays(training), _arrays(drawn), strict=True)))
        validation['drawn signs'] = _drawn(rng, labels, recipe.drawn // 8, size_px)
        # of our own making: the data sets' images are not ours to ship
        golden = _drawn(rng, labels, GOLDEN_FRAMES, 2 * size_px).images
    return _Material(training, validation, labels, golden)


def _arrays(data: ImageSet) -> tuple[NDArray[Any], ...]:
    return data.images, data.labels, data.groups


def _of_one_class(images: NDArray[Any], label: int) -> ImageSet:
    return ImageSet(images, np.full(len(images), label), np.arange(len(images)))


def _drawn(rng: np.random.Generator, labels: tuple[str, ...], count: int,
           size_px: int) -> ImageSet:
    """Return drawn signs, every fourth picture an empty scene."""
    import cv2
    from digiphys_ros.simulation import sample_crop, SIGNS
    names = [None if index % 4 == 3 else SIGNS[int(rng.integers(len(SIGNS)))]
             for index in range(count)]
    images = [cv2.resize(sample_crop(rng, name, 64), (size_px, size_px),
                         interpolation=cv2.INTER_AREA)
              for name in tqdm(names, desc='drawing signs', disable=count < 1000)]
    indices = np.array([labels.index(name or BACKGROUND) for name in names])
    return ImageSet(np.stack(images), indices, np.arange(count))


def _fit(model: Any, material: _Material, preprocess: Preprocessor, recipe: Recipe,
         colour: Any) -> list[dict[str, float]]:
    import keras
    training = material.training
    steps = recipe.epochs * -(-len(training.images) // recipe.batch)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps) \
        if recipe.augment else recipe.learning_rate
    model.compile(keras.optimizers.Adam(rate),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=['accuracy'])
    rng = np.random.default_rng(recipe.seed)
    held_out = material.validation['held-out groups']
    validation = _tensors(held_out.images, preprocess, colour), held_out.labels
    history: list[dict[str, float]] = []
    tensors = None if recipe.augment else _tensors(training.images, preprocess, colour)
    with tqdm(total=recipe.epochs, desc='epochs') as bar:
        for _ in range(recipe.epochs):
            inputs = tensors if tensors is not None else _tensors(
                _augmented(training, len(material.labels) - 1, rng), preprocess, colour)
            fitted = model.fit(inputs, training.labels, batch_size=recipe.batch, verbose=0,
                               validation_data=validation)
            history.append({key: float(value[-1]) for key, value in fitted.history.items()})
            bar.set_postfix({key: f'{value:.4f}' for key, value in history[-1].items()})
            bar.update()
    return history


def _augmented(data: ImageSet, background: int, rng: np.random.Generator) -> NDArray[Any]:
    scenery = data.images[data.labels == background]
    chosen = scenery[rng.integers(0, len(scenery), len(data.images))]
    return np.stack([approach(image, behind, rng)
                     for image, behind in zip(data.images, chosen, strict=True)])


def _tensors(images: NDArray[Any], preprocess: Preprocessor, colour: Any) -> NDArray[Any]:
    return np.concatenate([preprocess(Frame(image, colour)) for image in images])


def _bundle(model: Any, material: _Material, spec: PreprocessSpec, recipe: Recipe, out: Path,
            history: list[dict[str, float]]) -> Result:
    preprocess = Preprocessor(spec)
    tensors = {name: _tensors(part.images, preprocess, spec.colour)
               for name, part in material.validation.items()}
    logits = {name: model.predict(tensor, verbose=0) for name, tensor in tensors.items()}
    everything = np.concatenate(list(logits.values()))
    truth = np.concatenate([part.labels for part in material.validation.values()])
    temperature = fit_temperature(everything, truth)
    threshold = abstain_threshold(softmax(everything, temperature), truth)
    metrics = {name: figures(logits[name], part.labels, temperature, threshold)
               for name, part in material.validation.items()}
    manifest = BundleManifest(
        name=recipe.name, labels=material.labels, preprocess=spec, files={'litert': 'to come'},
        background=BACKGROUND if BACKGROUND in material.labels else None,
        temperature=temperature, abstain_below=threshold, metrics=metrics,
        provenance={
            'network': model.name, 'parameters': int(model.count_params()),
            'command': recipe.command, 'sources': list(recipe.sources), 'seed': recipe.seed,
            'epochs': recipe.epochs, 'training_images': len(material.training.images),
            'split': f'{recipe.held_out:.0%} of the groups of each class held out'})
    golden = _tensors(material.golden, preprocess, spec.colour)
    with tempfile.TemporaryDirectory() as folder:
        files = export_model(model, Path(folder), tensors['held-out groups'][:256])
        bundle = write_bundle(out, manifest, files=files, frames=material.golden,
                              logits=model.predict(golden, verbose=0), card=model_card(manifest))
    return Result(bundle, metrics, history)


def model_card(manifest: BundleManifest) -> str:
    """Return the text of MODEL_CARD.md, made from what the manifest holds."""
    rows = [f'| {name} | {part["images"]} | {part["accuracy"]:.4f} '
            f'({part["accuracy_95"][0]:.4f} to {part["accuracy_95"][1]:.4f}) | '
            f'{part["balanced_accuracy"]:.4f} | {part["ece"]:.4f} | {part["answered"]:.4f} | '
            f'{part["accuracy_of_answers"] or 0:.4f} |'
            for name, part in manifest.metrics.items()]
    about = manifest.provenance
    return '\n'.join([
        f'# {manifest.name}', '',
        f'Classifies images into {len(manifest.labels)} classes with the network '
        f'`{about["network"]}` ({about["parameters"]} parameters).', '',
        '## Data', '', *[f'- {source}' for source in about['sources']],
        f'- {about["training_images"]} training images; {about["split"]}.', '',
        '## Figures', '', 'On images that training never saw.', '',
        '| images of | count | accuracy (95 % interval) | balanced | calibration error | '
        'answered | accuracy of answers |', '|---|---|---|---|---|---|---|', *rows, '',
        f'Scores are divided by the temperature {manifest.temperature}; under '
        f'{manifest.abstain_below} the classifier abstains.', '',
        '## Limits', '', 'It knows its classes only, in pictures like those it was trained on: a '
        'sign that fills about half of the region of interest or more. It has not been tested '
        'for any safety function.', '',
        '## Made by', '', f'    {about["command"]}', '',
        'The classes: ' + ', '.join(manifest.labels) + '.', ''])
