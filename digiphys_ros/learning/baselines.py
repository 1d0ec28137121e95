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

"""Baselines: a decision tree and a support-vector machine (scikit-learn)."""

from functools import partial
import time
from typing import Any, Literal

from digiphys_ros.bundles.preprocess_spec import PreprocessSpec, Roi
from digiphys_ros.errors import UsageError
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.datasets.stream import tensor_of
from digiphys_ros.learning.evaluate import abstain_threshold, figures, fit_temperature
from digiphys_ros.learning.hog import hog
from digiphys_ros.perception.classify import softmax
from digiphys_ros.perception.preprocess import Preprocessor
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

Baseline = Literal['tree', 'svm']
BASELINES: tuple[Baseline, ...] = ('tree', 'svm')

SIDE_PX = 40
"""Images are resized to five by five cells."""

LEAST_PROBABILITY = 1e-3
"""Probability of a class without a training sample in a leaf, so that it has a logarithm."""


def train_baseline(baseline: Baseline, training: Dataset, held_out: Dataset, *,
                   seed: int = 0, roi: Roi | None = None) -> dict[str, Any]:
    """
    Train on one part of the data and measure on the other.

    The features of images are histograms of oriented gradients of 40x40 pixels. Those of tables
    are their numbers, scaled to mean 0 and deviation 1.

    :param baseline: ``tree`` or ``svm`` (linear, one class against the rest).
    :param roi: region of interest; None is the whole image.
    :return: the metrics of a bundle, and ``baseline``, ``features``, ``training_images`` and
        ``training_s``.
    :raises DatasetError: when a sample cannot be read, or there are not two classes.
    :raises UsageError: when the baseline is unknown.
    """
    if baseline not in BASELINES:
        raise UsageError(f'there is no baseline "{baseline}", there are: {", ".join(BASELINES)}.')
    training.check_trainable()
    rows, unseen = _features(training, roi), _features(held_out, roi)
    start = time.monotonic()
    model = _model(baseline, seed).fit(rows, training.classes)
    training_s = time.monotonic() - start
    logits = _logits(baseline, model, unseen)
    temperature = fit_temperature(logits, held_out.classes)
    threshold = abstain_threshold(softmax(logits, temperature), held_out.classes)
    return {
        'baseline': baseline, 'features': rows.shape[1], 'training_images': len(training),
        'training_s': round(training_s, 3), 'temperature': temperature,
        'abstain_below': threshold,
        **figures(logits, held_out.classes, temperature, threshold)}


def _features(data: Dataset, roi: Roi | None) -> NDArray[Any]:
    """Return (N, features)."""
    if data.kind == 'table':
        return data.arrays()
    # in gray, a gradient between two colors of the same brightness would be lost
    spec = PreprocessSpec(width=SIDE_PX, height=SIDE_PX, color='rgb', dtype='uint8')
    prepare = partial(tensor_of, Preprocessor(spec, roi))
    return np.stack([hog(prepare(data.read(index)))
                     for index in tqdm(range(len(data)), desc='features', disable=None)])


def _model(baseline: Baseline, seed: int) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC
    from sklearn.tree import DecisionTreeClassifier
    if baseline == 'tree':
        return DecisionTreeClassifier(min_samples_leaf=5, random_state=seed)
    # strong regularisation: HOG has more features than GTSRB has images of a class
    return make_pipeline(StandardScaler(), LinearSVC(C=0.01, dual='auto', random_state=seed))


def _logits(baseline: Baseline, model: Any, rows: NDArray[Any]) -> NDArray[Any]:
    """Return scores for a softmax: (N, classes)."""
    if baseline == 'tree':
        logits: NDArray[Any] = np.log(np.maximum(model.predict_proba(rows), LEAST_PROBABILITY))
        return logits
    margins = model.decision_function(rows)
    # a binary SVM returns one decision value, not two
    return np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins
