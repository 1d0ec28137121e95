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

"""The functions behind ``import digiphys_ros as dp``."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TYPE_CHECKING

from digiphys_ros.bundles import Bundle
from digiphys_ros.errors import ConfigError, FrameError
from digiphys_ros.files import limit_opencv
from digiphys_ros.resources import find_resource
from digiphys_ros.settings import BUNDLE, RULES, TOP_K
import numpy as np
from numpy.typing import NDArray

limit_opencv()

if TYPE_CHECKING:
    from digiphys_ros.bundles.preprocess_spec import Roi
    from digiphys_ros.control.config import ControlConfig
    from digiphys_ros.learning.recipe import Recipe
    from digiphys_ros.perception.classify import Classification, Classifier
    from digiphys_ros.perception.frame import Frame

Image = NDArray[Any] | str | PathLike[str]
"""Pixels (H, W, 3) RGB or (H, W), uint8; or the path of an image file."""


class Model:
    """
    A model bundle, ready to classify images.

    Attributes:
        bundle: the bundle, with its manifest, labels and hash.
        labels: the class names, in the order of the model's outputs.

    Example:
        >>> import digiphys_ros as dp
        >>> model = dp.load('sorting_line')
        >>> model.labels
        ('defective', 'good', 'no_part')
    """

    def __init__(self, classifier: 'Classifier') -> None:
        self._classifier = classifier
        self.bundle: Bundle = classifier.bundle
        self.labels: tuple[str, ...] = tuple(self.bundle.labels)

    def __repr__(self) -> str:
        """Return name, hash and engine."""
        return (f'Model({self.bundle.manifest.name}, {self.bundle.hash[:12]}, '
                f'{self._classifier.engine.name})')

    def __call__(self, image: Image) -> 'Classification':
        """
        Classify one image as the robot does: crop, resize, infer, calibrate, abstain.

        Args:
            image: (H, W, 3) RGB or (H, W) gray, uint8, or the path of an image file.

        Returns:
            The best classes with their probabilities, or an abstention.

        Raises:
            FrameError: for an array of another shape or type.
            SourceError: for a file that is not an image.

        Example:
            >>> import digiphys_ros as dp, numpy as np
            >>> model = dp.load('traffic_signs')
            >>> model(np.zeros((48, 48, 3), np.uint8)).abstained
            True
        """
        return self._classifier(_frame(image))


def load(bundle: str | PathLike[str] = BUNDLE, *, engine: str = 'auto',
         roi: 'Roi | None' = None, top_k: int = TOP_K, threads: int = 0) -> Model:
    """
    Load a model bundle and check it against its golden frames.

    Args:
        bundle: a folder, or the name of a shipped bundle.
        engine: auto, litert, tensorflow or onnx.
        roi: region x, y, width, height as fractions of the image; None: as in the bundle.
        top_k: number of classes to report, 1 or more.
        threads: inference threads; 0: the engine chooses.

    Returns:
        A model: call it with an image.

    Raises:
        ConfigError: when the bundle does not exist, or for an invalid ``top_k`` or ``threads``.
        BundleError: when the bundle is incomplete or was changed.
        EngineError: when no installed engine can run it.

    Example:
        >>> import digiphys_ros as dp
        >>> model = dp.load('traffic_signs')
        >>> model.labels[0]
        'speed limit 20'
    """
    from digiphys_ros.perception import Classifier
    from digiphys_ros.pipeline.model import load_model
    found = load_model(_name(bundle, 'bundle'), engine, threads=threads)
    return Model(Classifier(found.bundle, found.engine, roi=roi, top_k=top_k))


def load_rules(rules: str | PathLike[str] = RULES) -> 'ControlConfig':
    """
    Read a rules file: actuators with their limits, and the command for each class.

    Args:
        rules: a path, or the name of a shipped file.

    Returns:
        The checked rules, for ``Policy`` and for the actuators of a ``Gate``.

    Raises:
        ConfigError: naming the file, the line and the field.

    Example:
        >>> import digiphys_ros as dp
        >>> rules = dp.load_rules('traffic_signs_rules')
        >>> policy = dp.Policy(rules)
        >>> for stamp_s in (0.0, 0.05, 0.1):  # three images must agree
        ...     decision = policy.update(dp.Observation('stop', score=0.99, stamp_s=stamp_s))
        >>> decision.commands['base'].values['linear.x']
        0.0
        >>> gate = dp.Gate(rules.actuator('base'), lease_s=0.5)
        >>> gate.activate()
        >>> gate.step(now_s=1.0).values['linear.x']  # no command yet: safe state
        0.0
    """
    from digiphys_ros.control.config import load_control
    return load_control(find_resource(_name(rules, 'rules file'), 'config'))


def train(recipe: 'str | PathLike[str] | Recipe', data: str | PathLike[str],
          out: str | PathLike[str], *, labels: str | None = None, val_fraction: float = 0.2,
          split: str | None = None, epochs: int | None = None, seed: int | None = None,
          work: str | PathLike[str] | None = None, resume: bool = False) -> Bundle:
    """
    Train a network on labeled images, hold out whole groups, calibrate, and write a bundle.

    Args:
        recipe: a YAML file, the name of a shipped recipe, or a ``Recipe``.
        data: a folder or .zip of class folders, a .npz or .csv file, or a ROS 2 bag.
        out: folder of the bundle to write.
        labels: file of class names, one per line; None: as in the data.
        val_fraction: fraction of the groups of each class to hold out for validation.
        split: file from ``digiphys data split``, instead of ``val_fraction``.
        epochs: replaces the value of the recipe.
        seed: replaces the value of the recipe.
        work: folder of checkpoint, log and curves; None: ``out`` with ``.training`` appended.
        resume: continue from the checkpoint in ``work``.

    Returns:
        The bundle; its manifest holds the metrics on the held-out images.

    Raises:
        ConfigError: when the recipe does not match the data.
        UsageError: when a file or folder does not exist, or for an invalid ``val_fraction``.
        DatasetError: when the data cannot be used for training.
        TrainingError: when the training cannot continue.

    Example:
        >>> import digiphys_ros as dp
        >>> bundle = dp.train(
        ...     'traffic_signs', 'signs.npz', 'my_signs', epochs=5)  # doctest: +SKIP
        >>> bundle.manifest.metrics['held-out groups']['accuracy']  # doctest: +SKIP
        0.97
    """
    from digiphys_ros.learning.datasets.labeled import LabeledSource
    from digiphys_ros.learning.defaults import work_folder
    from digiphys_ros.learning.held_out import HeldOut, open_parted
    from digiphys_ros.learning.recipe import load_recipe, Recipe
    from digiphys_ros.learning.train import train as train_recipe
    from digiphys_ros.learning.train.bundle import About
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(_name(recipe, 'recipe'))
    changes = {name: value for name, value in (('epochs', epochs), ('seed', seed))
               if value is not None}
    if changes:
        chosen = chosen.replaced(changes)
    held_out = HeldOut(str(val_fraction), chosen.seed, split)
    parted = open_parted(LabeledSource(str(data), labels), held_out)
    target = Path(out)
    result = train_recipe(
        chosen, parted.training, {parted.name: parted.validation}, target,
        work=Path(work) if work else work_folder(target), resume=resume,
        about=About(split=parted.rule, held_out=held_out.record))
    return result.bundle


def evaluate(bundle: str | PathLike[str], data: str | PathLike[str], *,
             labels: str | None = None, part: Any = None, engine: str = 'auto',
             roi: 'Roi | None' = None, robustness_images: int = 0,
             seed: int = 0) -> Mapping[str, Any]:
    """
    Evaluate a bundle on labeled images, as the robot runs it.

    Args:
        bundle: a folder, or the name of a shipped bundle.
        data: labeled images, as for ``train``.
        labels: file of class names, one per line; None: as in the data.
        part: train, val or test, for data with such parts.
        engine: auto, litert, tensorflow or onnx.
        roi: region x, y, width, height as fractions of the image; None: as in the bundle.
        robustness_images: number of images to corrupt; 0: none.
        seed: chooses these images.

    Returns:
        A report for JSON: accuracy with its 95 % confidence interval, calibration error,
        abstention, classes and groups.

    Raises:
        ConfigError: when the bundle does not exist.
        BundleError: when the bundle is incomplete or was changed.
        EngineError: when no installed engine can run it.
        UsageError: when ``data`` does not exist.
        DatasetError: when the data cannot be used for evaluation.

    Example:
        >>> import digiphys_ros as dp
        >>> report = dp.evaluate('traffic_signs', 'signs.npz')  # doctest: +SKIP
        >>> report['accuracy'], report['accuracy_95']  # doctest: +SKIP
        (0.981, [0.976, 0.985])
    """
    from digiphys_ros.learning.datasets.labeled import LabeledSource
    from digiphys_ros.learning.evaluate import evaluate_bundle
    from digiphys_ros.pipeline.model import load_model
    model = load_model(_name(bundle, 'bundle'), engine)
    samples = LabeledSource(str(data), labels).open(part)
    return evaluate_bundle(model.bundle, model.engine, samples,
                           robustness_images=robustness_images, seed=seed, roi=roi)


def _name(given: object, noun: str) -> str:
    if not isinstance(given, (str, PathLike)) or not str(given):
        raise ConfigError(f'a {noun} is a path or the name of a shipped one, received '
                          f'{repr(given)[:80]}.')
    return str(given)


def _frame(image: Image) -> 'Frame':
    from digiphys_ros.perception.frame import Frame
    if isinstance(image, (str, PathLike)):
        from digiphys_ros.perception.sources.folder import read_image
        return read_image(Path(image))
    if not isinstance(image, np.ndarray):
        raise FrameError('an image is a uint8 array or the path of a file, received '
                         f'{type(image).__name__}.')
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0 \
            or image.shape[2:] not in ((), (3,)):
        raise FrameError('an image is (H, W, 3) RGB or (H, W) gray, uint8, received '
                         f'{image.shape} {image.dtype}.')
    return Frame.of(image)
