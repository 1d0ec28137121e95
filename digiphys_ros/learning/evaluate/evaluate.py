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

"""Measure a bundle on labeled images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from digiphys_ros.bundles.bundle import Bundle
from digiphys_ros.bundles.preprocess_spec import Roi, WHOLE_FRAME
from digiphys_ros.errors import DatasetError
from digiphys_ros.learning.datasets.dataset import Dataset, list_names
from digiphys_ros.learning.datasets.stream import tensor_of
from digiphys_ros.learning.evaluate.adversarial import Attack, NO_GRADIENTS
from digiphys_ros.learning.evaluate.corruptions import (
    changes,
    corrupt,
    CORRUPTIONS,
    OF_COLORS,
    shrink,
    STRENGTHS,
)
from digiphys_ros.learning.evaluate.figures import (
    abstain_curve,
    auroc,
    by_class,
    expected_calibration_error,
    figures,
    reliability,
    worst_group,
)
from digiphys_ros.perception.classify import softmax
from digiphys_ros.perception.engines import Engine
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

BATCH = 64


def match_labels(data: Dataset, labels: Sequence[str]) -> Dataset:
    """
    Return the data with class indices of a bundle's labels.

    Classes are matched by name. If the data has numeric labels that are not names of the bundle,
    number k is class k, from 0. Classes without a sample are ignored.

    :raises DatasetError: for a class that the bundle does not have.
    """
    used = [data.labels[index] for index in np.unique(data.classes)]
    places: dict[str | int, int] = {label: index for index, label in enumerate(labels)}
    keys: dict[str, str | int] = {label: label for label in used}
    if not set(used) <= places.keys() and all(label.isdecimal() for label in data.labels):
        named = all(label.isdecimal() for label in labels)
        places = {int(label) if named else index: index for index, label in enumerate(labels)}
        keys = {label: int(label) for label in used}
    unknown = [label for label in used if keys[label] not in places]
    if unknown:
        first = data.keys[int(np.argmax(data.classes == data.labels.index(unknown[0])))]
        raise DatasetError(
            f'{data.uri}: the bundle has no class "{unknown[0]}", it has {len(labels)}: '
            f'{list_names(labels)}: use the same class names, give --labels, or number the '
            f'classes from 0 to {len(labels) - 1} in the order of its labels; the first of '
            f'"{unknown[0]}" is {first}.')
    order = np.zeros(len(data.labels), np.int64)
    order[np.unique(data.classes)] = [places[keys[label]] for label in used]
    return replace(data, labels=tuple(labels), classes=order[data.classes])


class Measured:
    """
    A bundle with an engine, run as on the robot.

    :param roi: a region that replaces the bundle's.
    """

    def __init__(self, bundle: Bundle, engine: Engine, roi: Roi | None = None) -> None:
        self.bundle = bundle if roi is None else bundle.with_roi(roi)
        self.engine = engine
        self._preprocess = Preprocessor(engine.spec, roi)

    def tensor(self, image: NDArray[Any]) -> NDArray[Any]:
        """Prepare one image: (H, W, C), as the bundle says."""
        return tensor_of(self._preprocess, image)

    def logits(self, images: Iterable[NDArray[Any]]) -> NDArray[Any]:
        """Return (N, classes) for images of any size; an iterator is read one image at a time."""
        tensors = (self.tensor(image) for image in images)
        parts = []
        while batch := list(islice(tensors, BATCH)):
            parts.append(self.engine.infer(np.stack(batch)))
        return np.concatenate(parts)

    def logits_of(self, data: Dataset, what: str) -> NDArray[Any]:
        """Return (N, classes); images are read one by one."""
        return self.logits(data.read(index) for index in tqdm(
            range(len(data)), desc=what, unit='image', disable=None))


def evaluate_bundle(bundle: Bundle, engine: Engine, data: Dataset, *,
                    outliers: Dataset | None = None, robustness_images: int = 500,
                    seed: int = 0, roi: Roi | None = None) -> dict[str, Any]:
    """
    Return a report for JSON; every metric has its number of images.

    :param outliers: out-of-distribution images, which should get low scores.
    :param robustness_images: number of random images to corrupt; 0 for none.
    :param roi: a region that replaces the bundle's.
    :raises DatasetError: when the data has no images, or a class that the bundle does not have.
    """
    for one in (data, outliers):
        if one is not None and one.kind != 'image':
            raise DatasetError(f'{one.uri}: holds a table of numbers, and a bundle is for images: '
                               'images are (N, H, W) or (N, H, W, 3) uint8.')
    data = match_labels(data, bundle.labels)
    measured = Measured(bundle, engine, roi)
    manifest = bundle.manifest
    logits = measured.logits_of(data, 'images')
    report = {
        'bundle': manifest.name, 'hash': bundle.hash, 'engine': engine.name,
        'roi': list(measured.bundle.spec.roi or WHOLE_FRAME),
        **report_on(logits, data, manifest.temperature, manifest.abstain_below),
        'background': manifest.background}
    if outliers is not None:
        probabilities = softmax(logits, manifest.temperature)
        strange = softmax(measured.logits_of(outliers, 'outliers'), manifest.temperature)
        report['outliers'] = {
            'data': outliers.uri, 'images': len(outliers), 'inliers': len(data),
            'answered': round(float((strange.max(axis=1) >= manifest.abstain_below).mean()), 5),
            'auroc': auroc(probabilities.max(axis=1), strange.max(axis=1))}
    report['robustness'] = _robustness(measured, data, robustness_images, seed)
    return report


def report_on(logits: NDArray[Any], data: Dataset, temperature: float,
              abstain_below: float) -> dict[str, Any]:
    """
    Return all metrics that need only logits and labels.

    :param data: samples with the classes of the model.
    """
    probabilities = softmax(logits, temperature)
    answers = probabilities.argmax(axis=1)
    return {
        **figures(logits, data.classes, temperature, abstain_below),
        'temperature': temperature, 'abstain_below': abstain_below,
        'ece_before_temperature': round(
            expected_calibration_error(softmax(logits), data.classes), 5),
        'reliability': reliability(probabilities, data.classes),
        'abstain_curve': abstain_curve(probabilities, data.classes),
        **by_class(answers, data.classes, data.labels),
        'worst_group': worst_group(answers, data.classes, data.groups)}


def _robustness(measured: Measured, data: Dataset, count: int, seed: int) -> dict[str, Any]:
    if not count:
        return {'images': 0}
    some = data.take(np.sort(np.random.default_rng(seed).permutation(len(data))[:count]))
    clean, colorful = 0, 0
    right = {name: np.zeros(len(STRENGTHS), int) for name in CORRUPTIONS}
    attack = Attack.on(measured.bundle)
    for start in tqdm(range(0, len(some), BATCH), desc='corruptions', unit='batch',
                      disable=None):
        indices = range(start, min(start + BATCH, len(some)))
        images = [shrink(some.read(index), measured.bundle.spec) for index in indices]
        ground_truth = some.classes[indices]
        clean += _right(measured, images, ground_truth)
        colorful += sum(image.ndim == 3 for image in images)
        for name in CORRUPTIONS:
            right[name] += _right_corrupted(measured, images, ground_truth, name, seed + start)
        if attack is not None:
            attack.add(images, ground_truth)
    return {
        'images': len(some), 'color_images': colorful,
        'accuracy': round(clean / len(some), 5),
        **_corrupted(right, len(some), colorful),
        'fgsm_px': None if attack is None else attack.accuracy(),
        **({'fgsm_missing': NO_GRADIENTS} if attack is None else {})}


def _right(measured: Measured, images: Sequence[NDArray[Any]], ground_truth: NDArray[Any]) -> int:
    return int((measured.logits(images).argmax(axis=1) == ground_truth).sum())


def _right_corrupted(measured: Measured, images: Sequence[NDArray[Any]],
                     ground_truth: NDArray[Any], name: str, seed: int) -> list[int]:
    """Count right answers at each strength, over the images that the corruption changes."""
    chosen = [index for index, image in enumerate(images) if changes(name, image)]
    if not chosen:
        return [0] * len(STRENGTHS)
    return [_right(measured, [corrupt(images[index], name, strength, seed + index)
                              for index in chosen], ground_truth[chosen])
            for strength in STRENGTHS]


def _corrupted(right: Mapping[str, NDArray[Any]], images: int, colorful: int) -> dict[str, Any]:
    """Return accuracies by corruption, None if it changes no image, and their mean."""
    counts = {name: colorful if name in OF_COLORS else images for name in right}
    accuracies = {name: [round(one / counts[name], 5) for one in some.tolist()]
                  if counts[name] else None for name, some in right.items()}
    return {'corruptions': accuracies, 'mean_accuracy_corrupted': round(float(np.mean(
        [values for values in accuracies.values() if values is not None])), 5)}
