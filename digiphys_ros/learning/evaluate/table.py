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

"""Evaluate a model of a table; such models are not bundles."""

import hashlib
from pathlib import Path
from typing import Any

from digiphys_ros.bundles.bundle import MANIFEST
from digiphys_ros.errors import BundleError, DatasetError, EngineError
from digiphys_ros.files import MODEL_BYTES, parse_json, read_bytes, read_text, UNREADABLE
from digiphys_ros.learning.datasets.dataset import Dataset
from digiphys_ros.learning.evaluate.evaluate import match_labels, report_on
import numpy as np

MODEL, ABOUT = 'model.keras', 'model.json'
"""Files of a table model of ``digiphys train``."""


def is_table_model(folder: Path) -> bool:
    """Return whether a folder holds a table model."""
    return (folder / ABOUT).is_file() and not (folder / MANIFEST).exists()


def read_about(folder: Path) -> dict[str, Any]:
    """
    Return labels, temperature and the rule of the validation split.

    :raises BundleError: when they are missing.
    """
    try:
        about = parse_json(read_text(folder / ABOUT))
        return {**about, 'labels': [str(label) for label in about['labels']],
                'temperature': float(about['temperature'])}
    except UNREADABLE as error:
        raise BundleError(f'{folder / ABOUT}: needs `labels` and `temperature` '
                          f'({type(error).__name__}: {error}): train again.') from error


def evaluate_table(folder: Path, data: Dataset) -> dict[str, Any]:
    """
    Return the report of a bundle, without robustness.

    :raises BundleError: when the model cannot be read.
    :raises DatasetError: when columns or classes differ from those of the model.
    """
    about = read_about(folder)
    if data.kind != 'table':
        raise DatasetError(f'{data.uri}: holds images, and {folder.name} is a model of a table.')
    data = match_labels(data, about['labels'])
    model = _model(folder)
    rows = data.arrays()
    if model.input_shape[1:] != rows.shape[1:]:
        raise DatasetError(f'{data.uri}: has {rows.shape[1]} columns of numbers, {folder.name} '
                           f'was trained on {model.input_shape[1]}.')
    logits = np.asarray(model(rows, training=False))
    digest = hashlib.sha256(read_bytes(folder / MODEL, MODEL_BYTES)).hexdigest()
    return {'bundle': str(about.get('name', folder.name)), 'hash': digest, 'engine': 'keras',
            **report_on(logits, data, about['temperature'], 0.0), 'robustness': {'images': 0}}


def _model(folder: Path) -> Any:
    from digiphys_ros.perception.engines.kerasfile import load_keras
    try:
        return load_keras(folder / MODEL)
    except EngineError as error:
        raise BundleError(f'{error} Train it again.') from error
