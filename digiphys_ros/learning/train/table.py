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

"""Train a network on a table; bundles are for images only."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from digiphys_ros.bundles.writer import check_target, replacing_folder
from digiphys_ros.errors import ConfigError, TrainingError
from digiphys_ros.learning.datasets import Dataset
from digiphys_ros.learning.evaluate.figures import figures, fit_temperature
from digiphys_ros.learning.evaluate.table import ABOUT, MODEL
from digiphys_ros.learning.export import without_optimizer
from digiphys_ros.learning.recipe import Recipe
from digiphys_ros.learning.train.log import History
from digiphys_ros.learning.train.train import material_of, prepare_of, train_network
import numpy as np


def train_table(recipe: Recipe, training: Dataset, validation: Mapping[str, Dataset], out: Path, *,
                work: Path, resume: bool = False,
                held_out: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], History]:
    """
    Train on a table; write ``model.keras`` and ``model.json`` (labels, temperature, metrics).

    :param out: folder to write; an existing table model is replaced.
    :param held_out: rule of the validation split, to be stored.
    :return: metrics of each set of validation rows, and the history.
    :raises ConfigError: when the recipe prepares images.
    :raises BundleError: when ``out`` holds something else.
    :raises TrainingError: when the training fails, or the model cannot be written.
    """
    if recipe.preprocess is not None:
        raise ConfigError(f'recipe {recipe.name}: field `preprocess`: {training.uri} is a table '
                          'of numbers without images to prepare: remove the field.')
    check_target(out, ABOUT, 'model of a table')
    material = material_of(recipe, training, validation)
    model, history = train_network(recipe, material, prepare_of(recipe), work=work, resume=resume)
    logits = {name: np.asarray(model(data.arrays(), training=False))
              for name, data in validation.items()}
    temperature = fit_temperature(np.concatenate(list(logits.values())), np.concatenate(
        [data.classes for data in validation.values()]))
    metrics = {name: figures(logits[name], data.classes, temperature, 0.0)
               for name, data in validation.items()}
    about = {'name': recipe.name, 'labels': list(training.labels), 'temperature': temperature,
             'metrics': metrics, 'validation': dict(held_out or {}),
             'recipe': recipe.model_dump(mode='json', exclude_defaults=True)}
    _write(out, model, about)
    return metrics, history


def _write(out: Path, model: Any, about: Mapping[str, Any]) -> None:
    try:
        with replacing_folder(out) as work:
            without_optimizer(model).save(work / MODEL)
            (work / ABOUT).write_text(json.dumps(about, indent=2), encoding='utf-8')
    except OSError as error:
        raise TrainingError(f'{out}: the model cannot be written: {error.strerror or error}: free '
                            'disk space and continue with --resume.') from error
